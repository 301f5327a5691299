# SPDX-License-Identifier: Apache-2.0
"""One worker with few threads over a directory, and clients that take their time."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.servers.process import HOST
from tests.servers.ugr import Ugr

PATIENCE = 4.0
"""Seconds of ``client_timeout`` in these tests."""

BIG = 32 << 20
"""Bytes of a file that no socket's buffers hold."""

OPTIONS = f"""
threads = 16
deadline = 1500ms
listing_deadline = 60s
client_timeout = {PATIENCE:g}s
max_listings = 2
max_data = 2
access_log = {{log}}
"""


class Slow(Ugr):
    """A service whose access log can be read."""

    def __init__(self, directory: Path) -> None:
        files = directory / "files"
        (files / "many").mkdir(parents=True)
        (files / "few").mkdir()
        (files / "few" / "f").write_text("few")
        with (files / "big").open("wb") as big:
            big.truncate(BIG)
        for number in range(12_000):
            (files / "many" / f"{'n' * 180}{number:06d}").touch()
        self.lines = directory / "access.log"
        super().__init__(
            directory,
            f"[acl:/]\nread = anonymous\nlist = anonymous\n[endpoint:disk]\ntype = file\npath = {files}\n",
            options=OPTIONS.format(log=self.lines),
            name="slow-clients",
        )

    def location(self, path: str) -> str:
        """Return the target under which this service has a file's bytes."""
        return self.ask(f"/fed{path}").location.removeprefix(self.url)

    def said(self, **fields: object) -> list[dict[str, Any]]:
        """Return the lines of the access log that have these values."""
        lines = [json.loads(line) for line in self.lines.read_text().splitlines()] if self.lines.exists() else []
        return [line for line in lines if all(line.get(name) == value for name, value in fields.items())]

    def connect(self, sent: bytes = b"", *, buffer: int | None = None) -> socket.socket:
        """Return a connection on which something was sent."""
        client = socket.socket()
        if buffer is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        client.settimeout(20.0)
        client.connect((HOST, self.port))
        client.sendall(sent)
        return client

    @contextmanager
    def crowd(self, count: int, sent: bytes, **how: Any) -> Iterator[list[socket.socket]]:
        """Give many connections on each of which the same was sent."""
        with ExitStack() as stack:
            yield [stack.enter_context(self.connect(sent, **how)) for _ in range(count)]

    def seconds(self, target: str, status: int, headers: Mapping[str, str] | None = None) -> float:
        """Return how long an answer took, which must have the status."""
        began = time.monotonic()
        assert self.ask(target, headers=headers, timeout=10.0).status == status
        return time.monotonic() - began


def request(method: str, target: str, *headers: str, body: str = "") -> bytes:
    """Return a request."""
    return "\r\n".join((f"{method} {target} HTTP/1.1", "Host: fed.example", *headers, "", body)).encode()


def rest(client: socket.socket) -> bytes:
    """Read until the other side ends the connection."""
    found = b""
    while data := client.recv(65536):
        found += data
    return found


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slow]:
    """Return the service."""
    with Slow(tmp_path_factory.mktemp("slow")) as service:
        yield service
