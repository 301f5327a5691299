# SPDX-License-Identifier: Apache-2.0
"""A federation of one directory as it is deployed: ``ugr serve`` behind the front servers of etc/."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import ssl
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.deploy.shipped import NAME
from tests.servers.pki import Holder, Pki
from tests.servers.process import HOST, Daemon, environment, run, wait_for

CLIENT = "127.0.1.7"
"""The address from which clients come."""

JSON = {"Accept": "application/json"}


HANDED_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Becomes a service to which systemd has handed over a socket (sd_listen_fds(3))."""


class Service(Daemon):
    """One ``ugr serve`` over a directory, with a runtime directory of its own; ``listen`` as in its configuration.

    ``share`` is the directory that is served, which several services may have in common. ``socket``
    is handed over to it, as systemd does.
    """

    def __init__(
        self,
        place: Path,
        listen: str,
        options: str = "",
        sections: str = "",
        *,
        name: str = "ugr-deployed",
        share: Path | None = None,
        workers: int = 2,
        socket: socket.socket | None = None,
    ) -> None:
        self.place = place
        self.runtime = place / "run"
        self.share = share or place / "data"
        for directory in (self.runtime, self.share):
            directory.mkdir(parents=True, exist_ok=True)
        self.listen = listen
        self.file = place / "ugr.conf"
        self.file.write_text(
            f"[ugr]\nlisten = {listen}\nruntime_dir = {self.runtime}\nworkers = {workers}\n{options}\n"
            f"[acl:/]\nread = anonymous\nlist = anonymous\n[endpoint:disk]\ntype = file\npath = {self.share}\n"
            f"{sections}",
            encoding="utf-8",
        )
        command = [sys.executable, "-m", "ugr", "serve", "-c", str(self.file)]
        if socket is not None:
            command = [sys.executable, "-c", HANDED_OVER, str(socket.fileno()), *command]
        super().__init__(
            name,
            command,
            ready=lambda: len(self.workers) == workers,
            stop_limit=40.0,
            env=environment(PYTHONWARNINGS="error"),
            pass_fds=() if socket is None else (socket.fileno(),),
        )

    @property
    def workers(self) -> list[int]:
        """The process ids of the workers that serve."""
        listed = [int(path.name) for path in (self.runtime / "workers").glob("*") if path.name.isdigit()]
        return [pid for pid in listed if _parent(pid) == self.pid]

    def add(self, name: str, data: bytes = b"data\n") -> None:
        """Make a file."""
        path = self.share / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def reload(self, **options: str) -> str:
        """Write options of the endpoint anew and run ``ugr reload``; return what it says."""
        text = self.file.read_text(encoding="utf-8")
        for option, value in options.items():
            text = re.sub(rf"(?m)^{option} = .*\n", "", text)
            text = text.replace("type = file\n", f"type = file\n{option} = {value}\n")
        self.file.write_text(text, encoding="utf-8")
        return run(sys.executable, "-m", "ugr", "reload", "-c", self.file)

    def terminate(self) -> None:
        """Tell the master to stop, as systemd does, and wait until all have ended."""
        pid = self.pid
        os.kill(pid, signal.SIGTERM)
        assert wait_for(lambda: not self.running, limit=40.0), self.tail()
        self.kill()


def _parent(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


@dataclass(frozen=True)
class Answer:
    """A complete answer; header names are lower case. ``first`` and ``whole`` are seconds since the question."""

    status: int
    headers: dict[str, str]
    body: bytes
    first: float
    whole: float

    @property
    def json(self) -> dict[str, object]:
        """The body as an object of JSON."""
        found: dict[str, object] = json.loads(self.body)
        return found


def connected(port: int, source: str = CLIENT, timeout: float = 30.0) -> http.client.HTTPSConnection:
    """Return a connection to a front server, over TLS, from an address of one's own."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(HOST, port, context=context, source_address=(source, 0), timeout=timeout)


def ask(
    port: int, target: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> Answer:
    """Ask a front server; the answer is read to its end, redirects are not followed."""
    connection = connected(port)
    try:
        begun = time.monotonic()
        connection.request(method, target, body, {"Host": NAME} | dict(headers or {}))
        answer = connection.getresponse()
        start = answer.read(1)
        first = time.monotonic() - begun
        data = start + answer.read()
        fields = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, fields, data, first, time.monotonic() - begun)
    finally:
        connection.close()


@pytest.fixture(scope="session")
def certificate(pki: Pki) -> Holder:
    """The certificate of the front server."""
    return pki.issue(NAME, unit="Hosts", server=True)
