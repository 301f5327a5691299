# SPDX-License-Identifier: Apache-2.0
"""More connections than there may be: the idle ones go, and who asks is answered."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.integration.gunicorn.conftest import Gunicorn
from tests.servers.process import HOST, wait_for
from tests.servers.ugr import ask

WORKER = "ugr.server.worker.Worker"


@contextmanager
def idle(port: int, count: int, sent: bytes) -> Iterator[None]:
    """Keep many connections open."""
    with ExitStack() as stack:
        for _ in range(count):
            client = stack.enter_context(socket.create_connection((HOST, port), timeout=10.0))
            client.sendall(sent)
        yield


def children(server: Gunicorn) -> str:
    return Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text()


def test_connections_that_ask_nothing_make_room_for_those_that_ask(tmp_path: Path) -> None:
    with Gunicorn(tmp_path, WORKER, "--threads", "4", "--worker-connections", "40") as server:
        for sent in (b"", b"GET /fed/f HTTP/1.1\r\n"):
            with idle(server.port, 200, sent):
                assert {ask(f"{server.url}/fed/f", timeout=10.0).status for _ in range(5)} == {302}


def test_worker_that_can_open_no_more_files_goes_on(tmp_path: Path) -> None:
    with Gunicorn(tmp_path, WORKER, "--threads", "4", files=100) as server:
        before = children(server)
        with idle(server.port, 300, b"GET /fed/f HTTP/1.1\r\n"):
            assert {ask(f"{server.url}/fed/f", timeout=10.0).status for _ in range(5)} == {302}
        assert children(server) == before


def test_half_requests_do_not_hold_up_the_end(tmp_path: Path) -> None:
    with Gunicorn(tmp_path, WORKER, "--threads", "4") as server, idle(server.port, 50, b"GET /fed/f HTTP/1.1\r\n"):
        assert ask(f"{server.url}/fed/f").status == 302
        os.kill(server.pid, signal.SIGTERM)
        assert wait_for(lambda: not server.running, limit=8.0)
