# SPDX-License-Identifier: Apache-2.0
"""The memcached servers: which one keeps what, and how the event loop asks them without waiting.

Knows: connections, threads, time-outs, who is away. Refuses to know: keys, values, what they mean.

The client library blocks, so each server has a thread with one connection. What is asked of a
server that is away, or that has too much to do, is answered at once with None, which everywhere
means: as if nothing were remembered. A question that takes longer than the time-out is given up
and its connection cut, however busily the server goes on sending.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from pymemcache.client.base import Client

log = logging.getLogger("ugr.cache")

T = TypeVar("T")

REST = 2.0
"""Seconds that a server is left alone after it failed."""

WAITING = 256
"""Questions that may wait for one server; more are answered with None."""

NO_EXPIRY_SEEN = 30 * 86400
"""From here on memcached takes an expiry for a time since 1970."""


def expiry(seconds: float) -> int:
    """Return how memcached is told to keep something for some seconds: at least one, never for ever."""
    return max(1, min(-int(-seconds // 1), NO_EXPIRY_SEEN - 1))


class _Job(Generic[T]):
    """A piece of work for a server's thread, and who waits for what it returns."""

    __slots__ = ("future", "over", "work")

    def __init__(self, work: Callable[[Client], T], future: asyncio.Future[T | None] | None) -> None:
        self.work = work
        self.future = future
        self.over = False


class Memcached:
    """One server. Made anywhere; all methods belong to the event loop."""

    def __init__(self, address: str, timeout: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.address = address
        self._timeout = timeout
        self._clock = clock
        self._queue: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._job: _Job[Any] | None = None
        self._waiting = 0
        self._away = False
        self._until = 0.0

    @property
    def usable(self) -> bool:
        """Say whether it answered the last time."""
        return not self._away

    async def ask(self, work: Callable[[Client], T], *, patience: float = 1.0, again: bool = False) -> T | None:
        """Have ``work`` done with the connection, and return what it returns; None when that failed.

        It has ``patience`` times the time-out. ``again`` is for whoever finds out whether a server
        that was away is back.
        """
        if self._refused(again):
            return None
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T | None] = loop.create_future()
        job = _Job(work, future)
        timer = loop.call_later(self._timeout * patience, self._late, job)
        self._submit(loop, job)
        try:
            return await future
        finally:
            timer.cancel()
            job.over = True

    def tell(self, work: Callable[[Client], object]) -> None:
        """Have ``work`` done; whether it is done is not said."""
        if not self._refused(again=False):
            loop = asyncio.get_running_loop()
            job: _Job[object] = _Job(work, None)
            loop.call_later(2.0 * self._timeout, self._late, job)
            self._submit(loop, job)

    def close(self) -> None:
        """Take nothing more; safe to call twice."""
        self._away, self._until = True, float("inf")
        if self._thread is not None:
            self._queue.put(None)
            self._thread = None
            self._hang_up(None)

    # --- on the loop ---

    def _refused(self, again: bool) -> bool:
        if self._waiting >= WAITING:
            return True
        return self._away and not (again and self._clock() >= self._until)

    def _submit(self, loop: asyncio.AbstractEventLoop, job: _Job[Any]) -> None:
        if self._thread is None:
            name = f"memcached {self.address}"
            self._thread = threading.Thread(target=self._work, args=(loop,), name=name, daemon=True)
            self._thread.start()
        self._waiting += 1
        self._queue.put(job)

    def _late(self, job: _Job[Any]) -> None:
        """Give a job up; when it is the one at work, its server is to blame."""
        if job.over:
            return
        job.over = True
        if self._hang_up(job):
            self._failed(f"no answer within {self._timeout * 1000:g}ms")
        if job.future is not None and not job.future.done():
            job.future.set_result(None)

    def _finished(self, job: _Job[T], result: T | None, failure: Exception | None) -> None:
        self._waiting -= 1
        if failure is not None:
            self._failed(str(failure) or type(failure).__name__)
        elif self._away and result is not None and self._until < float("inf"):
            self._away = False
            log.info("memcached %s answers again", self.address)
        job.over = True
        if job.future is not None and not job.future.done():
            job.future.set_result(result)

    def _failed(self, why: str) -> None:
        if not self._away:
            log.warning("memcached %s is left alone for now: %s", self.address, " ".join(why.split())[:200])
        self._away = True
        self._until = max(self._until, self._clock() + REST)

    def _hang_up(self, job: _Job[Any] | None) -> bool:
        """Cut the connection if this job is at work on it, whichever is for None; say whether it was."""
        with self._lock:
            if job is not None and self._job is not job:
                return False
            connection = None if self._client is None else self._client.sock
            if connection is not None:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # it is cut already
            return True

    # --- in the thread ---

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        client = self._client = Client(
            _server(self.address), connect_timeout=self._timeout, timeout=self._timeout, no_delay=True
        )
        while (job := self._queue.get()) is not None:
            result, failure = None, None
            with self._lock:
                self._job = job
            # a job that nobody waits for, and what waited behind one that failed, is not begun
            if not job.over and not (self._away and self._clock() < self._until):
                try:
                    result = job.work(client)
                except Exception as error:  # the library raises whatever it stumbles over in a nonsensical answer
                    client.close()
                    failure = error
            with self._lock:
                self._job = None
            try:
                loop.call_soon_threadsafe(self._finished, job, result, failure)
            except RuntimeError:
                break  # the loop is closed: the process is ending
            del job, result, failure
        client.close()


class Ring:
    """All servers, and which of them keeps what: the first of those that answer, in an order of its own for each key.

    The order is that of rendezvous hashing (Thaler and Ravishankar, 1998), so that a server which
    comes or goes moves only its own keys, and all hosts agree without talking.
    """

    def __init__(
        self, addresses: Iterable[str], timeout: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.servers = tuple(Memcached(address, timeout, clock) for address in addresses)
        self._seeds = tuple(hashlib.sha256(server.address.encode()).digest() for server in self.servers)

    def home(self, digest: bytes) -> Memcached | None:
        """Return the server that keeps what has this digest, None when all are away."""
        best: tuple[bytes, Memcached] | None = None
        for seed, server in zip(self._seeds, self.servers, strict=True):
            if server.usable:
                score = hashlib.blake2b(digest, digest_size=8, key=seed).digest()
                if best is None or score > best[0]:
                    best = score, server
        return None if best is None else best[1]

    def close(self) -> None:
        """Take nothing more."""
        for server in self.servers:
            server.close()


def _server(address: str) -> str | tuple[str, int]:
    """Return an address as the library wants it."""
    if address.startswith("unix:"):
        return address.removeprefix("unix:")
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)
