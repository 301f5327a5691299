# SPDX-License-Identifier: Apache-2.0
"""Whether one endpoint is up, from what came of probing and asking it.

Knows: events, counts, words. Refuses to know: endpoints, the event loop, other processes. Pure:
the clocks and the dice are given.
"""

from __future__ import annotations

import enum
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from ugr.config.settings import HealthSettings
from ugr.errors import DeadlineExceeded, PermissionDenied, UgrError, Unauthenticated

LONGEST_REASON = 200
"""Characters of a reason that are kept; some storages answer with a whole page."""

_GAIN = 1 / 8
"""Weight of a new latency in the usual one; that of the smoothed round-trip time in RFC 6298, section 2."""


class State(enum.StrEnum):
    """What is believed of an endpoint; one that is ``unknown`` is used all the same."""

    UNKNOWN = "unknown"
    UP = "up"
    DOWN = "down"


class Kind(enum.Enum):
    """In which way a probe failed; the value is how it is put into words."""

    FAILED = "{reason}"
    CREDENTIALS = "credentials refused ({reason})"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is believed of one endpoint.

    ``reason`` is why it is down ("down: connection refused"), None when it is not. ``latency`` is
    its usual time to answer in seconds, None unknown. ``since`` is seconds since 1970 of the last
    change of state.
    """

    state: State
    reason: str | None
    latency: float | None
    since: float


class Health:
    """The state machine of one endpoint.

    ====================================  ==================================================
    event                                 effect
    ====================================  ==================================================
    ``failures`` failures in a row,       down; both kinds of failure count together, and
    of probes or questions                any success starts the count again
    ``recoveries`` good probes in a row   up again; answers to questions never do that
    the first good probe ever             up
    all threads of the plugin abandoned   down at once
    another process's questions failed    one failed probe more, and it is down
    ====================================  ==================================================

    While an endpoint is down what comes of questions is old news and changes nothing. With probes
    switched off nothing could bring an endpoint back, so that it is never taken down either.
    """

    def __init__(
        self,
        settings: HealthSettings,
        *,
        wall: Callable[[], float] = time.time,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._wall = wall
        self._dice = dice
        self._failures = 0
        self._wanted = 0
        self.streak = 0
        """Good probes since the last failure."""
        self.state = State.UNKNOWN
        self.reason: str | None = None
        self.usual_latency: float | None = None
        """Seconds that an answer usually takes, a moving average; None when there was none since it was down."""
        self.since = wall()

    def verdict(self) -> Verdict:
        """Return what is believed now."""
        return Verdict(self.state, self.reason, self.usual_latency, self.since)

    def probe_ok(self, latency: float) -> None:
        """Note a good probe that took ``latency`` seconds; one slower than ``max_latency`` has failed."""
        if latency > self._settings.max_latency:
            self.probe_failed(f"slower than {seconds(self._settings.max_latency)}")
            return
        self._failures = 0
        self._wanted = max(0, self._wanted - 1)
        self.streak += 1
        self._learn(latency)
        needed = self._settings.recoveries if self.state is State.DOWN else 1
        if self.state is not State.UP and self.streak >= needed:
            self._become(State.UP, None)

    def probe_failed(self, reason: str, kind: Kind = Kind.FAILED) -> None:
        """Note a probe that failed, with the reason in words."""
        self._fail(kind.value.format(reason=_one_line(reason)))

    def question_ok(self, latency: float | None) -> None:
        """Note an answer, be it "no such file" or "you may not": proof of life.

        ``latency`` is seconds; None when the time says nothing of the endpoint, as that of a
        whole listing.
        """
        if self.state is State.DOWN:
            return
        self._failures = 0
        if latency is not None:
            self._learn(latency)

    def question_failed(self, reason: str) -> None:
        """Note a question that timed out, was refused, or was answered with nonsense."""
        if self.state is not State.DOWN:
            self._fail(_one_line(reason))

    def abandoned(self) -> None:
        """Note that every thread of a blocking plugin is stuck: nobody is left to ask."""
        self._open("all its threads are stuck")

    def doubt(self) -> None:
        """Note that questions of another process failed so often that it asks this endpoint no more.

        That process may be the one that is ill, so a probe decides: a failed one takes the endpoint
        down. Until ``recoveries`` good ones it is probed as often as if it were down.
        """
        if self.state is not State.DOWN:
            self._failures = max(self._failures, self._settings.failures - 1)
            self._wanted = self._settings.recoveries

    def adopt(self, verdict: Verdict, probe: float | None) -> None:
        """Believe what another process found; ``probe`` is the seconds of its last probe, None if that failed."""
        self.state, self.reason, self.since = verdict.state, verdict.reason, verdict.since
        if verdict.state is State.DOWN:
            self.usual_latency = None
        elif self.usual_latency is None:
            self.usual_latency = verdict.latency
        elif probe is not None:
            self._learn(probe)
        if probe is not None:
            self._failures = 0

    @property
    def doubted(self) -> bool:
        """Say whether questions failed of late, and not enough probes have been good since."""
        return self._wanted > 0

    def next_probe(self, now: float) -> float:
        """Return when to probe next, after a probe that ended ``now``; in seconds of the same clock.

        Up to a tenth earlier than the interval says, so that probes of many endpoints spread.
        """
        settings = self._settings
        troubled = self.state is State.DOWN or self._failures > 0 or self._wanted > 0
        interval = settings.retry_interval if troubled else settings.interval
        return now + interval * (1.0 - 0.1 * self._dice())

    def _learn(self, latency: float) -> None:
        usual = self.usual_latency
        self.usual_latency = latency if usual is None else usual + _GAIN * (latency - usual)

    def _fail(self, reason: str) -> None:
        self._failures += 1
        self.streak = 0
        if self.state is State.DOWN or self._failures >= self._settings.failures:
            self._open(reason)

    def _open(self, reason: str) -> None:
        if self._settings.enabled:
            self.streak = 0
            self.usual_latency = None
            self._become(State.DOWN, f"down: {reason}")

    def _become(self, state: State, reason: str | None) -> None:
        if state is not self.state:
            self.since = self._wall()
            self.state = state
        self.reason = reason


def explain_failure(error: Exception, timeout: float) -> tuple[str, Kind]:
    """Return in words why a probe failed that had ``timeout`` seconds, and the kind of failure."""
    if isinstance(error, Unauthenticated | PermissionDenied):
        return error.message, Kind.CREDENTIALS
    if isinstance(error, TimeoutError | DeadlineExceeded):
        return f"no answer within {seconds(timeout)}", Kind.FAILED
    if isinstance(error, UgrError):
        return error.message, Kind.FAILED
    return f"its plugin failed: {type(error).__name__}", Kind.FAILED


def seconds(value: float) -> str:
    """Write a duration as an administrator would: ``10s``, ``2.5s``, ``250ms``."""
    return f"{value:g}s" if value >= 1.0 else f"{value * 1000:g}ms"


def _one_line(reason: str) -> str:
    text = " ".join(reason.split())
    return text if len(text) <= LONGEST_REASON else f"{text[: LONGEST_REASON - 1]}…"
