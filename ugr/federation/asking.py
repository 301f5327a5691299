# SPDX-License-Identifier: Apache-2.0
"""One name under question: the flight, who was left out of it, what is known of everybody so far.

Knows: flights, routes. Refuses to know: caches, what the answers mean together (``merge``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ugr.federation.answers import EndpointAnswer
from ugr.federation.flight import Enough, Flight
from ugr.federation.guarded import GuardedEndpoint
from ugr.federation.routes import Route
from ugr.model import Result

SILENT = frozenset((Result.DENIED, Result.FAILED, Result.TIMED_OUT, Result.PENDING))
"""Results after which it is not known whether the endpoint has the name."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A flight, and who was left out of it."""

    flight: Flight
    unasked: dict[str, str]
    generation: int


def all_answers(routes: Iterable[Route], asking: Asking) -> tuple[EndpointAnswer, ...]:
    """Return an answer per route, in the routes' order, those still awaited and those known to be down included."""
    heard = asking.flight.answers
    answers = []
    for route in routes:
        answer = heard.get(route.endpoint)
        if answer is None:
            reason = asking.unasked.get(route.endpoint)
            if reason is not None:
                answer = EndpointAnswer(route.endpoint, Result.NOT_ASKED, reason=reason)
            elif route.endpoint in asking.flight.outstanding:
                answer = EndpointAnswer(route.endpoint, Result.PENDING, reason="still silent")
            else:
                continue  # no catalogue has named it
        answers.append(answer)
    return tuple(answers)


def closest(tiers: Mapping[str, int], patience: float) -> Enough:
    """Return the rule for a client who is sent on: enough when nobody who is still silent could be placed better.

    ``tiers`` places the endpoints, lower is better; ``patience`` is the least seconds that a better one is waited for.
    """

    def enough(flight: Flight, now: float) -> float:
        found = [name for name, answer in flight.answers.items() if answer.result is Result.FOUND]
        if not found:
            return float("inf")
        best = min(tiers.get(name, 0) for name in found)
        until = now
        for name, guard in flight.outstanding.items():
            if tiers.get(name, 0) < best:
                until = max(until, _latest(flight, guard, patience))
        return until

    return enough


def everyone(patience: float) -> Enough:
    """Return the rule for a description: enough when all have answered that answer in their usual time."""

    def enough(flight: Flight, now: float) -> float:
        if not any(answer.result is Result.FOUND for answer in flight.answers.values()):
            return float("inf")
        return max((_latest(flight, guard, patience) for guard in flight.outstanding.values()), default=now)

    return enough


def _latest(flight: Flight, guard: GuardedEndpoint, patience: float) -> float:
    """Return until when (loop time) an endpoint is worth waiting for: three times its usual latency."""
    usual = guard.usual_latency()
    return float("inf") if usual is None else flight.started + max(patience, 3.0 * usual)
