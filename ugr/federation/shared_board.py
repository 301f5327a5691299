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

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ugr.config.settings import HealthSettings
from ugr.federation.board import Board, tell
from ugr.federation.health import Health, Kind, State, Verdict
from ugr.federation.slate import VERSION, Record, Slate

STALE = 5.0
"""Seconds without a sign of life after which the leader is taken for stuck; a dead one is followed at once."""


HERE = ", for this worker"

_NO_RECORD = Record(Verdict(State.UNKNOWN, None, None, 0.0))


@dataclass(slots=True)
class _Published:
    """What the leader keeps of one endpoint: its health by probes alone, and the last report of it."""

    slot: int
    health: Health
    probes: int
    reported: int


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
        self._adopted: dict[str, int] = {}
        """The number of the last record of each endpoint that was looked at."""
        self._opened: dict[str, int] = {}
        """Endpoints whose breaker this worker opened itself, with the probes counted until then."""
        self._published: dict[str, _Published] = {}
        """What this worker publishes; empty unless it leads."""
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

    def doubted(self, name: str) -> bool:
        """Say whether questions of this host failed at an endpoint, so that only its own probes tell."""
        published = self._published.get(name)
        return super().doubted(name) if published is None else published.health.doubted

    def refresh(self) -> None:
        """Adopt what the leader published since the last time."""
        changes = []
        with self._lock:
            if self._slate is None:
                return
            self._words = self._slate.words
            self._seen = self._words[VERSION]
            if self._slate.term != self._term:
                self._meet_leader(self._slate)
            for name, slot in self._slots.items():
                change = self._adopt(self._slate, name, slot)
                if change is not None:
                    changes.append((name, *change))
        for name, before, after in changes:
            self._announce(name, before, after)

    # --- events ---

    def probe_ok(self, name: str, latency: float) -> None:
        """Note a good probe that took ``latency`` seconds; the leader publishes it."""
        if not self._publish(name, lambda health: health.probe_ok(latency), latency):
            super().probe_ok(name, latency)

    def probe_failed(self, name: str, reason: str, kind: Kind = Kind.FAILED) -> None:
        """Note a probe that failed, with the reason in words; the leader publishes it."""
        if not self._publish(name, lambda health: health.probe_failed(reason, kind), None):
            super().probe_failed(name, reason, kind)

    def _note(self, name: str, event: Callable[[Health], None]) -> None:
        """Let an event that is this worker's alone act on its own breaker."""
        with self._lock:
            before, after = self._change(name, event)
            if after.state is not State.DOWN:
                self._opened.pop(name, None)
            elif before.state is not State.DOWN:
                self._opened[name] = self._probes(name)
                self._report(name)
        tell(name, before, after, HERE)
        self._announce(name, before, after)

    # --- one worker among others ---

    def attach(self, directory: Path) -> None:
        """Share the verdicts with all processes that do so in this directory. Raises ConfigError.

        What a leader wrote who has not been heard of for ``STALE`` seconds is not believed.
        """
        slate = Slate.open(directory)
        with self._lock:
            if self._slate is not None:
                self._slate.close()
            self._slate = slate
            self._published, self._adopted = {}, {}
            self._opened = dict.fromkeys(self._opened, 0)
            self._attended = self._clock()
            self._meet_leader(slate)
            if slate.age(self._clock()) > STALE:
                self._adopted = {name: slate.number(slot) for name, slot in self._slots.items()}
        self.refresh()

    def replaced(self) -> bool:
        """Say whether other processes use another file by now; ``attach`` again then."""
        return self._slate is not None and self._slate.replaced()

    def attended(self) -> bool:
        """Say whether some leader watches all endpoints of this worker, or did within ``STALE`` seconds.

        Where it is not so, the worker has to probe for itself.
        """
        self.refresh()
        with self._lock:
            slate, now = self._slate, self._clock()
            if (
                slate is not None
                and slate.age(now) <= STALE
                and len(self._slots) == len(self._keys)
                and all(slate.watched(slot) for slot in self._slots.values())
            ):
                self._attended = now - slate.age(now)
            return now - self._attended <= STALE

    def lead(self) -> None:
        """Publish what probes find from now on, beginning with what is believed now. Raises OSError."""
        with self._lock:
            slate = self._attached()
            fresh = slate.age(self._clock()) <= STALE
            slots = slate.begin_term(self._keys.values())
            for name, key in self._keys.items():
                self._published[name] = self._resume(slate, name, slots[key], fresh)
            slate.beat(self._clock())
        self.refresh()

    def beat(self) -> list[str]:
        """Give a sign of life; return the endpoints that were reported since the last one. For the leader."""
        doubted = []
        with self._lock:
            slate = self._attached()
            slate.beat(self._clock())
            for name, published in self._published.items():
                reported = slate.reported(published.slot)
                if reported != published.reported:
                    published.reported = reported
                    published.health.doubt()
                    doubted.append(name)
        return doubted

    def follow(self) -> None:
        """Publish nothing any more."""
        with self._lock:
            self._published = {}

    # --- inside, under the lock ---

    def _attached(self) -> Slate:
        if self._slate is None:
            raise RuntimeError("the board is not attached to a directory")
        return self._slate

    def _meet_leader(self, slate: Slate) -> None:
        """Find the slots of a new term, and report again what only the old leader may have heard."""
        self._term = slate.term
        found = slate.slots(self._keys.values())
        self._slots = {name: found[key] for name, key in self._keys.items() if key in found}
        for name in self._opened:
            self._report(name)

    def _adopt(self, slate: Slate, name: str, slot: int) -> tuple[Verdict, Verdict] | None:
        """Believe a record that is new; return the verdicts before and after."""
        if slate.number(slot) == self._adopted.get(name, 0):
            return None
        found = slate.read(slot)
        if found is None:
            return None
        number, record = found
        self._adopted[name] = number
        opened = self._opened.get(name)
        if opened is not None:
            good = min(record.streak, record.probes - opened)
            if record.verdict.state is not State.DOWN and good < self._settings.recoveries:
                return None
            del self._opened[name]
        before, after = self._change(name, lambda health: health.adopt(record.verdict, record.probe))
        if opened is not None:
            tell(name, before, after, HERE)
        return before, after

    def _probes(self, name: str) -> int:
        """Return how often leaders have probed an endpoint."""
        found = self._slate.read(self._slots[name]) if self._slate is not None and name in self._slots else None
        return 0 if found is None else found[1].probes

    def _report(self, name: str) -> None:
        """Have the leader look at an endpoint, be it another process or this one."""
        published = self._published.get(name)
        if published is not None:
            published.health.doubt()
        elif self._slate is not None and name in self._slots:
            self._slate.report(self._slots[name])

    def _resume(self, slate: Slate, name: str, slot: int, fresh: bool) -> _Published:
        """Go on where the last leader ended; where it ended long ago, with what this worker believes."""
        found = slate.read(slot)
        record = _NO_RECORD if found is None else found[1]
        verdict = record.verdict if fresh and found is not None else self._health[name].verdict()
        health = Health(self._settings, wall=self._wall)
        health.adopt(verdict, None)
        slate.write(slot, Record(verdict, record.probes))
        return _Published(slot, health, record.probes, slate.reported(slot))

    def _publish(self, name: str, event: Callable[[Health], None], latency: float | None) -> bool:
        """Let a probe act on what is published; return False when this worker does not publish."""
        with self._lock:
            published = self._published.get(name)
            if published is None:
                return False
            health = published.health
            before = health.verdict()
            event(health)
            after = health.verdict()
            published.probes += 1
            probe = latency if health.streak else None
            self._attached().write(published.slot, Record(after, published.probes, health.streak, probe))
        tell(name, before, after)
        self.refresh()
        return True
