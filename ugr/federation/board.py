# SPDX-License-Identifier: Apache-2.0
"""What is believed of all endpoints, for everybody in this process to read.

Knows: one ``Health`` for each endpoint. Refuses to know: how events come about.

Readers are on the way of every request, so reading costs one look into a dict that is replaced,
never changed. ``SharedBoard`` has the same methods, and shares verdicts between processes.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from types import MappingProxyType

from ugr.config.settings import HealthSettings
from ugr.federation.health import Health, Kind, State, Verdict, seconds

log = logging.getLogger("ugr.health")

Watcher = Callable[[str, Verdict], None]
"""Called with the name and the new verdict of an endpoint whose state changed."""


class Board:
    """The verdicts on all endpoints. Every method may be called from any thread."""

    def __init__(
        self, names: Iterable[str], settings: HealthSettings, *, wall: Callable[[], float] = time.time
    ) -> None:
        self._wall = wall
        self._health = {name: Health(settings, wall=wall) for name in names}
        self._downs: Mapping[str, str] = MappingProxyType({})
        self._lock = threading.Lock()
        self._watchers: tuple[Watcher, ...] = ()

    def inherit(self, before: Board, names: Iterable[str]) -> None:
        """Begin with what another board believes of some endpoints."""
        with before._lock, self._lock:
            self._health.update({name: copy(before._health[name]) for name in names})
            self._list_downs()

    def down(self, name: str) -> str | None:
        """Return why an endpoint is down, in words ("down: connection refused"), or None."""
        return self._downs.get(name)

    def downs(self) -> Mapping[str, str]:
        """Return all endpoints that are down with the reason; the mapping never changes."""
        return self._downs

    def usual_latency(self, name: str) -> float | None:
        """Return the usual time of an answer in seconds, None when it is not known."""
        return self._health[name].usual_latency

    def snapshot(self) -> Mapping[str, Verdict]:
        """Return what is believed of every endpoint, in the order of configuration."""
        with self._lock:
            return {name: health.verdict() for name, health in self._health.items()}

    def next_probe(self, name: str, now: float) -> float:
        """Return when to probe an endpoint next, after a probe that ended ``now``."""
        return self._health[name].next_probe(now)

    def doubted(self, name: str) -> bool:
        """Say whether questions of this host failed at an endpoint, so that only its own probes tell."""
        return self._health[name].doubted

    def watch(self, watcher: Watcher) -> None:
        """Have ``watcher`` called on every change of state, in the thread of the event; it must be quick."""
        with self._lock:
            self._watchers = (*self._watchers, watcher)

    def probe_ok(self, name: str, latency: float) -> None:
        """Note a good probe that took ``latency`` seconds."""
        self._note(name, lambda health: health.probe_ok(latency))

    def probe_failed(self, name: str, reason: str, kind: Kind = Kind.FAILED) -> None:
        """Note a probe that failed, with the reason in words."""
        self._note(name, lambda health: health.probe_failed(reason, kind))

    def question_ok(self, name: str, latency: float | None) -> None:
        """Note an answer; ``latency`` in seconds, None when it says nothing of the endpoint."""
        self._note(name, lambda health: health.question_ok(latency))

    def question_failed(self, name: str, reason: str) -> None:
        """Note a question that timed out, was refused, or was answered with nonsense."""
        self._note(name, lambda health: health.question_failed(reason))

    def abandoned(self, name: str) -> None:
        """Note that every thread of a blocking plugin is stuck."""
        self._note(name, Health.abandoned)

    def _note(self, name: str, event: Callable[[Health], None]) -> None:
        with self._lock:
            before, after = self._change(name, event)
        tell(name, before, after)
        self._announce(name, before, after)

    def _change(self, name: str, event: Callable[[Health], None]) -> tuple[Verdict, Verdict]:
        """Let an event act on an endpoint's health; return the verdicts before and after. Under the lock."""
        health = self._health[name]
        before = health.verdict()
        event(health)
        after = health.verdict()
        if after.reason != before.reason:
            self._list_downs()
        return before, after

    def _list_downs(self) -> None:
        self._downs = MappingProxyType(
            {name: health.reason for name, health in self._health.items() if health.reason is not None}
        )

    def _announce(self, name: str, before: Verdict, after: Verdict) -> None:
        """Call the watchers if the state changed. Not under the lock: they may ask the board."""
        if after.state is not before.state:
            for watcher in self._watchers:
                watcher(name, after)


def tell(name: str, before: Verdict, after: Verdict, whose: str = "") -> None:
    """Log a change of state; ``whose`` says for whom it is so, when not for all."""
    if after.state is before.state:
        return
    if after.state is State.DOWN:
        log.warning("endpoint %s is %s%s", name, after.reason, whose)
    elif before.state is State.DOWN:
        # another worker may never have found it down: then it is up since before
        lasted = f" for {seconds(round(after.since - before.since, 1))}" if after.since >= before.since else ""
        log.info("endpoint %s is up again%s, was %s%s", name, whose, before.reason, lasted)
    else:
        log.info("endpoint %s is up%s", name, whose)
