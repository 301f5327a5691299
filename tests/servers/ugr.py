# SPDX-License-Identifier: Apache-2.0
"""ugr itself, served as an administrator serves it: ``ugr serve`` with a configuration file.

Knows: the command and its configuration. Refuses to know: what is tested. Clients have addresses
of their own: any of 127.0.0.0/8 may be the source of a connection.
"""

from __future__ import annotations

import http.client
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.servers.process import HOST, Daemon, environment, free_port


@dataclass(frozen=True)
class Reply:
    """A complete answer; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def location(self) -> str:
        """The Location header."""
        return self.headers["location"]


def ask(
    url: str,
    method: str = "GET",
    *,
    source: str = HOST,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout: float = 20.0,
) -> Reply:
    """Send one request from a source address and return the answer; redirects are not followed."""
    parts = urlsplit(url)
    # Not bound beforehand unless it must be: a bound port is nobody else's for a minute after the connection.
    host, origin = parts.hostname or HOST, None if source == HOST else (source, 0)
    connection = http.client.HTTPConnection(host, parts.port, timeout=timeout, source_address=origin)
    try:
        target = parts.path or "/"
        connection.request(method, f"{target}?{parts.query}" if parts.query else target, body, dict(headers or {}))
        answer = connection.getresponse()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


class Ugr(Daemon):
    """One ``ugr serve``. ``configuration`` is INI text that begins in ``[ugr]``, after ``listen`` and ``workers``."""

    def __init__(
        self, directory: Path, configuration: str, *, name: str = "ugr", options: str = "", workers: int = 1
    ) -> None:
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        self.file = directory / "ugr.conf"
        self.file.write_text(
            f"[ugr]\nlisten = {HOST}:{self.port}\nworkers = {workers}\n{options}\n{configuration}", encoding="utf-8"
        )
        super().__init__(
            name,
            [sys.executable, "-m", "ugr", "serve", "-c", self.file],
            ready=self._answers,
            limit=60.0,
            stop_limit=10.0,
            env=environment(PYTHONWARNINGS="error"),
        )

    def ask(self, target: str, method: str = "GET", **how: object) -> Reply:
        """Ask for a target (path and query) of this service."""
        return ask(self.url + target, method, **how)  # type: ignore[arg-type]

    def _answers(self) -> bool:
        try:
            return ask(f"{self.url}/-/health/live", timeout=2.0).status == 200
        except OSError:
            return False


@contextmanager
def serving(directory: Path, configuration: str, **how: Any) -> Iterator[Ugr]:
    """Serve a configuration for the length of a ``with`` block."""
    with Ugr(directory, configuration, **how) as ugr:
        yield ugr
