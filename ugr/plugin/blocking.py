# SPDX-License-Identifier: Apache-2.0
"""The endpoint contract for code that blocks: the same verbs, as plain methods.

Knows: how plain methods become the coroutines of ``ugr.plugin.endpoint``. Refuses to know: any
storage.

Whoever prefers blocking code (requests, an SDK, a file system that may hang) derives from
``BlockingEndpoint``. The core wraps it in ``Threaded``, so that each endpoint has daemon threads
of its own: one that hangs costs its own threads, and no other endpoint's.
"""

from __future__ import annotations

import asyncio
import builtins
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, ClassVar, TypeVar

from ugr.call import Call
from ugr.errors import Misbehaved, UgrError, Unsupported
from ugr.model import FileInfo, Intent, Location, Replica, Transfer, Usage
from ugr.plugin.endpoint import CONTRACT, Endpoint, Multipart, MultipartStep, overridden
from ugr.plugin.options import EndpointOptions, option
from ugr.plugin.threads import Crew, Handover
from ugr.transport import Transport

T = TypeVar("T")

GATHER = 0.001
"""Seconds in which entries gather before they are taken over: waking the loop for each costs more than reading it."""


@dataclass(frozen=True, kw_only=True)
class BlockingOptions(EndpointOptions):
    """What an administrator may write for an endpoint that works in threads."""

    max_threads: int = option(
        8,
        help="Threads for questions to this endpoint in one worker; listings have as many of their own.",
        minimum=1,
    )


class BlockingEndpoint(ABC):
    """One configured storage, asked by plain methods.

    Same names, same arguments, same clauses as ``Endpoint``; what is a coroutine there is a plain
    method here and may block, and ``list`` is a plain generator. Methods are called from several
    threads at once; the steps of one ``list`` generator, its ``close`` included, from one.

    Hand ``call.remaining()`` to whatever library does the waiting. A method that is not back by
    then is given up: its caller gets Timeout, its thread is not used until it does come back.
    """

    contract: ClassVar[int] = CONTRACT
    type: ClassVar[str]
    Options: ClassVar[builtins.type[BlockingOptions]]
    delegates: ClassVar[bool] = False
    """True only when the storage must see the client's identity; cache and flight are then keyed by it."""
    federates: bool = False
    """Whether what is behind it is a federation too, which sends clients on; so says the class, or the constructor."""

    def __init__(self, name: str, options: BlockingOptions) -> None:
        """Keep both, do no I/O; raise ConfigError for options that cannot work together."""
        self.name = name
        self.options = options

    def capabilities(self) -> Mapping[str, bool]:
        """Say which optional verbs this endpoint has: those it overrides, masked by configuration."""
        return overridden(type(self), BlockingEndpoint, self.options.writable)

    def open(self) -> None:  # noqa: B027
        """Get ready, after fork; must work when the storage is down."""

    def close(self) -> None:  # noqa: B027
        """Let go of everything that ``open`` took; called once, possibly while other methods hang."""

    def refresh(self) -> float | None:
        """Renew credentials; return the seconds to the next call, None for never."""
        return None

    @abstractmethod
    def stat(self, path: str, call: Call) -> FileInfo:
        """Describe one name."""

    @abstractmethod
    def list(self, path: str, call: Call) -> Iterator[FileInfo]:
        """Yield the names directly inside a directory."""

    @abstractmethod
    def redirect(self, path: str, intent: Intent, transfer: Transfer, call: Call) -> Location:
        """Say where a client finds the bytes; pure, called from any thread, no I/O even here."""

    def delete(self, path: str, call: Call) -> None:
        """Remove one file or empty directory."""
        raise Unsupported("this endpoint cannot delete", path=path, endpoint=self.name, verb="delete")

    def mkdir(self, path: str, call: Call) -> None:
        """Make one directory, parents included."""
        raise Unsupported("this endpoint cannot make directories", path=path, endpoint=self.name, verb="mkdir")

    def move(self, source: str, target: str, overwrite: bool, call: Call) -> None:
        """Rename within the endpoint."""
        raise Unsupported("this endpoint cannot move", path=source, endpoint=self.name, verb="move")

    def copy(self, source: str, target: str, overwrite: bool, call: Call) -> None:
        """Copy within the endpoint."""
        raise Unsupported("this endpoint cannot copy", path=source, endpoint=self.name, verb="copy")

    def checksum(self, path: str, algorithm: str, call: Call) -> str:
        """Return the checksum of a file."""
        raise Unsupported("this endpoint knows no checksums", path=path, endpoint=self.name, verb="checksum")

    def store_checksum(self, path: str, algorithm: str, value: str, call: Call) -> None:
        """Keep a checksum beside the file."""
        raise Unsupported("this endpoint keeps no checksums", path=path, endpoint=self.name, verb="store_checksum")

    def multipart(
        self,
        path: str,
        step: MultipartStep,
        transfer: Transfer,
        call: Call,
        *,
        upload_id: str | None = None,
        parts: int = 1,
    ) -> Multipart:
        """Say where the next step of an upload in parts goes."""
        raise Unsupported("this endpoint has no multipart uploads", path=path, endpoint=self.name, verb="multipart")

    def usage(self, path: str, call: Call) -> Usage:
        """Return the space used and free below ``path``."""
        raise Unsupported("this endpoint does not report its space", path=path, endpoint=self.name, verb="usage")

    def health(self, call: Call) -> None:
        """Return when the storage can serve; raise what is wrong otherwise."""
        self.stat("/", call)

    def data(self, path: str, call: Call) -> BinaryIO:
        """Open a file of this host for reading."""
        raise Unsupported("this endpoint's data is not on this host", path=path, endpoint=self.name, verb="data")

    def replicas(self, path: str, call: Call) -> Sequence[Replica]:
        """Name the copies of a file that are on other storages."""
        raise Unsupported("this endpoint names no copies", path=path, endpoint=self.name, verb="replicas")


class Threaded(Endpoint):
    """A ``BlockingEndpoint`` seen through the contract of ``Endpoint``.

    Its threads are its own: up to ``max_threads`` for questions, and as many for listings, so
    that slow readers of listings never keep questions waiting.
    """

    def __init__(self, blocking: BlockingEndpoint) -> None:
        super().__init__(blocking.name, blocking.options)
        # What is a fact of the class elsewhere is one of the wrapped class here.
        vars(self).update(
            contract=blocking.contract,
            type=blocking.type,
            Options=blocking.Options,
            delegates=blocking.delegates,
            federates=blocking.federates,
        )
        self.blocking = blocking
        self._questions = Crew(blocking.name, blocking.options.max_threads)
        self._listings = Crew(blocking.name, blocking.options.max_threads)
        self._closed = False

    @property
    def abandoned(self) -> int:
        """Count the threads that did not come back in time and are still away; any thread may ask."""
        return self._questions.abandoned + self._listings.abandoned

    @property
    def stuck(self) -> bool:
        """Say whether every thread for questions is abandoned."""
        return self._questions.stuck

    def capabilities(self) -> Mapping[str, bool]:
        """Say which optional verbs the blocking class overrides, masked by configuration."""
        return self.blocking.capabilities()

    async def open(self, transport: Transport) -> None:
        """Open the blocking endpoint in a thread; within its ``timeout``."""
        await self._questions.run(self.blocking.open, self.options.timeout, verb="open")

    async def close(self) -> None:
        """Close the blocking endpoint in a thread of its own, waiting its ``timeout`` at most; join nothing."""
        if self._closed:
            return
        self._closed = True
        self._questions.close()
        self._listings.close()
        last = Crew(self.name, 1)
        try:
            await last.run(self.blocking.close, self.options.timeout, verb="close")
        finally:
            last.close()

    async def refresh(self) -> float | None:
        """Renew credentials in a thread."""
        return await self._questions.run(self.blocking.refresh, self.options.timeout, verb="refresh")

    async def stat(self, path: str, call: Call) -> FileInfo:
        """Describe one name."""
        return await self._ask("stat", path, call, partial(self.blocking.stat, path, call))

    async def list(self, path: str, call: Call) -> AsyncIterator[FileInfo]:
        """Yield the names directly inside a directory, as the generator's thread hands them over."""
        arriving: Handover[FileInfo] = Handover()
        produce = partial(_produce, self.blocking, path, call, arriving)
        job = self._listings.submit(produce, call.require_time(), verb="list", path=path)
        job.future.add_done_callback(lambda _: arriving.wake())
        try:
            while True:
                ended = job.future.done()
                entries = arriving.take()
                for info in entries:
                    yield info
                if ended:
                    await job.future
                    return
                if not entries:
                    await arriving.arrival()
                    await asyncio.sleep(GATHER)
        finally:
            arriving.stop()
            self._listings.release(job, self.options.timeout)

    def redirect(self, path: str, intent: Intent, transfer: Transfer, call: Call) -> Location:
        """Say where a client finds the bytes; in the caller's thread."""
        try:
            return self.blocking.redirect(path, intent, transfer, call)
        except UgrError as error:
            raise error.at(path=path, endpoint=self.name, verb="redirect") from error.__cause__
        except Exception as error:  # a plugin's bug becomes a fact about this endpoint, as in its threads
            failure = f"its plugin failed: {type(error).__name__}"
            raise Misbehaved(failure, path=path, endpoint=self.name, verb="redirect") from error

    async def delete(self, path: str, call: Call) -> None:
        """Remove one file or empty directory."""
        await self._ask("delete", path, call, partial(self.blocking.delete, path, call))

    async def mkdir(self, path: str, call: Call) -> None:
        """Make one directory, parents included."""
        await self._ask("mkdir", path, call, partial(self.blocking.mkdir, path, call))

    async def move(self, source: str, target: str, overwrite: bool, call: Call) -> None:
        """Rename within the endpoint."""
        await self._ask("move", source, call, partial(self.blocking.move, source, target, overwrite, call))

    async def copy(self, source: str, target: str, overwrite: bool, call: Call) -> None:
        """Copy within the endpoint."""
        await self._ask("copy", source, call, partial(self.blocking.copy, source, target, overwrite, call))

    async def checksum(self, path: str, algorithm: str, call: Call) -> str:
        """Return the checksum of a file."""
        return await self._ask("checksum", path, call, partial(self.blocking.checksum, path, algorithm, call))

    async def store_checksum(self, path: str, algorithm: str, value: str, call: Call) -> None:
        """Keep a checksum beside the file."""
        store = partial(self.blocking.store_checksum, path, algorithm, value, call)
        await self._ask("store_checksum", path, call, store)

    async def multipart(
        self,
        path: str,
        step: MultipartStep,
        transfer: Transfer,
        call: Call,
        *,
        upload_id: str | None = None,
        parts: int = 1,
    ) -> Multipart:
        """Say where the next step of an upload in parts goes."""
        ask = partial(self.blocking.multipart, path, step, transfer, call, upload_id=upload_id, parts=parts)
        return await self._ask("multipart", path, call, ask)

    async def usage(self, path: str, call: Call) -> Usage:
        """Return the space used and free below ``path``."""
        return await self._ask("usage", path, call, partial(self.blocking.usage, path, call))

    async def health(self, call: Call) -> None:
        """Return when the storage can serve; raise what is wrong otherwise."""
        await self._ask("health", None, call, partial(self.blocking.health, call))

    async def data(self, path: str, call: Call) -> BinaryIO:
        """Open a file of this host for reading; one that is opened too late is closed again."""
        job = partial(self.blocking.data, path, call)
        return await self._questions.run(
            job, call.require_time(), verb="data", path=path, discard=lambda stream: stream.close()
        )

    async def replicas(self, path: str, call: Call) -> Sequence[Replica]:
        """Name the copies of a file that are on other storages."""
        return await self._ask("replicas", path, call, partial(self.blocking.replicas, path, call))

    async def _ask(self, verb: str, path: str | None, call: Call, function: Callable[[], T]) -> T:
        return await self._questions.run(function, call.require_time(), verb=verb, path=path)


def _produce(blocking: BlockingEndpoint, path: str, call: Call, arriving: Handover[FileInfo]) -> None:
    """Run a listing's generator to its end, or until nobody wants more; close it in this same thread."""
    entries = iter(blocking.list(path, call))
    try:
        for info in entries:
            if not arriving.put(info, call.remaining):
                return
    finally:
        closing = getattr(entries, "close", None)
        if closing is not None:
            closing()
