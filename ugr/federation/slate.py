# SPDX-License-Identifier: Apache-2.0
"""The slate: what the host's leader found of every endpoint, in memory that all workers read.

Knows: slots, records, terms, and how to read without locks what another process may be writing.
Refuses to know: probing, who becomes leader, what a worker makes of a verdict.

Only the leader writes. Each slot holds two records; the leader writes the one that is not in use,
then advances the slot's number, whose lowest bit says which record is. A reader who finds the
number unchanged after copying has a whole record; one that was killed in the middle of writing
leaves the old record in use. Each record carries its number and a checksum, so that neither the
memory model of the machine nor a foreign hand can make half a record pass for a whole one.

A slot keeps its name as long as the file lives; the file grows by slots. The word ``report`` of a
slot is the only one that everybody writes: any change of it means "look at this endpoint".
"""

from __future__ import annotations

import math
import os
import secrets
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from ugr.federation.health import State, Verdict
from ugr.federation.mapped import WORD, Layout, MappedFile

FILE = "board"
"""Name of the file in ``runtime_dir``."""

VERSION = 8
"""The word that changes with whatever the leader writes but its heartbeat."""

_COUNT, _TERM, _HEARTBEAT, _LEADER = 9, 10, 11, 12
_FIRST = 4096
_SLOT = 1024
_CHUNK = 64
"""Slots by which the file grows."""

_NUMBER, _REPORT, _WATCHED = 0, 1, 2
"""The words at the start of a slot."""

_NAME = 3 * WORD
_RECORDS = 224
_RECORD = (_SLOT - _RECORDS) // 2
LONGEST_NAME = _RECORDS - _NAME - 1
"""Bytes of a slot's name."""

_HEAD = struct.Struct("=IHBxQQQddd")
_SUM = 4
"""Bytes of the checksum, which covers all that follows it."""

LONGEST_REASON = _RECORD - _HEAD.size
"""Bytes of UTF-8 that are kept of a reason."""

_STATES = (State.UNKNOWN, State.UP, State.DOWN)
_LAYOUT = Layout(
    b"ugrboard", 1, _FIRST + _CHUNK * _SLOT, extent=lambda words: _FIRST + words[_COUNT] * _SLOT
)
_ATTEMPTS = 16


@dataclass(frozen=True, slots=True)
class Record:
    """What the leader wrote of one endpoint.

    ``probes`` counts its probes so far, whoever was leader; ``streak`` the good ones since the last
    failure; ``probe`` is the seconds of the last one, None when it failed or there was none.
    """

    verdict: Verdict
    probes: int = 0
    streak: int = 0
    probe: float | None = None


class Slate:
    """The mapped file. Reading is safe anywhere; what is marked so is for the leader."""

    def __init__(self, file: MappedFile) -> None:
        self._file = file
        self._names: list[str] = []

    @classmethod
    def open(cls, directory: Path) -> Slate:
        """Open or make the slate of a directory. Raises ConfigError."""
        return cls(MappedFile.open(directory / FILE, _LAYOUT))

    @property
    def words(self) -> memoryview:
        """The file as words; ``words[VERSION]`` is the one to watch."""
        return self._file.words

    @property
    def term(self) -> int:
        """A number that every leader advances when it begins."""
        return self._file.words[_TERM]

    @property
    def leader(self) -> int:
        """The process id of the last leader, 0 when there was none."""
        return self._file.words[_LEADER]

    def replaced(self) -> bool:
        """Say whether other processes use another file by now."""
        return self._file.replaced()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    # --- slots ---

    def slots(self, names: Iterable[str]) -> dict[str, int]:
        """Return the slots of those names that have one."""
        known = {name: slot for slot, name in enumerate(self._read_names())}
        return {name: known[name] for name in names if name in known}

    def watched(self, slot: int) -> bool:
        """Say whether the last leader watches this slot's endpoint."""
        return self._word(slot, _WATCHED) == self.term

    def number(self, slot: int) -> int:
        """Return the number of the slot's record; it changes when the record does."""
        return self._word(slot, _NUMBER)

    def read(self, slot: int) -> tuple[int, Record] | None:
        """Return the slot's record and its number, None when there is no whole one."""
        for _ in range(_ATTEMPTS):
            number = self._word(slot, _NUMBER)
            start = _start(slot, number)
            raw = bytes(self._file.memory[start : start + _RECORD])
            record = _unpack(number, raw)
            if record is not None and self._word(slot, _NUMBER) == number:
                return number, record
        return None

    def report(self, slot: int) -> None:
        """Have the leader look at this endpoint; any process."""
        self._set(slot, _REPORT, secrets.randbits(64))

    def reported(self, slot: int) -> int:
        """Return a word that changes with every report."""
        return self._word(slot, _REPORT)

    def age(self, now: float) -> float:
        """Return the seconds since the leader's last sign of life; ``now`` is monotonic seconds."""
        return abs(now - self._file.words[_HEARTBEAT] / 1e9)

    # --- the leader ---

    def begin_term(self, names: Iterable[str]) -> dict[str, int]:
        """Begin a term that watches these endpoints, giving new names new slots; leader only. Raises OSError."""
        known = self._read_names()
        slots = {name: slot for slot, name in enumerate(known)}
        for name in names:
            if name not in slots:
                slots[name] = self._add(name)
        term = self.term + 1
        watched = {name: slots[name] for name in names}
        for slot in watched.values():
            self._set(slot, _WATCHED, term)
        self._file.words[_LEADER] = os.getpid()
        self._file.words[_TERM] = term
        self._advance()
        return watched

    def write(self, slot: int, record: Record) -> None:
        """Publish a record; leader only."""
        number = self._word(slot, _NUMBER) + 1
        raw = _pack(number, record)
        start = _start(slot, number)
        self._file.memory[start : start + len(raw)] = raw
        self._set(slot, _NUMBER, number)
        self._advance()

    def beat(self, now: float) -> None:
        """Give a sign of life at ``now`` (monotonic seconds, the same for all processes); leader only."""
        self._file.words[_HEARTBEAT] = int(now * 1e9)

    def _add(self, name: str) -> int:
        slot = self._file.words[_COUNT]
        end = _FIRST + (slot + 1) * _SLOT
        if end > len(self._file.memory):
            self._file.grow(end + (_CHUNK - 1) * _SLOT)
        raw = name.encode()
        at = _FIRST + slot * _SLOT + _NAME
        self._file.memory[at : at + 1 + len(raw)] = bytes((len(raw),)) + raw
        self._file.words[_COUNT] = slot + 1
        self._names.append(name)
        return slot

    def _advance(self) -> None:
        self._file.words[VERSION] += 1

    # --- words and names ---

    def _read_names(self) -> list[str]:
        """Return the names of all slots, reading those that are new."""
        count = self._file.words[_COUNT]
        if _FIRST + count * _SLOT > len(self._file.memory):
            self._file.remap()
        count = min(count, (len(self._file.memory) - _FIRST) // _SLOT)
        for slot in range(len(self._names), count):
            at = _FIRST + slot * _SLOT + _NAME
            length = self._file.memory[at]
            self._names.append(bytes(self._file.memory[at + 1 : at + 1 + length]).decode(errors="replace"))
        return self._names

    def _word(self, slot: int, which: int) -> int:
        return self._file.words[(_FIRST + slot * _SLOT) // WORD + which]

    def _set(self, slot: int, which: int, value: int) -> None:
        self._file.words[(_FIRST + slot * _SLOT) // WORD + which] = value


def _start(slot: int, number: int) -> int:
    return _FIRST + slot * _SLOT + _RECORDS + (number & 1) * _RECORD


def _pack(number: int, record: Record) -> bytes:
    verdict = record.verdict
    reason = b"" if verdict.reason is None else _shortened(verdict.reason)
    head = _HEAD.pack(
        0,
        len(reason),
        _STATES.index(verdict.state),
        number,
        record.probes,
        record.streak,
        _or_nan(verdict.latency),
        verdict.since,
        _or_nan(record.probe),
    )
    raw = head[_SUM:] + reason
    return crc32(raw).to_bytes(_SUM, sys.byteorder) + raw


def _unpack(number: int, raw: bytes) -> Record | None:
    """Return what was packed with this number, None when that is not what is there."""
    checksum, length, state, packed, probes, streak, latency, since, probe = _HEAD.unpack_from(raw)
    end = _HEAD.size + length
    if packed != number or end > len(raw) or crc32(raw[_SUM:end]) != checksum:
        return None
    reason = raw[_HEAD.size : end].decode(errors="replace") if length else None
    return Record(Verdict(_STATES[state], reason, _or_none(latency), since), probes, streak, _or_none(probe))


def _shortened(reason: str) -> bytes:
    raw = reason.encode(errors="replace")
    if len(raw) <= LONGEST_REASON:
        return raw
    return raw[: LONGEST_REASON - 3].decode(errors="ignore").encode() + "…".encode()


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
