# SPDX-License-Identifier: Apache-2.0
"""A directory merged over endpoints, read as it comes.

Knows: several readings at once, names seen, what is missed. Refuses to know: XML, HTML, caching
(the federation stores what ``completed`` is given).

A name is given out once, when the first endpoint tells of it. What the others say of it is
remembered until the end, so that a later question for that file needs no asking.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence

from ugr.call import Call
from ugr.errors import BadRequest, NotADirectory, NotFound, PermissionDenied, UgrError, Unauthenticated, Unavailable
from ugr.federation.answers import Shortfall, Target
from ugr.federation.cache import CachedListing
from ugr.federation.guarded import GuardedEndpoint
from ugr.federation.reading import Deliver, Truncated
from ugr.model import FileInfo

QUEUED_BATCHES = 8
"""Lists that may wait for the consumer before the endpoints have to."""

REPLAYED = 1024
"""Entries per list when a remembered listing is given out."""


class RememberedListing:
    """A listing out of the cache; same shape as a fresh one."""

    def __init__(self, path: str, cached: CachedListing) -> None:
        self.path = path
        self.info = FileInfo(path.rpartition("/")[2], directory=True)
        self.unasked = cached.unasked
        self.shortfall = Shortfall(dict(cached.missing), dict(cached.truncated))
        self._entries = cached.entries

    async def batches(self) -> AsyncIterator[list[FileInfo]]:
        """Yield the entries in lists."""
        entries = self._entries
        for start in range(0, len(entries), REPLAYED):
            yield list(entries[start : start + REPLAYED])

    async def aclose(self) -> None:
        """Nothing is held."""


class FreshListing:
    """Several endpoints read at once; loop only."""

    def __init__(
        self,
        path: str,
        asked: Sequence[tuple[GuardedEndpoint, Target]],
        call: Call,
        *,
        unasked: tuple[str, ...] = (),
        virtual: Iterable[str] = (),
        exists: bool = False,
        completed: Callable[[FreshListing], None] | None = None,
    ) -> None:
        self.path = path
        self.info = FileInfo(path.rpartition("/")[2], directory=True)
        self.unasked = unasked
        self.shortfall = Shortfall()
        self.seen: dict[str, FileInfo] = {name: FileInfo(name, directory=True) for name in virtual}
        self.tellers: dict[str, int] = dict.fromkeys(self.seen, 0)
        self.contradicted: set[str] = set()
        self.complete = False
        self.errors: dict[str, UgrError] = {}
        self._exists = exists or bool(self.seen)
        self._completed = completed
        self._queue: deque[list[FileInfo]] = deque()
        if self.seen:
            self._queue.append(list(self.seen.values()))
        self._news = asyncio.Event()
        self._room: asyncio.Future[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._asked = {guard.name: 1 << number for number, (guard, _) in enumerate(asked)}
        self._reading = {guard.name for guard, _ in asked}
        self._tasks = [self._loop.create_task(self._read(guard, target, call)) for guard, target in asked]

    def asked(self) -> Mapping[str, int]:
        """Return the endpoints that were asked, each with its bit in ``tellers``."""
        return self._asked

    async def begin(self) -> None:
        """Return when it is known that the directory exists; raise why it cannot be listed otherwise."""
        try:
            while self._reading and not self._exists:
                self._news.clear()
                await self._news.wait()
            if not self._exists:
                raise self._failure()
        except BaseException:
            await self.aclose()
            raise

    async def batches(self) -> AsyncIterator[list[FileInfo]]:
        """Yield non-empty lists of entries, no name twice."""
        try:
            while True:
                while self._queue:
                    batch = self._queue.popleft()
                    if self._room is not None and len(self._queue) < QUEUED_BATCHES:
                        room, self._room = self._room, None
                        if not room.done():
                            room.set_result(None)
                    yield batch
                if not self._reading:
                    break
                self._news.clear()
                await self._news.wait()
            self.complete = True
            if self._completed is not None:
                self._completed(self)
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Stop asking; safe to call twice."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _read(self, guard: GuardedEndpoint, target: Target, call: Call) -> None:
        bit = self._asked[guard.name]

        def deliver(batch: list[FileInfo]) -> asyncio.Future[None] | None:
            return self._merge(batch, bit)

        try:
            for path in target.paths:
                await self._read_one(guard, path, call, deliver)
        finally:
            self._reading.discard(guard.name)
            self._news.set()

    async def _read_one(self, guard: GuardedEndpoint, path: str, call: Call, deliver: Deliver) -> None:
        try:
            await guard.read(path, call, deliver)
            self._exists = True
        except Truncated as cut:
            self._exists = True
            self.shortfall.truncated[guard.name] = cut.count
        except NotFound as absent:
            self.errors.setdefault(guard.name, absent)
        except BadRequest as impossible:  # a name that this storage cannot hold is not there
            self.errors.setdefault(guard.name, NotFound(impossible.message))
        except NotADirectory as file:
            self.errors[guard.name] = file
            self.shortfall.missing[guard.name] = "it has a file of that name"
        except UgrError as error:
            self.errors[guard.name] = error
            self.shortfall.missing[guard.name] = error.message

    def _merge(self, batch: list[FileInfo], bit: int) -> asyncio.Future[None] | None:
        self._exists = True
        seen, tellers = self.seen, self.tellers
        fresh = []
        for info in batch:
            name = info.name
            known = seen.get(name)
            if known is None:
                seen[name] = info
                tellers[name] = bit
                fresh.append(info)
                continue
            tellers[name] |= bit
            if known.directory is not info.directory or known.size != info.size:
                self.contradicted.add(name)
            else:
                seen[name] = _agreed(known, info)
        if fresh:
            self._queue.append(fresh)
            self._news.set()
        if len(self._queue) < QUEUED_BATCHES:
            return None
        if self._room is None:
            self._room = self._loop.create_future()
        return self._room

    def _failure(self) -> UgrError:
        """Say why nobody could list: silence outweighs a refusal, which outweighs absence."""
        errors = list(self.errors.values())
        silent = {
            name: error
            for name, error in self.errors.items()
            if not isinstance(error, NotFound | NotADirectory | PermissionDenied | Unauthenticated)
        }
        if silent:
            words = "; ".join(f"{name}: {error.message}" for name, error in silent.items())
            return Unavailable(f"no endpoint could list it ({words})", path=self.path, unasked=self.unasked)
        files = [name for name, error in self.errors.items() if isinstance(error, NotADirectory)]
        if files:
            return NotADirectory(f"it is a file on {', '.join(files)}", path=self.path, unasked=self.unasked)
        denied = [name for name, e in self.errors.items() if isinstance(e, PermissionDenied | Unauthenticated)]
        if denied:
            return Unavailable(
                f"refused to the federation itself by {', '.join(denied)}", path=self.path, unasked=self.unasked
            )
        if errors or not self.unasked:
            return NotFound("no endpoint has it", path=self.path, unasked=self.unasked)
        return NotFound("every endpoint that could have it is down", path=self.path, unasked=self.unasked)


def _agreed(known: FileInfo, told: FileInfo) -> FileInfo:
    """Join two statements of the same name, kind and size: the oldest time, every checksum."""
    older = told.mtime is not None and (known.mtime is None or told.mtime < known.mtime)
    if not older and not told.checksums:
        return known
    checksums = {**told.checksums, **known.checksums} if told.checksums else known.checksums
    return FileInfo(known.name, known.directory, known.size, told.mtime if older else known.mtime, checksums)
