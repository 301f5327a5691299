# SPDX-License-Identifier: Apache-2.0
"""The endpoint under test on its event loop, asked from the test's thread.

Knows: how core opens, asks and closes an endpoint. Refuses to know: what the answers should be.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Generic, TypeVar

import pytest

from ugr.call import Call
from ugr.model import NO_TRANSFER, FileInfo, Intent, Location, Transfer
from ugr.plugin.blocking import BlockingEndpoint, Threaded
from ugr.plugin.endpoint import Endpoint
from ugr.testing.store import Store
from ugr.transport import LoopThread, Transport

T = TypeVar("T")

GRACE = 0.25
"""Seconds after its deadline in which a verb must be back (TIME-1)."""

LOST = 30.0
"""Seconds after which the suite itself gives up waiting."""


class Subject:
    """An endpoint as core uses it: on the loop, a blocking one in its threads."""

    def __init__(self, endpoint: Endpoint | BlockingEndpoint, loop: LoopThread, seconds: float) -> None:
        self.given = endpoint
        self.endpoint = Threaded(endpoint) if isinstance(endpoint, BlockingEndpoint) else endpoint
        self.loop = loop
        self.seconds = seconds
        self.capabilities = self.endpoint.capabilities()
        self.opened = False
        self._transport: Transport | None = None

    def open(self) -> None:
        """Open the endpoint with a transport of its own."""
        self.run(self._open())
        self.opened = True

    async def _open(self) -> None:
        self._transport = Transport()
        await self.endpoint.open(self._transport)

    def close(self) -> None:
        """Close the endpoint, then its transport."""
        self.opened = False
        self.run(self._close())

    async def _close(self) -> None:
        await self.endpoint.close()
        if self._transport is not None:
            await self._transport.close()

    def call(self, seconds: float | None = None) -> Call:
        """Make a call, as core does for a flight."""
        return Call.until(self.seconds if seconds is None else seconds)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and return its result."""
        future = self.loop.submit(coroutine)
        try:
            return future.result(LOST)
        except TimeoutError:
            if future.done():
                raise
            future.cancel()
            raise AssertionError(f"not back after {LOST:.0f} s, cancelled") from None

    def ask(self, verb: str, *arguments: Any, **named: Any) -> Any:
        """Ask one question: the verb's arguments without the call, which is added."""
        return self.run(getattr(self.endpoint, verb)(*arguments, self.call(), **named))

    def entries(self, path: str) -> list[FileInfo]:
        """List a directory to its end."""
        return self.run(drain(self.endpoint, path, self.call()))

    def redirect(self, path: str, intent: Intent = Intent.GET, transfer: Transfer = NO_TRANSFER) -> Location:
        """Ask for a location, in this thread."""
        return self.endpoint.redirect(path, intent, transfer, self.call())

    def read(self, store: Store, path: str) -> tuple[int, bytes]:
        """Return status and bytes that a client gets who is redirected."""
        location = self.redirect(path)
        if not location.served_here:
            return store.fetch(location)
        with self.ask("data", path) as stream:
            return 200, stream.read()

    def needs(self, capability: str) -> None:
        """Skip the test unless the endpoint has a capability."""
        if not self.capabilities[capability]:
            pytest.skip(f"the endpoint has no capability {capability}")


async def drain(endpoint: Endpoint, path: str, call: Call) -> list[FileInfo]:
    """List a directory to its end."""
    return [info async for info in endpoint.list(path, call)]


def needs(store: Store, ability: str) -> None:
    """Skip the test unless the store has overridden an optional method."""
    if not store.can(ability):
        pytest.skip(f"the store cannot {ability}; override Store.{ability} to check this clause")


@contextmanager
def trouble(store: Store, ability: str) -> Iterator[None]:
    """Have the storage fail in one way; skip the test when the store cannot."""
    needs(store, ability)
    getattr(store, ability)()
    try:
        yield
    finally:
        store.up()


async def outcome(question: Awaitable[Any]) -> tuple[Any, float]:
    """Await something; return its result or the exception it raised, and the seconds it took."""
    started = time.monotonic()
    try:
        result: Any = await question
    except Exception as error:  # the tests judge what kind it is
        result = error
    return result, time.monotonic() - started


class Stepped(Generic[T]):
    """Awaits something and measures ``longest``, the longest time that it kept the loop in one go, in seconds."""

    def __init__(self, question: Awaitable[T]) -> None:
        self._question = question
        self.longest = 0.0

    def __await__(self) -> Generator[Any, Any, T]:
        steps = self._question.__await__()
        advance: Callable[[], Any] = partial(steps.send, None)
        while True:
            started = time.perf_counter()
            try:
                waited_for = advance()
            except StopIteration as done:
                result: T = done.value
                return result
            finally:
                self.longest = max(self.longest, time.perf_counter() - started)
            try:
                yield waited_for
                advance = partial(steps.send, None)
            except BaseException as error:  # a cancellation, which belongs to the question
                advance = partial(steps.throw, error)
