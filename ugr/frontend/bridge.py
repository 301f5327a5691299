# SPDX-License-Identifier: Apache-2.0
"""From request threads to the event loop and back: bounded, and never longer than the deadline.

Knows: how many requests may wait, list and transfer at a time. Refuses to know: what is asked,
HTTP.

A request thread that takes time is lost to others, so all of them together are capped below the
number of threads: what needs no time is always answered. Of these, those are capped that wait for
endpoints (``max_waiting``), that list and that transfer; a listing or a transfer that has begun does
not wait any more, whatever its client does.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Any, TypeVar

from ugr.call import Call
from ugr.config.settings import Settings
from ugr.errors import DeadlineExceeded, Overloaded, Unavailable
from ugr.federation.answers import Listing
from ugr.model import FileInfo
from ugr.transport import LoopThread

T = TypeVar("T")

GRACE = 0.25
"""Seconds after the deadline in which the answer that says so may still arrive."""

QUEUED_BATCHES = 4
"""Lists of entries that may wait for a request thread."""

RETRY_AFTER = 1.0
"""Seconds after which somebody who was turned away should come again."""


class Gate:
    """Lets in so many at a time, and turns away the next at once."""

    def __init__(self, doing: str, limit: Callable[[], int]) -> None:
        self._doing = doing
        self._limit = limit
        self._inside = 0
        self._lock = threading.Lock()

    @property
    def taken(self) -> int:
        """How many places are taken at this moment."""
        return self._inside

    def __enter__(self) -> Gate:
        """Take a place; raise Overloaded when there is none."""
        with self._lock:
            if self._inside >= self._limit():
                words = f"too many requests are {self._doing}; ask again in a moment"
                raise Overloaded(words, retry_after=RETRY_AFTER)
            self._inside += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the place back."""
        with self._lock:
            self._inside -= 1


class Bridge:
    """The one way from a request thread to the event loop."""

    def __init__(self, loop: LoopThread, settings_of: Callable[[], Settings]) -> None:
        self._loop = loop
        self.busy = Gate("under way", lambda: settings_of().ugr.busy_limit)
        self.waiting = Gate("waiting for endpoints", lambda: settings_of().ugr.waiting_limit)
        self.listings = Gate("listing directories", lambda: settings_of().ugr.listings_limit)
        self.transfers = Gate("reading data", lambda: settings_of().ugr.data_limit)

    def ask(self, question: Callable[[], Coroutine[Any, Any, T]], call: Call) -> T:
        """Run a coroutine on the loop and return what it returns, or raise what it raises.

        Raises Overloaded when too many wait already; DeadlineExceeded, after cancelling the coroutine,
        when it has not ended shortly after the call's deadline; Unavailable when the loop stops.
        """
        with self.busy, self.waiting:
            return self.result(self._loop.submit(question()), call)

    def stream(self, question: Callable[[], Coroutine[Any, Any, Listing]], call: Call) -> Stream:
        """Open a listing on the loop and return it as something to iterate over in this thread.

        Returns when the listing has begun; raises like ``ask``. The stream must be closed.
        """
        with ExitStack() as places:
            places.enter_context(self.listings)
            places.enter_context(self.busy)
            stream = Stream(call)
            places.callback(stream.cancel)
            with self.waiting:
                stream.begin(self._loop.submit(stream.produce(question)))
            stream.places = places.pop_all()
        return stream

    def transfer(self, question: Callable[[], Coroutine[Any, Any, T]], call: Call) -> tuple[T, ExitStack]:
        """Ask for something to transfer; the places that the transfer takes are kept until the stack is closed."""
        with ExitStack() as places:
            places.enter_context(self.transfers)
            places.enter_context(self.busy)
            with self.waiting:
                return self.result(self._loop.submit(question()), call), places.pop_all()

    @staticmethod
    def result(future: Future[T], call: Call) -> T:
        """Wait for a result as ``ask`` promises."""
        try:
            return future.result(call.remaining() + GRACE)
        except TimeoutError:
            if not future.cancel() and future.done():
                return future.result()
            raise DeadlineExceeded("no answer within the time that a request has") from None
        except CancelledError:
            raise Unavailable("the service is stopping") from None


class Stream:
    """A listing on its way to a request thread: a bounded queue of lists of entries.

    Iterate in one thread; ``listing`` is what the federation said of it at its start, and its
    ``shortfall`` is complete when the iteration has ended. ``close`` cancels the producer, which
    stops asking the endpoints; it is safe to call twice.
    """

    listing: Listing

    def __init__(self, call: Call) -> None:
        self.places = ExitStack()
        self._call = call
        self._queue: queue.SimpleQueue[Listing | list[FileInfo] | None] = queue.SimpleQueue()
        self._future: Future[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._room: asyncio.Semaphore | None = None
        self._ended = False

    async def produce(self, question: Callable[[], Coroutine[Any, Any, Listing]]) -> None:
        """Open the listing, fill the queue, close the listing; on the loop."""
        self._loop = asyncio.get_running_loop()
        room = self._room = asyncio.Semaphore(QUEUED_BATCHES)
        listing = await question()
        try:
            self._queue.put(listing)
            async for batch in listing.batches():
                await room.acquire()
                self._queue.put(batch)
        finally:
            await listing.aclose()

    def begin(self, future: Future[None]) -> None:
        """Wait until the listing is open; raise why it cannot be."""
        self._future = future
        future.add_done_callback(lambda _: self._queue.put(None))
        opened = self._take()
        if opened is None or isinstance(opened, list):
            raise Unavailable("the listing ended before it began")
        self.listing = opened

    def __iter__(self) -> Iterator[list[FileInfo]]:
        return self

    def __next__(self) -> list[FileInfo]:
        """Return the next list of entries; raise what ended the listing if that was an error."""
        batch = None if self._ended else self._take()
        if not isinstance(batch, list):
            self._ended = True
            raise StopIteration
        self._make_room()
        return batch

    def _take(self) -> Listing | list[FileInfo] | None:
        """Return what comes next; None when the producer has ended well."""
        try:
            item = self._queue.get(timeout=self._call.remaining() + GRACE)
        except queue.Empty:
            self._ended = True
            self.cancel()
            raise DeadlineExceeded("the listing took longer than a listing may") from None
        if item is None and self._future is not None:
            self._ended = True
            Bridge.result(self._future, self._call)
        return item

    def _make_room(self) -> None:
        if self._loop is not None and self._room is not None:
            with suppress(RuntimeError):  # a loop that has been closed needs no room
                self._loop.call_soon_threadsafe(self._room.release)

    def cancel(self) -> None:
        """Make the producer stop."""
        if self._future is not None:
            self._future.cancel()

    def close(self) -> None:
        """Stop the producer and give back the places."""
        self.places.close()
