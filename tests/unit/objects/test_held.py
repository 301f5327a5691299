# SPDX-License-Identifier: Apache-2.0
"""Credentials that last for a while: had once for all who need them, and renewed before they end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ugr.plugin import Call, DeadlineExceeded, Refused
from ugr.plugin.objects import Held


class Ticket(Held[float]):
    """A credential that is the time at which it ends; each lasts 100 seconds."""

    def __init__(self) -> None:
        self.now = 1000.0
        super().__init__(clock=lambda: self.now)
        self.obtained = 0
        self.works = True
        self.held_up = asyncio.Event()
        self.held_up.set()

    async def obtain(self, wire: Any, call: Call) -> float:
        self.obtained += 1
        await self.held_up.wait()
        if not self.works:
            raise Refused("nobody gives tickets")
        return self.now + 100

    def good(self, value: float) -> bool:
        return value > self.now

    def due(self, value: float) -> float:
        return value - 20


def current(ticket: Ticket, seconds: float = 5.0) -> Any:
    return ticket.current(None, Call.until(seconds))  # type: ignore[arg-type]


def renewed(ticket: Ticket) -> Any:
    return ticket.renewed(None, Call.until(5))  # type: ignore[arg-type]


def test_many_who_need_one_at_once_get_the_same():
    async def asked() -> None:
        ticket = Ticket()
        ticket.held_up.clear()
        asking = [asyncio.create_task(current(ticket)) for _ in range(10)]
        await asyncio.sleep(0.01)
        ticket.held_up.set()
        assert await asyncio.gather(*asking) == [1100.0] * 10
        assert ticket.obtained == 1

    asyncio.run(asked())


def test_one_that_has_ended_or_was_refused_is_had_anew():
    async def asked() -> None:
        ticket = Ticket()
        assert await current(ticket) == 1100.0
        ticket.now = 1100.0
        old = await current(ticket)
        assert old == 1200.0
        ticket.drop(old)
        ticket.now = 1101.0
        assert await current(ticket) == 1201.0
        ticket.drop(old)
        assert await current(ticket) == 1201.0
        assert ticket.obtained == 3

    asyncio.run(asked())


def test_it_is_renewed_when_that_is_due_and_not_before():
    async def asked() -> None:
        ticket = Ticket()
        assert await renewed(ticket) == 80.0
        ticket.now = 1050.0
        assert await renewed(ticket) == 30.0
        assert ticket.obtained == 1
        ticket.now = 1080.0
        assert await renewed(ticket) == 80.0
        assert await current(ticket) == 1180.0

    asyncio.run(asked())


def test_a_renewal_that_fails_leaves_the_old_one_in_use():
    async def asked() -> None:
        ticket = Ticket()
        await current(ticket)
        ticket.now, ticket.works = 1090.0, False
        with pytest.raises(Refused):
            await renewed(ticket)
        assert await current(ticket) == 1100.0

    asyncio.run(asked())


def test_a_renewal_keeps_nobody_waiting():
    async def asked() -> None:
        ticket = Ticket()
        await current(ticket)
        ticket.now = 1090.0
        ticket.held_up.clear()
        renewing = asyncio.create_task(renewed(ticket))
        await asyncio.sleep(0)
        assert await current(ticket, 0.1) == 1100.0
        ticket.held_up.set()
        assert await renewing == 80.0

    asyncio.run(asked())


def test_whoever_waits_for_the_turn_waits_no_longer_than_the_call_allows():
    async def asked() -> None:
        ticket = Ticket()
        ticket.held_up.clear()
        first = asyncio.create_task(current(ticket))
        await asyncio.sleep(0)
        with pytest.raises(DeadlineExceeded):
            await current(ticket, 0.05)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)

    asyncio.run(asked())


def test_whoever_leaves_lets_the_next_one_ask():
    async def asked() -> None:
        ticket = Ticket()
        ticket.held_up.clear()
        first, second = (asyncio.create_task(current(ticket)) for _ in range(2))
        await asyncio.sleep(0.01)
        first.cancel()
        await asyncio.sleep(0.01)
        ticket.held_up.set()
        assert await second == 1100.0
        assert ticket.obtained == 2

    asyncio.run(asked())
