# SPDX-License-Identifier: Apache-2.0
"""One request under way: what has come of it so far, and who waits for it.

Knows: heads, bodies, back-pressure. Refuses to know: libcurl's interfaces; sinks here are called
from inside libcurl, so they neither raise nor call it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from pycurl import WRITEFUNC_PAUSE

from ugr.errors import Misbehaved, Unavailable
from ugr.transport.syntax import Headers, Request, parse_head, status_of

if TYPE_CHECKING:
    from ugr.transport.handles import Handle

ENOUGH = 131072
"""Bytes held for a slow reader before the endpoint has to wait."""


class Exchange:
    """A request whose answer is wanted whole. ``limit`` is the longest body, None for any.

    ``handle`` is None before it starts and after it ended. ``ended`` is called exactly once.
    """

    def __init__(self, request: Request, limit: int | None, loop: asyncio.AbstractEventLoop) -> None:
        self.request = request
        self.limit = limit
        self.handle: Handle | None = None
        self.place: object = None
        self.head: list[bytes] = []
        self.fault: str | None = None
        self.renewed = False
        self.begun = 0.0
        self.timeout = 0.0
        self.connect_timeout = 0.0
        self.size = 0
        self.parts: list[bytes] = []
        self.done: asyncio.Future[None] = loop.create_future()

    def attach(self, handle: Handle) -> None:
        """Take what the handle brings."""
        self.handle = handle
        handle.sink = self.take

    def take(self, data: bytes) -> int | None:
        """Keep a piece of the body; runs inside libcurl."""
        if self.over(len(data)):
            return 0
        self.parts.append(data)
        return None

    def over(self, more: int) -> bool:
        """Count bytes; say whether they are too many, and note that as the fault."""
        self.size += more
        if self.limit is None or self.size <= self.limit:
            return False
        self.fault = f"body longer than {self.limit} bytes"
        return True

    def ended(self, error: Exception | None) -> None:
        """Tell whoever waits; what came in the handle's head is in ``head`` by now."""
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)

    def parsed(self) -> tuple[int, Headers]:
        """Return status and header fields; raise Misbehaved when the head is not sound."""
        try:
            return parse_head(self.head)
        except ValueError as error:
            raise Misbehaved(f"{self.request.host}: {error}") from error


class Flow(Exchange):
    """A request whose body is read piece by piece.

    ``done`` is fulfilled when the head is complete. Held bytes are at most ENOUGH plus one piece.
    """

    def __init__(self, request: Request, limit: int | None, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(request, limit, loop)
        self._loop = loop
        self.held: deque[bytes] = deque()
        self.holding = 0
        self.paused = False
        self.over_with = False
        self.error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None

    def attach(self, handle: Handle) -> None:
        """Take header lines as they come, too."""
        super().attach(handle)
        handle.listen(self.take_line)

    def take_line(self, line: bytes) -> None:
        """Keep a header line; the empty one after a final status line completes the head."""
        if self.done.done():
            return  # a trailer
        self.head.append(line)
        if line in (b"\r\n", b"\n"):
            status = status_of(self.head[0])
            if status is not None and status < 200:
                self.head.clear()
            else:
                self.done.set_result(None)

    def take(self, data: bytes) -> int | None:
        """Hold a piece for the reader, or pause; runs inside libcurl."""
        if self.holding >= ENOUGH:
            self.paused = True
            return int(WRITEFUNC_PAUSE)
        if self.over(len(data)):
            return 0
        self.held.append(data)
        self.holding += len(data)
        self._wake()
        return None

    def ended(self, error: Exception | None) -> None:
        """Tell the reader, after what is held."""
        self.over_with = True
        self.error = error
        super().ended(error)
        self._wake()

    async def more(self) -> None:
        """Wait until there is something to read, or nothing to come."""
        if self._reader is not None:
            raise RuntimeError("two readers of one stream")
        self._reader = self._loop.create_future()
        try:
            await self._reader
        finally:
            self._reader = None

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


class Streaming:
    """An answer whose body is still coming. ``status`` and ``headers`` are those of ``Answer``.

    Reading slowly makes the endpoint wait. Not for two readers at a time.
    """

    def __init__(
        self,
        status: int,
        headers: Headers,
        flow: Flow,
        resume: Callable[[Flow], None],
        stop: Callable[[Flow], None],
    ) -> None:
        self.status = status
        self.headers = headers
        self._flow = flow
        self._resume = resume
        self._stop = stop

    def header(self, name: str) -> str | None:
        """Return the first value of a header (lower-case name), or None."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body's bytes as they come; each once, also over several calls.

        Raises Timeout, Refused or Misbehaved where the transfer broke off, after the bytes that
        came before; Unavailable after ``close``. An end without an error is the whole body.
        """
        return _Chunks(self._flow, self._resume)

    async def close(self) -> None:
        """Stop the transfer, if it still runs, at once. Safe to call twice."""
        self._stop(self._flow)


class _Chunks:
    """The iterator of a flow's pieces."""

    def __init__(self, flow: Flow, resume: Callable[[Flow], None]) -> None:
        self._flow = flow
        self._resume = resume

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        flow = self._flow
        while not flow.held:
            if flow.over_with:
                if flow.error is not None:
                    raise flow.error
                raise StopAsyncIteration
            await flow.more()
        piece = flow.held.popleft()
        flow.holding -= len(piece)
        if flow.paused and flow.holding < ENOUGH // 2:
            flow.paused = False
            self._resume(flow)
        return piece


def abandoned(exchange: Exchange) -> Unavailable:
    """Return the error of a transfer that was given up from this side."""
    return Unavailable(f"{exchange.request.host}: the transfer was given up")
