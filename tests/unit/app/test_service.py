# SPDX-License-Identifier: Apache-2.0
"""The exchange of configurations in one process: what changes, and what cannot."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ugr.app import Runtime, Service

Write = Callable[[str], None]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the configuration of a federation of nobody."""
    path = tmp_path / "ugr.conf"
    path.write_text("[ugr]\nthreads = 8\n")
    return path


@pytest.fixture
def service(file: Path) -> Iterator[Service]:
    """Return a service of it."""
    level = logging.getLogger().level
    service = Service(file, Runtime.load(file, serving=False))
    service.runtime.start(watch=False)
    yield service
    service.stop()
    logging.getLogger().setLevel(level)


def test_reload_keeps_the_number_of_threads_that_there_are(service: Service, file: Path) -> None:
    file.write_text("[ugr]\nthreads = 1000\ndeadline = 7s\n")
    outcome = service.reload()
    assert outcome.problems == ()
    assert outcome.notes == ("[ugr] threads changes only when the service is restarted",)
    settings = service.runtime.settings.ugr
    assert (settings.deadline, settings.threads, settings.waiting_limit) == (7.0, 8, 7)
    assert service.reload().notes == outcome.notes


def test_server_with_few_threads_bounds_what_is_configured(service: Service, file: Path) -> None:
    service.bound(threads=4)
    assert service.runtime.settings.ugr.waiting_limit == 3
    file.write_text("[ugr]\nmax_waiting = 100\n")
    service.reload()
    assert service.runtime.settings.ugr.waiting_limit == 3


def test_level_of_the_log_changes_with_a_reload(service: Service, file: Path) -> None:
    file.write_text("[ugr]\nthreads = 8\nlog_level = error\n")
    assert service.reload().notes == ()
    assert logging.getLogger().level == logging.ERROR
