# SPDX-License-Identifier: Apache-2.0
"""Behind the nginx of etc/nginx/ugr.conf, clients do not notice what an administrator does to the service."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.integration.deploy.conftest import Service
from tests.integration.deploy.fronts import front
from tests.integration.deploy.load import Load, Question
from tests.servers.pki import Holder
from tests.servers.process import wait_for

FILES = 300


def questions(number: int) -> Iterable[Question]:
    """Ask for files of which some are remembered and some are not, for what is not there, and for a listing."""
    for count in itertools.count(number * 37):
        yield Question(f"/fed/many/{count % FILES:03}")
        yield Question("/fed/many/000", (200,), "HEAD")
        if count % 5 == 0:
            yield Question(f"/fed/absent/{number}-{count}", (404,))
        if count % 20 == 0:
            yield Question("/fed/few/", (207,), "PROPFIND", (("Depth", "1"),))


@pytest.fixture
def held(tmp_path: Path) -> Iterator[socket.socket]:
    """Hold a listening Unix socket open, as systemd does."""
    with socket.socket(socket.AF_UNIX) as held:
        held.bind(f"{tmp_path}/ugr.sock")
        held.listen(1024)
        yield held


@pytest.fixture
def service(tmp_path: Path, held: socket.socket) -> Iterator[Service]:
    """Serve on that socket."""
    service = Service(tmp_path, f"unix:{tmp_path}/ugr.sock", "trusted_sockets = yes", socket=held)
    for number in range(FILES):
        service.add(f"many/{number:03}")
    for name in "abc":
        service.add(f"few/{name}")
    with service:
        yield service


@pytest.fixture
def port(service: Service, certificate: Holder, tmp_path: Path) -> Iterator[int]:
    """Run nginx before it; give its port."""
    with front("nginx", tmp_path, service.place / "ugr.sock", certificate) as nginx:
        yield nginx.port


def test_reloads_lose_nothing(service: Service, port: int) -> None:
    with Load(port, questions) as load:
        for weight in (2, 3, 4):
            assert service.reload(weight=str(weight)).count(": reloaded") == 2
            load.more(100)

    assert load.failures == []


def test_restart_loses_nothing_while_systemd_holds_the_socket(service: Service, port: int) -> None:
    with Load(port, questions) as load:
        for _ in range(2):
            service.terminate()
            service.start()
            load.more(100)

    assert load.failures == []
    print(f"{load.answers} answers, the slowest after {load.slowest:.2f} s")


def test_stop_cuts_no_question_short_and_nginx_speaks_for_the_service_until_it_is_back(
    tmp_path: Path, certificate: Holder
) -> None:
    """Without ``ugr.socket`` there is a time in which nobody listens."""
    service = Service(tmp_path, f"unix:{tmp_path}/ugr.sock", "trusted_sockets = yes")
    service.add("f")
    stream = itertools.repeat(Question("/fed/f"))
    with (
        service,
        front("nginx", tmp_path, tmp_path / "ugr.sock", certificate) as nginx,
        Load(nginx.port, lambda _: stream) as load,
    ):
        service.terminate()
        service.start()
        load.more(100)

    assert {failure.what for failure in load.failures} <= {"status 503"}


def test_worker_that_is_killed_costs_at_most_the_questions_under_way(service: Service, port: int) -> None:
    with Load(port, questions) as load:
        for _ in range(3):
            victim = service.workers[0]
            under_way, killed = len(load.under_way), time.monotonic()
            before = len(load.failures)
            os.kill(victim, signal.SIGKILL)
            load.more(300)
            lost = load.failures[before:]
            assert all(failure.started <= killed + 0.1 for failure in lost), [str(failure) for failure in lost]
            assert len(lost) <= under_way
            assert wait_for(lambda victim=victim: len(set(service.workers) - {victim}) == 2, limit=10.0)  # type: ignore[misc]

    print(f"{load.answers} answers, lost: {[str(failure) for failure in load.failures]}")
