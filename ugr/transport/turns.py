# SPDX-License-Identifier: Apache-2.0
"""Who may have a connection now, and who waits: caps per host and in total.

Knows: counting, first come first served, deadlines. Refuses to know: connections. libcurl has a
queue of its own, but the time in it counts as time for connecting: a request behind slow answers
would fail as if the host were unreachable.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Hashable

from ugr.errors import Timeout

LONGEST = 86400.0
"""Seconds that anybody waits for a turn at most; loops have no timer for more."""


class Turns:
    """Counted permits. ``take`` or ``wait`` for one, then ``give_back`` exactly once.

    Used by one thread, on the loop.
    """

    def __init__(self, per_host: int, total: int) -> None:
        self._per_host = per_host
        self._total = total
        self._free = total
        self._busy: dict[Hashable, int] = {}
        self._waiting: dict[Hashable, dict[asyncio.Future[None], int]] = {}
        self._arrivals = itertools.count()

    def busy(self, host: Hashable) -> int:
        """Return how many permits of a host are out."""
        return self._busy.get(host, 0)

    def waiting(self) -> int:
        """Return how many wait for a permit."""
        return sum(map(len, self._waiting.values()))

    def take(self, host: Hashable) -> bool:
        """Take a permit if one is free for this host now."""
        busy = self._busy.get(host, 0)
        if busy >= self._per_host or self._free <= 0:
            return False
        self._busy[host] = busy + 1
        self._free -= 1
        return True

    async def wait(self, host: Hashable, deadline: float, name: str) -> None:
        """Wait for a permit until ``deadline`` (monotonic seconds); raise Timeout naming ``name``."""
        loop = asyncio.get_running_loop()
        begun = time.monotonic()
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.setdefault(host, {})[turn] = next(self._arrivals)
        alarm = loop.call_later(min(max(0.0, deadline - begun), LONGEST), self._expire, turn, name, begun)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.give_back(host)
            raise
        finally:
            alarm.cancel()
            self._leave(host, turn)

    def give_back(self, host: Hashable) -> None:
        """Return a permit; whoever may use it is woken."""
        saturated = self._free <= 0
        self._free += 1
        busy = self._busy[host] - 1
        if busy:
            self._busy[host] = busy
        else:
            del self._busy[host]
        if self._waiting:
            self._hand_over(host, saturated)

    def _hand_over(self, host: Hashable, saturated: bool) -> None:
        """Wake the first of this host, or of all hosts when the total was what they waited for."""
        hosts = list(self._waiting) if saturated else [host]
        while (chosen := self._first(hosts)) is not None:
            turn, waiters = chosen[1], self._waiting[chosen[0]]
            del waiters[turn]
            if not turn.done():
                self.take(chosen[0])
                turn.set_result(None)
                return

    def _first(self, hosts: list[Hashable]) -> tuple[Hashable, asyncio.Future[None]] | None:
        """Return the earliest arrival among hosts below their cap."""
        heads = []
        for host in hosts:
            waiters = self._waiting.get(host)
            if waiters and self._busy.get(host, 0) < self._per_host:
                turn = next(iter(waiters))
                heads.append((waiters[turn], host, turn))
        if not heads:
            return None
        _, host, turn = min(heads, key=lambda head: head[0])
        return host, turn

    def _leave(self, host: Hashable, turn: asyncio.Future[None]) -> None:
        waiters = self._waiting.get(host)
        if waiters is not None:
            waiters.pop(turn, None)
            if not waiters:
                del self._waiting[host]

    def _expire(self, turn: asyncio.Future[None], name: str, begun: float) -> None:
        if not turn.done():
            waited = (time.monotonic() - begun) * 1000
            turn.set_exception(Timeout(f"{name}: no free connection within {waited:.0f} ms"))
