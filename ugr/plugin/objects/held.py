# SPDX-License-Identifier: Apache-2.0
"""A credential that somebody gives for a while: had when it is needed, renewed before it ends.

Knows: who asks for it when, and that many need it at once. Refuses to know: what it is, and how it is
had.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from ugr.call import Call
from ugr.errors import DeadlineExceeded
from ugr.plugin.objects.wire import Wire

C = TypeVar("C")


class Held(ABC, Generic[C]):
    """The credential of one endpoint. Times are seconds since 1970; coroutines belong to the loop."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.value: C | None = None
        """The credential as last had, good or not; replaced as a whole, so any thread may read it."""
        self._lock = asyncio.Lock()

    @abstractmethod
    async def obtain(self, wire: Wire, call: Call) -> C:
        """Ask for a credential."""

    @abstractmethod
    def good(self, value: C) -> bool:
        """Say whether a credential can be used now."""

    @abstractmethod
    def due(self, value: C) -> float:
        """Return when a credential should be renewed."""

    async def current(self, wire: Wire, call: Call) -> C:
        """Return the credential; ask for one when there is none that is good."""
        value = self.value
        if value is not None and self.good(value):
            return value
        async with self._turn(call):
            # whoever had the turn before may have got one
            value = self.value
            if value is None or not self.good(value):
                self.value = value = await self.obtain(wire, call)
            return value

    async def renewed(self, wire: Wire, call: Call) -> float:
        """Renew the credential if that is due; return the seconds until it is again. A failure leaves it as it is."""
        value = await self.current(wire, call)
        if self.due(value) <= self.clock():
            self.value = value = await self.obtain(wire, call)
        return max(0.0, self.due(value) - self.clock())

    def drop(self, value: C) -> None:
        """Hear that a credential was refused: if it is still the one that is held, the next question asks anew."""
        if self.value is value:
            self.value = None

    @asynccontextmanager
    async def _turn(self, call: Call) -> AsyncIterator[None]:
        """Let one ask at a time; those who wait do so no longer than their call allows."""
        try:
            async with asyncio.timeout(call.require_time()):
                await self._lock.acquire()
        except TimeoutError:
            raise DeadlineExceeded("no credential came in time") from None
        try:
            yield
        finally:
            self._lock.release()
