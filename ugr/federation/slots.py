# SPDX-License-Identifier: Apache-2.0
"""Endpoint names as small numbers, so that a set of endpoints is one integer.

Knows: names and bits. A name keeps its bit for the life of the process, and a bit is never given
to another name, so that what a cache remembers survives a change of configuration.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable


class Slots:
    """An append-only table of names; safe to use from any thread."""

    def __init__(self) -> None:
        self._bits: dict[str, int] = {}
        self._names: list[str] = []
        self._lock = threading.Lock()

    def bit(self, name: str) -> int:
        """Return the one-bit mask of a name, giving it a new bit when it has none."""
        known = self._bits.get(name)
        if known is None:
            with self._lock:
                known = self._bits.get(name)
                if known is None:
                    known = 1 << len(self._names)
                    self._names.append(name)
                    self._bits[name] = known
        return known

    def mask(self, names: Iterable[str]) -> int:
        """Return the union of the bits of some names."""
        mask = 0
        for name in names:
            mask |= self.bit(name)
        return mask

    def names(self, mask: int) -> tuple[str, ...]:
        """Return the names in a mask, oldest slot first."""
        found = []
        while mask:
            low = mask & -mask
            found.append(self._names[low.bit_length() - 1])
            mask ^= low
        return tuple(found)
