# SPDX-License-Identifier: Apache-2.0
"""The event loop of a worker process, in a thread of its own.

Knows: starting, stopping, handing coroutines over from other threads, whether the loop still
turns. Refuses to know: what runs on it.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import uvloop

from ugr.errors import DeadlineExceeded, Unavailable

log = logging.getLogger("ugr.transport")

T = TypeVar("T")

BEAT = 0.2
"""Seconds between two signs of life of the loop."""


class LoopThread:
    """One thread with one event loop. ``start`` it after fork; ``stop`` ends all that runs on it."""

    def __init__(self, *, new_loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop) -> None:
        self._new_loop = new_loop
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._open = False
        self._beat = 0.0
        self._outstanding: set[concurrent.futures.Future[Any]] = set()

    def start(self) -> None:
        """Start the thread, and return when the loop runs. A second start while it runs is an error."""
        if self._thread is not None:
            raise RuntimeError("the loop thread is already started")
        running = threading.Event()
        self._loop = self._new_loop()
        self._thread = threading.Thread(target=self._main, args=(self._loop, running), name="ugr-loop", daemon=True)
        self._thread.start()
        running.wait()
        self._open = True

    def stop(self, timeout: float) -> bool:
        """Take nothing more, cancel what runs, and wait ``timeout`` seconds for it to end.

        Return whether the thread ended; if not, it is left behind as a daemon. Whoever waits in
        ``run`` is woken with Unavailable in any case. Safe to call twice.
        """
        thread, loop = self._thread, self._loop
        if thread is None or loop is None:
            return True
        with self._lock:
            first, self._open = self._open, False
        if first:
            loop.call_soon_threadsafe(self._wind_down, timeout * 0.8)
        if thread is not threading.current_thread():
            thread.join(timeout)
        self._give_up()
        if thread.is_alive():
            log.error("the loop thread did not end within %.1f s", timeout)
            return False
        self._thread = self._loop = None
        return True

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop; RuntimeError when it is not started."""
        if self._loop is None:
            raise RuntimeError("the loop thread is not started")
        return self._loop

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Run a coroutine on the loop, from any thread; cancelling the future cancels it.

        Raises Unavailable when the loop does not run.
        """
        with self._lock:
            if not self._open or self._loop is None:
                coroutine.close()
                raise Unavailable("this worker is not running")
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
            self._outstanding.add(future)
        future.add_done_callback(self._outstanding.discard)
        return future

    def run(self, coroutine: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Run a coroutine on the loop and wait for its result, from any other thread.

        Raises what it raises; DeadlineExceeded when it took longer than ``timeout`` seconds, and
        cancels it then; Unavailable when the loop does not run or stopped meanwhile.
        """
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError("waiting for the loop on the loop would never end")
        future = self.submit(coroutine)
        try:
            return future.result(timeout)
        except concurrent.futures.CancelledError:
            raise Unavailable("this worker is stopping") from None
        except TimeoutError:
            if future.done() and not future.cancelled():
                raise  # the coroutine's own
            raise DeadlineExceeded("no answer in time") from None
        finally:
            future.cancel()

    def healthy(self, within: float) -> bool:
        """Say whether the loop turned within the last ``within`` seconds, from any thread.

        Less than two beats (0.4 s) is taken as two beats.
        """
        thread = self._thread
        if thread is None or not thread.is_alive() or not self._open:
            return False
        return time.monotonic() - self._beat <= max(within, 2 * BEAT)

    # --- on the loop's thread ---

    def _main(self, loop: asyncio.AbstractEventLoop, running: threading.Event) -> None:
        asyncio.set_event_loop(loop)
        loop.call_soon(self._tick, loop)
        loop.call_soon(running.set)
        try:
            loop.run_forever()
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self._beat = time.monotonic()
        loop.call_later(BEAT, self._tick, loop)

    def _wind_down(self, patience: float) -> None:
        """Cancel every task, and stop the loop when they ended or patience did."""
        loop = asyncio.get_running_loop()
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        ending = loop.create_task(self._await_end(tasks, patience))
        ending.add_done_callback(lambda _: loop.stop())

    async def _await_end(self, tasks: set[asyncio.Task[Any]], patience: float) -> None:
        if tasks:
            _, stubborn = await asyncio.wait(tasks, timeout=patience)
            for task in stubborn:
                log.error("a task did not end when the loop stopped: %s", task.get_name())
        self._give_up()
        await asyncio.sleep(0)  # futures of other threads hear of it one turn later

    def _give_up(self) -> None:
        """Wake whoever still waits: nothing will come."""
        for future in list(self._outstanding):
            future.cancel()
