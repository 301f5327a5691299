# SPDX-License-Identifier: Apache-2.0
"""ugr under a gunicorn that was started by hand: its workers are one service all the same."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.process import HOST, Daemon, environment, free_port
from tests.servers.ugr import ask


@pytest.fixture(params=["gthread", "ugr.server.worker.Worker"])
def url(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the URL of two workers that were told nothing of a directory."""
    files = tmp_path / "files"
    files.mkdir()
    (files / "f").write_text("data")
    (tmp_path / "tmp").mkdir()
    config = tmp_path / "ugr.conf"
    config.write_text(
        f"[ugr]\naccess_log = off\n[acl:/]\nread = anonymous\nlist = anonymous\n"
        f"[endpoint:disk]\ntype = file\npath = {files}\n"
    )
    port = free_port()

    def answers() -> bool:
        try:
            return ask(f"http://{HOST}:{port}/-/health/ready", timeout=2.0).status == 200
        except OSError:
            return False

    command = [sys.executable, "-m", "gunicorn", "ugr.wsgi", "-w", "2", "-k", request.param, "--threads", "4"]
    command += ["-b", f"{HOST}:{port}", "--no-control-socket"]
    env = environment(UGR_CONFIG=str(config), TMPDIR=str(tmp_path / "tmp"))
    with Daemon("gunicorn", command, ready=answers, env=env, cwd=Path(__file__).parents[3]):
        yield f"http://{HOST}:{port}"


def test_data_url_of_one_worker_is_good_for_the_other(url: str) -> None:
    for _ in range(20):
        location = ask(f"{url}/fed/f").location
        found = ask(location)
        assert (found.status, found.body) == (200, b"data")


def test_metrics_are_those_of_both_workers(url: str) -> None:
    assert {ask(f"{url}/-/metrics").status for _ in range(12)} == {200}
