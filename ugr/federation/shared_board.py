# SPDX-License-Identifier: Apache-2.0
"""The board of a worker among others: what the host's leader found, and what this worker suffers.

Knows: the slate, this worker's own breakers, and which of the two to believe. Refuses to know: who
becomes leader, how probing is done.

A worker believes its own failing questions first: they open its own breaker at once and are
reported to the leader, who probes that endpoint and publishes what it finds. Recovery comes from
the leader's probes alone. Without a slate, and without a leader that watches these endpoints, this
is a board of its own like any other.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from ugr.config.settings import HealthSettings
from ugr.federation.board import Board
from ugr.federation.health import Health, Kind, State, Verdict
from ugr.federation.slate import VERSION, Record, Slate

log = logging.getLogger("ugr.health")

STALE = 5.0
"""Seconds without a sign of life after which the leader is taken for stuck; a dead one is followed at once."""


class _Published:
    """What the leader keeps of one endpoint: its state, from probes alone, and how it became that."""

    def __init__(self, slot: int, health: Health, probes: int, reported: int) -> None:
        self.slot = slot
        self.health = health
        self.probes = probes
        self.reported = reported


class SharedBoard(Board):
    """The verdicts on all endpoints, agreed with the other workers once ``attach`` was called.

    ``keys`` gives for each endpoint the name of its slot, the same for all workers that have the
    same endpoint. ``clock`` is monotonic seconds, the same for all processes of the host. Every
    method may be called from any thread.
    """

    def __init__(
        self,
        keys: Mapping[str, str],
        settings: HealthSettings,
        *,
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(keys, settings, wall=wall)
        self._keys = dict(keys)
        self._settings = settings
        self._clock = clock
        self._slate: Slate | None = None
        self._words: Sequence[int] | memoryview = (0,) * (VERSION + 1)
        self._seen = 0
        self._term = 0
        self._slots: dict[str, int] = {}
        self._records: dict[str, tuple[int, int]] = {}
        """The number of the last record adopted of each endpoint, and the probes counted there."""
        self._opened: dict[str, int] = {}
        """Endpoints whose breaker this worker opened itself, with the probes counted until then."""
        self._published: dict[str, _Published] = {}
        self._attended = clock()

    # --- reading ---

    def down(self, name: str) -> str | None:
        """Return why an endpoint is down, in words ("down: connection refused"), or None."""
        if self._words[VERSION] != self._seen:
            self.refresh()
        return self._downs.get(name)

    def downs(self) -> Mapping[str, str]:
        """Return all endpoints that are down with the reason; the mapping never changes."""
        if self._words[VERSION] != self._seen:
            self.refresh()
        return self._downs

    def usual_latency(self, name: str) -> float | None:
        """Return the usual time of an answer in seconds, None when it is not known."""
        if self._words[VERSION] != self._seen:
            self.refresh()
        return self._health[name].usual_latency

    def snapshot(self) -> Mapping[str, Verdict]:
        """Return what is believed of every endpoint, in the order of configuration."""
        self.refresh()
        return super().snapshot()

    def next_probe(self, name: str, now: float) -> float:
        """Return when to probe an endpoint next, after a probe that ended ``now``."""
        published = self._published.get(name)
        return super().next_probe(name, now) if published is None else published.health.next_probe(now)

    def refresh(self) -> None:
        """Adopt what the leader published since the last time."""
        changes: list[tuple[str, Verdict, Verdict]] = []
        with self._lock:
            if self._slate is None:
                return
            self._words = self._slate.words
            self._seen = self._words[VERSION]
            if self._slate.term != self._term:
                self._meet(self._slate)
            for name, slot in self._slots.items():
                change = self._adopt(self._slate, name, slot)
                if change is not None:
                    changes.append((name, *change))
            watchers = self._watchers
        for name, before, after in changes:
            if after.state is not before.state:
                for watcher in watchers:
                    watcher(name, after)

    # --- events ---

    def probe_ok(self, name: str, latency: float) -> None:
        """Note a good probe that took ``latency`` seconds; the leader publishes it."""
        if not self._publish_probe(name, lambda health: health.probe_ok(latency), latency):
            super().probe_ok(name, latency)

    def probe_failed(self, name: str, reason: str, kind: Kind = Kind.FAILED) -> None:
        """Note a probe that failed, with the reason in words; the leader publishes it."""
        if not self._publish_probe(name, lambda health: health.probe_failed(reason, kind), None):
            super().probe_failed(name, reason, kind)

    def _note(self, name: str, event: Callable[[Health], None]) -> None:
        with self._lock:
            before, after = self._change(name, event)
            opened = after.state is State.DOWN and before.state is not State.DOWN
            if opened:
                self._opened[name] = self._records.get(name, (0, 0))[1]
                self._report(name)
            elif after.state is not State.DOWN:
                self._opened.pop(name, None)
        self._announce(name, before, after)

    def _tell(self, name: str, before: Verdict, after: Verdict) -> None:
        """Log what was decided here; what the leader decided is in the leader's log."""

    # --- one worker among others ---

    def attach(self, directory: Path) -> None:
        """Share the verdicts with all processes that do so in this directory. Raises ConfigError."""
        slate = Slate.open(directory)
        with self._lock:
            if self._slate is not None:
                self._slate.close()
            self._slate = slate
            self._published = {}
            self._slots, self._records = {}, {}
            self._opened = dict.fromkeys(self._opened, 0)
            self._term = -1 if slate.age(self._clock()) <= STALE else slate.term
            self._attended = self._clock()
        self.refresh()

    def replaced(self) -> bool:
        """Say whether other processes use another file by now; ``attach`` again then."""
        return self._slate is not None and self._slate.replaced()

    def attended(self) -> bool:
        """Say whether some leader watches all endpoints of this worker, or did so a moment ago.

        "A moment" is ``STALE`` seconds. Where it is not so, the worker has to probe for itself.
        """
        with self._lock:
            slate, now = self._slate, self._clock()
            if slate is not None and slate.age(now) <= STALE:
                slots = self._slots
                if len(slots) == len(self._keys) and all(slate.watched(slot) for slot in slots.values()):
                    self._attended = now
            return now - self._attended <= STALE
