# SPDX-License-Identifier: Apache-2.0
"""ugr under a gunicorn that was started by hand: its workers are one service all the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.gunicorn.conftest import Gunicorn
from tests.servers.ugr import ask


@pytest.fixture(params=["gthread", "ugr.server.worker.Worker"])
def url(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the URL of two workers that were told nothing of a directory."""
    with Gunicorn(tmp_path, request.param, "-w", "2", "--threads", "4") as server:
        yield server.url


def test_data_url_of_one_worker_is_good_for_the_other(url: str) -> None:
    for _ in range(20):
        found = ask(ask(f"{url}/fed/f").location)
        assert (found.status, found.body) == (200, b"data")


def test_metrics_are_those_of_both_workers(url: str) -> None:
    assert {ask(f"{url}/-/metrics").status for _ in range(12)} == {200}
