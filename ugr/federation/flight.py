# SPDX-License-Identifier: Apache-2.0
"""One question to many endpoints at once, shared by every client that has it.

Knows: asking all, collecting, when somebody has heard enough. Refuses to know: what the answers
mean (``merge``), who is asking.

A flight goes on when its clients have left, and fills the cache. It lives on the loop only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from ugr.call import Call
from ugr.federation.answers import EndpointAnswer, Target
from ugr.federation.guarded import GuardedEndpoint
from ugr.federation.several import find
from ugr.metrics import counts
from ugr.model import Result

GRACE = 0.25
"""Seconds after the deadline in which an endpoint may still end by itself."""

QUESTION = "question"
"""What answers are counted under, by endpoint and result."""

Enough = Callable[["Flight", float], float]
"""Says until when (loop time) to go on waiting if nothing more is heard; <= now for "enough"."""


class Flight:
    """All eligible endpoints asked for one name.

    ``answers`` grows as they come; an endpoint that does not come back is cut off shortly after
    the deadline and counts as timed out.
    """

    def __init__(
        self,
        asked: Sequence[tuple[GuardedEndpoint, Target]],
        call: Call,
        landed: Callable[[Flight], None],
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.started = self.loop.time()
        self.call = call
        self.answers: dict[str, EndpointAnswer] = {}
        self.outstanding: dict[str, GuardedEndpoint] = {guard.name: guard for guard, _ in asked}
        self._landed = landed
        self._waiters: list[asyncio.Future[None]] = []
        self._tasks = [self.loop.create_task(self._ask(guard, target)) for guard, target in asked]
        self._cut = self.loop.call_later(call.remaining() + GRACE, self.cut)
        if not asked:
            self.loop.call_soon(self._land)

    @property
    def done(self) -> bool:
        """Say whether every endpoint has answered or was cut off."""
        return not self.outstanding

    async def wait(self, enough: Enough, deadline: float) -> None:
        """Return when ``enough`` says so, when all have answered, or at ``deadline`` (loop time)."""
        while self.outstanding:
            now = self.loop.time()
            until = min(enough(self, now), deadline)
            if until <= now:
                return
            waiter: asyncio.Future[None] = self.loop.create_future()
            timer = self.loop.call_at(until, _wake, waiter)
            self._waiters.append(waiter)
            try:
                await waiter
            finally:
                timer.cancel()
                if waiter in self._waiters:
                    self._waiters.remove(waiter)

    def cut(self) -> None:
        """Stop waiting for whoever is outstanding."""
        for task in self._tasks:
            task.cancel()
        for name, guard in list(self.outstanding.items()):
            guard.lost()
            elapsed = (self.loop.time() - self.started) * 1000
            self._arrived(EndpointAnswer(name, Result.TIMED_OUT, None, elapsed, "no answer within the deadline"))

    async def _ask(self, guard: GuardedEndpoint, target: Target) -> None:
        paths = target.paths
        self._arrived(await (guard.stat(paths[0], self.call) if len(paths) == 1 else find(guard, paths, self.call)))

    def _arrived(self, answer: EndpointAnswer) -> None:
        if self.outstanding.pop(answer.endpoint, None) is None:
            return
        self.answers[answer.endpoint] = answer
        counts.add((QUESTION, answer.endpoint, answer.result.value), (answer.milliseconds or 0.0) / 1000)
        if not self.outstanding:
            self._land()
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            _wake(waiter)

    def _land(self) -> None:
        self._cut.cancel()
        self._landed(self)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
