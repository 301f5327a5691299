# SPDX-License-Identifier: Apache-2.0
"""Processes that write and read shared memory as fast as they can; run by ``test_hammering``.

``python -m tests.integration.workers.hammer ROLE DIRECTORY SECONDS`` prints what it did as JSON. Every
field of a record follows from one number, so that a reader knows a record that was not written whole.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ugr.federation.generations import Generations
from ugr.federation.health import State, Verdict
from ugr.federation.slate import Record, Slate

NAMES = ("a", "b")


def record(number: int) -> Record:
    """Return the record of a number."""
    state = (State.UNKNOWN, State.UP, State.DOWN)[number % 3]
    reason = f"down: {number} " + chr(97 + number % 26) * (number % 290) if state is State.DOWN else None
    return Record(Verdict(state, reason, float(number), float(-number)), number, number + 1, number + 0.5)


def write(directory: Path, end: float) -> dict[str, int]:
    """Be the leader: write records of growing numbers."""
    slate = Slate.open(directory)
    slots = slate.begin_term(NAMES)
    found = slate.read(slots["a"])
    number = 0 if found is None else found[1].probes
    first = number
    while time.monotonic() < end:
        number += 1
        for slot in slots.values():
            slate.write(slot, record(number))
    return {"written": number - first}


def read(directory: Path, end: float) -> dict[str, int]:
    """Read all the time; count what was read, what was not whole, and what went backwards."""
    slate = Slate.open(directory)
    counts = {"read": 0, "torn": 0, "none": 0, "backwards": 0, "different": 0}
    last = dict.fromkeys(NAMES, 0)
    while time.monotonic() < end:
        for name, slot in slate.slots(NAMES).items():
            found = slate.read(slot)
            if found is None:
                counts["none"] += 1
                continue
            number = found[1].probes
            counts["read"] += 1
            counts["torn"] += found[1] != record(number)
            counts["backwards"] += number < last[name]
            counts["different"] += number != last[name]
            last[name] = number
    return counts


def bump(directory: Path, end: float) -> dict[str, int]:
    """Change one path all the time; count the changes, and those after which it read as before."""
    generations = Generations()
    generations.open(directory)
    counts = {"bumped": 0, "lost": 0}
    while time.monotonic() < end:
        before = generations.of("/d/f")
        generations.bump("/d/f")
        counts["bumped"] += 1
        counts["lost"] += generations.of("/d/f") == before
    return counts


ROLES: dict[str, Callable[[Path, float], dict[str, int]]] = {"write": write, "read": read, "bump": bump}

if __name__ == "__main__":
    role, directory, seconds = sys.argv[1:]
    sys.stdout.write(json.dumps(ROLES[role](Path(directory), time.monotonic() + float(seconds))))
