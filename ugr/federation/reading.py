# SPDX-License-Identifier: Apache-2.0
"""Read one endpoint's directory and hand its entries on as they come.

Knows: batching, silence, cutting off, names that cannot be shown. Refuses to know: what the
entries are for.

A plugin yields entry by entry. They are handed on in lists: when a list is full, or as soon as
the plugin has to wait for the storage, so that what is known is never held back by what is not.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from ugr.call import Call
from ugr.errors import DeadlineExceeded, Misbehaved, Timeout, UgrError
from ugr.model import FileInfo
from ugr.names import speakable
from ugr.plugin.options import EndpointOptions

BATCH = 256
"""Entries handed on at a time, at most."""

Deliver = Callable[[list[FileInfo]], "asyncio.Future[None] | None"]
"""Takes a non-empty list; returns a future when the reader must wait for room before the next."""

class Truncated(UgrError):
    """A directory had more entries than are taken of one; ``count`` were."""

    code = "truncated"

    def __init__(self, count: int) -> None:
        super().__init__(f"cut off after {count} entries")
        self.count = count


class Reading:
    """One run through one directory of one endpoint; loop only, used once."""

    def __init__(self, options: EndpointOptions, deliver: Deliver, clock: Callable[[], float]) -> None:
        self._patience = options.timeout
        self._limit = options.max_entries
        self._deliver = deliver
        self._clock = clock
        self._pending: list[FileInfo] = []
        self._progress = clock()
        self._room: asyncio.Future[None] | None = None
        self._blocked = False
        self._given_up: UgrError | None = None

    async def run(self, entries: AsyncIterator[FileInfo], call: Call) -> int:
        """Read to the end; return the number of entries. Raises UgrError."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        interval = max(0.01, self._patience / 4)
        watchdog: asyncio.TimerHandle

        def watch() -> None:
            nonlocal watchdog
            if call.remaining() <= 0.0:
                self._given_up = DeadlineExceeded("its listing took longer than a listing may take")
            elif not self._blocked and self._clock() - self._progress > self._patience:
                self._given_up = Timeout("went silent during its listing")
            if self._given_up is not None:
                if task is not None:
                    task.cancel()
                return
            watchdog = loop.call_later(interval, watch)

        watchdog = loop.call_later(interval, watch)
        try:
            return await self._consume(entries, loop)
        except asyncio.CancelledError:
            if self._given_up is None:
                raise
            if task is not None:
                task.uncancel()
            raise self._given_up from None
        finally:
            watchdog.cancel()
            closing = getattr(entries, "aclose", None)
            if closing is not None:
                await closing()

    async def _consume(self, entries: AsyncIterator[FileInfo], loop: asyncio.AbstractEventLoop) -> int:
        count = 0
        pending = self._pending
        async for info in entries:
            self._progress = self._clock()
            if not speakable(info.name):
                self._refuse(info.name)
                continue
            if count >= self._limit:
                self._flush()
                raise Truncated(count)
            count += 1
            if not pending:
                loop.call_soon(self._flush)
            pending.append(info)
            if len(pending) >= BATCH:
                self._flush()
            if self._room is not None:
                await self._wait_for_room(self._room)
        self._flush()
        return count

    @staticmethod
    def _refuse(name: str) -> None:
        """Pass over a name that nobody could ask for; one that no directory can hold is nonsense."""
        if name in ("", ".", "..") or "/" in name or "\0" in name:
            raise Misbehaved("its listing has an impossible name")

    def _flush(self) -> None:
        """Hand on what is there: a full list, or all that came before the plugin had to wait."""
        if self._pending:
            batch = self._pending[:]
            self._pending.clear()
            self._room = self._deliver(batch)

    async def _wait_for_room(self, room: asyncio.Future[None]) -> None:
        self._room = None
        self._blocked = True
        try:
            await room
        finally:
            self._blocked = False
            self._progress = self._clock()
