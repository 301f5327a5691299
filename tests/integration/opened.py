# SPDX-License-Identifier: Apache-2.0
"""An endpoint of any type before a real storage, asked from the test's thread, and a client that knows none."""

from __future__ import annotations

import http.client
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from ugr.plugin import Call, Endpoint, FileInfo, Intent, Location, Transfer, Transport
from ugr.transport import LoopThread

NAMES = [
    "plain",
    "with space",
    " leading and trailing ",
    "plus+plus",
    "percent%20%2F%",
    "hash#question?and&semi;colon:equals=comma,",
    "quotes'\"ticks`",
    "brackets[]{}()<>|^",
    "star*dollar$at@bang!tilde~",
    "..hidden",
    "...",
    "åßç Ωμέγα 日本語 🦉",
    "e\u0301 decomposed",
    "é composed",
    "mc16_13TeV:AOD.123._000001.pool.root.1",
    "a" * 255,
]
"""Names that break careless URLs."""


class Counted(Transport):
    """A transport that notes the method of every request."""

    def __init__(self) -> None:
        super().__init__()
        self.methods: list[str] = []

    async def send(self, method: str, url: str, **how: Any) -> Any:
        self.methods.append(method)
        return await super().send(method, url, **how)

    def stream(self, method: str, url: str, **how: Any) -> Any:
        self.methods.append(method)
        return super().stream(method, url, **how)


class Fetched:
    """What a client got at a URL."""

    def __init__(self, url: str, method: str = "GET", body: bytes | None = None, **headers: str) -> None:
        parts = urlsplit(url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)) as connection:
            connection.request(method, target, body, {"Connection": "close", **headers})
            answer = connection.getresponse()
            self.status = answer.status
            self.headers = {name.lower(): value for name, value in answer.getheaders()}
            self.body = answer.read()


class Opened:
    """One open endpoint with a transport of its own."""

    def __init__(self, endpoint: Endpoint, loop: LoopThread) -> None:
        self.endpoint = endpoint
        self.loop = loop
        self._transport: Counted | None = None
        self._run(self._open())

    async def _open(self) -> None:
        self._transport = Counted()
        await self.endpoint.open(self._transport)

    async def _close(self) -> None:
        await self.endpoint.close()
        if self._transport is not None:
            await self._transport.close()

    def close(self) -> None:
        """Close the endpoint and its transport."""
        self._run(self._close())

    @property
    def methods(self) -> list[str]:
        """The method of each request since this was last read."""
        assert self._transport is not None
        seen, self._transport.methods = self._transport.methods, []
        return seen

    def _run(self, coroutine: Any) -> Any:
        return self.loop.run(coroutine, 60)

    def ask(self, verb: str, *arguments: Any, seconds: float = 20.0) -> Any:
        """Ask one question."""
        return self._run(getattr(self.endpoint, verb)(*arguments, Call.until(seconds)))

    def refresh(self) -> float | None:
        """Let the endpoint renew its credentials."""
        return self._run(self.endpoint.refresh())

    def list(self, path: str, most: int | None = None, seconds: float = 20.0) -> list[FileInfo]:
        """List a directory, to its end or to ``most`` entries."""

        async def drained() -> list[FileInfo]:
            found: list[FileInfo] = []
            entries: Any = self.endpoint.list(path, Call.until(seconds))
            try:
                async for info in entries:
                    found.append(info)
                    if len(found) == most:
                        break
            finally:
                await entries.aclose()
            return found

        return self._run(drained())

    def names(self, path: str = "/") -> set[str]:
        """Return the names in a directory, those of directories with "/" at their end."""
        return {info.name + "/" * info.directory for info in self.list(path)}

    def redirect(self, path: str, intent: Intent = Intent.GET) -> Location:
        """Ask for a location."""
        return self.endpoint.redirect(path, intent, Transfer(), Call.until(1))
