# SPDX-License-Identifier: Apache-2.0
"""Daemon threads for code that may hang, and how their results get back to the event loop.

Knows: jobs, threads, deadlines, and that a thread cannot be stopped, only given up. Refuses to
know: what the jobs do.

A thread that is not back by its job's deadline is *abandoned*: the job fails, the thread is
counted, and what it brings later is dropped. When it does come back it works again. While every
thread is abandoned new jobs fail at once, because waiting for one of them has no end.

All methods but ``abandoned`` belong to the event loop's thread. Threads start when there is work
(so after fork) and are never joined.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from ugr.errors import Busy, Misbehaved, Timeout, UgrError, Unavailable

T = TypeVar("T")

AHEAD = 512
"""Entries that a listing's thread may be ahead of its reader: two batches of 256."""


class Job(Generic[T]):
    """One call of a function in a thread; ``future`` is done when it is, or when it is given up."""

    def __init__(
        self,
        function: Callable[[], T],
        facts: dict[str, str | None],
        discard: Callable[[T], object] | None,
    ) -> None:
        self.function = function
        self.facts = facts
        self.discard = discard
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[T] = self.loop.create_future()
        self.timer: asyncio.TimerHandle | None = None
        self.late = False

    def work(self) -> tuple[T | None, UgrError | None]:
        """Call the function, in a worker thread; whatever it raises becomes a UgrError."""
        try:
            return self.function(), None
        except UgrError as error:
            return None, error.at(**self.facts)
        except BaseException as error:  # SystemExit too: plugin code must not cost the endpoint a thread
            failure = Misbehaved(f"its plugin failed: {type(error).__name__}")
            failure.__cause__ = error
            return None, failure.at(**self.facts)

    def fail(self, error: UgrError) -> None:
        """Give up: whoever waits gets the error."""
        if not self.future.done():
            self.future.set_exception(error.at(**self.facts))


class Crew:
    """The threads of one endpoint, at most ``size`` of them."""

    def __init__(self, name: str, size: int) -> None:
        self._name = name
        self._size = max(1, size)
        self._threads = 0
        self._tasks: SimpleQueue[Job[Any] | None] = SimpleQueue()
        self._waiting: deque[Job[Any]] = deque()
        self._running: set[Job[Any]] = set()
        self._closed = False

    @property
    def abandoned(self) -> int:
        """Count the threads that are not back although their time is over; any thread may ask."""
        return sum(job.late for job in tuple(self._running))

    def submit(
        self,
        function: Callable[[], T],
        seconds: float,
        *,
        verb: str,
        path: str | None = None,
        discard: Callable[[T], object] | None = None,
    ) -> Job[T]:
        """Start a function in a thread, or queue it for one; its future fails after ``seconds``.

        The future raises Timeout when the function, or every thread, is not back in time; Busy
        when no thread became free; Misbehaved when the function raised anything but a UgrError.
        ``discard`` is given, in a thread, a result that came when nobody waited any more.
        """
        job = Job(function, {"endpoint": self._name, "verb": verb, "path": path}, discard)
        if self._closed:
            job.fail(Unavailable("the endpoint is closed"))
        elif self.stuck:
            job.fail(self._silence())
        else:
            job.timer = job.loop.call_later(seconds, self._late, job)
            self._waiting.append(job)
            self._dispatch()
        return job

    async def run(
        self,
        function: Callable[[], T],
        seconds: float,
        *,
        verb: str,
        path: str | None = None,
        discard: Callable[[T], object] | None = None,
    ) -> T:
        """Submit and wait."""
        job = self.submit(function, seconds, verb=verb, path=path, discard=discard)
        try:
            return await job.future
        except asyncio.CancelledError:
            if job.future.done() and not job.future.cancelled() and job.future.exception() is None:
                self._drop(job, job.future.result())
            raise

    def release(self, job: Job[Any], seconds: float) -> None:
        """Say that nobody waits for a job any more; it has ``seconds`` left to end by itself."""
        if not job.future.cancel() and not job.future.cancelled():
            job.future.exception()  # asked for, so that asyncio does not report it as forgotten
        if job.timer is not None:
            job.timer.cancel()
            job.timer = job.loop.call_later(seconds, self._late, job) if job in self._running else None

    def close(self) -> None:
        """Take no more jobs; let idle threads go at once and the others when they come back."""
        self._closed = True
        for job in self._waiting:
            job.fail(Unavailable("the endpoint is closed"))
        for _ in range(self._threads):
            self._tasks.put(None)
        self._threads = 0

    def _dispatch(self) -> None:
        """Give waiting jobs to idle threads, and start threads while there may be more."""
        while self._waiting and len(self._running) < self._size:
            job = self._waiting.popleft()
            if job.future.done():
                _stop_timer(job)
                continue
            if self._threads <= len(self._running):
                thread = threading.Thread(target=self._work, name=f"{self._name}-{self._threads}", daemon=True)
                thread.start()
                self._threads += 1
            self._running.add(job)
            self._tasks.put(job)

    def _work(self) -> None:
        """Do jobs until told to stop; runs in each worker thread."""
        while (job := self._tasks.get()) is not None:
            result, error = job.work()
            try:
                job.loop.call_soon_threadsafe(self._finished, job, result, error)
            except RuntimeError:
                return  # the loop is closed: the process is ending
            del job, result, error  # an idle thread keeps nothing alive

    def _finished(self, job: Job[T], result: T, error: UgrError | None) -> None:
        """Take a thread back, on the loop."""
        self._running.discard(job)
        _stop_timer(job)
        if job.future.done():
            if error is None:
                self._drop(job, result)
        elif error is not None:
            job.future.set_exception(error)
        else:
            job.future.set_result(result)
        if not self._closed:
            self._dispatch()

    def _drop(self, job: Job[T], result: T) -> None:
        """Get rid of a result that nobody waits for; letting go of it may hang as much as getting it."""
        if job.discard is not None:
            threading.Thread(target=job.discard, args=(result,), name=f"{self._name}-discard", daemon=True).start()

    def _late(self, job: Job[Any]) -> None:
        """Give a job up: its time is over."""
        job.timer = None
        if job in self._running:
            job.late = True
            job.fail(Timeout("did not answer in time"))
        else:
            self._waiting.remove(job)
            job.fail(Busy(f"all {self._size} threads were busy; max_threads sets their number"))
        if self.stuck:
            for waiting in self._waiting:
                _stop_timer(waiting)
                waiting.fail(self._silence())
            self._waiting.clear()

    @property
    def stuck(self) -> bool:
        """Say whether every thread is abandoned."""
        return len(self._running) >= self._size and all(job.late for job in self._running)

    def _silence(self) -> Timeout:
        return Timeout(f"all {self._size} threads still wait for answers that are overdue")


def _stop_timer(job: Job[Any]) -> None:
    if job.timer is not None:
        job.timer.cancel()
        job.timer = None


class Handover(Generic[T]):
    """Things on their way from one producing thread to one reader on the loop, never many."""

    def __init__(self, limit: int = AHEAD) -> None:
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._arrival = asyncio.Event()
        self._things: list[T] = []
        self._stopped = False
        self._room = threading.Condition()

    def put(self, thing: T, remaining: Callable[[], float]) -> bool:
        """Hand one thing over, waiting for room; return False when it is not wanted. Producer's thread."""
        with self._room:
            while len(self._things) >= self._limit and not self._stopped:
                if not self._room.wait(remaining()):
                    self._stopped = True
            if self._stopped:
                return False
            self._things.append(thing)
            first = len(self._things) == 1
        return not first or self._announce()

    def _announce(self) -> bool:
        try:
            self._loop.call_soon_threadsafe(self._arrival.set)
        except RuntimeError:
            return False  # the loop is closed
        return True

    def take(self) -> list[T]:
        """Return what is there, possibly nothing. Loop only."""
        with self._room:
            things, self._things = self._things, []
            self._room.notify()
        return things

    async def arrival(self) -> None:
        """Return when something came, or ``wake`` was called. Loop only."""
        await self._arrival.wait()
        self._arrival.clear()

    def wake(self) -> None:
        """Let ``arrival`` return. Loop only."""
        self._arrival.set()

    def stop(self) -> None:
        """Want nothing more: the producer's next ``put`` returns False. Any thread."""
        with self._room:
            self._stopped = True
            self._things.clear()
            self._room.notify()
