# SPDX-License-Identifier: Apache-2.0
"""Which of the things that memcached remembers may still be believed; pure.

Knows: journals, the numbers of their records, what each record makes doubtful. Refuses to know:
memcached, clocks, values.

Each memcached has a journal of its own, numbered records of what was changed, and every change is
written into all of them. An answer that is kept in a memcached says up to which record of its journal the
author had read *when it asked*. Whoever knows of a later record about that path does not believe
it: it may have been asked before the change. Numbers begin anywhere, so that those of a journal that was
lost mean nothing to the one that follows it.

A change that was heard from one memcached and not yet from another (which was away, and may come
back with what it held before) makes what the other has of that path doubtful until it tells of the
change as well.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence

MOST_DOUBTS = 65536
"""Paths of which a journal remembers a record or a doubt; with more, everything before now is forgotten."""

MOST_CHANGES = 8192
"""Changes that are remembered to be told apart."""

EVERYTHING = b""
"""Stands for the digests of all paths."""

LONGEST_GAP = 512
"""Records that may be read to catch up; who is further behind begins anew."""


class Journal:
    """What one worker has read of one memcached's journal.

    ``position`` is the number of the last record that was read, None before anything is known.
    What was asked before the record ``floor`` was read is not believed.
    """

    def __init__(self) -> None:
        self.position: int | None = None
        self.floor = 0
        self._last: dict[bytes, int] = {}
        self._doubts: dict[bytes, dict[int, float]] = {}

    def behind(self, head: int) -> range | None:
        """Return the numbers of the records that are to be read, ``head`` being the last there is.

        None: this is another journal than before, or the gap is too long; ``begin`` anew.
        """
        if self.position is None or not 0 <= head - self.position <= LONGEST_GAP:
            return None
        return range(self.position + 1, head + 1)

    def begin(self, position: int, floor: int) -> None:
        """Go on from a record, knowing all from ``floor`` on; doubts stay."""
        self.position = position
        self.floor = floor
        self._last.clear()

    def believes(self, digest: bytes, position: int) -> bool:
        """Say whether an answer about a path is newer than all that is known to have changed there."""
        return (
            self.position is not None
            and max(self.floor, self._last.get(digest, 0)) <= position <= self.position
            and digest not in self._doubts
            and EVERYTHING not in self._doubts
        )

    def wrote(self, number: int, digests: Iterable[bytes], change: int) -> None:
        """Note that a record says of a change."""
        for digest in digests:
            if digest == EVERYTHING:
                self.floor = max(self.floor, number)
            self._last[digest] = number
            doubts = self._doubts.get(digest)
            if doubts is not None and doubts.pop(change, None) is not None and not doubts:
                del self._doubts[digest]
        if len(self._last) > MOST_DOUBTS:
            self.floor = number
            self._last.clear()

    def doubt(self, digests: Iterable[bytes], change: int, now: float) -> None:
        """Note that another journal tells of a change which this one has not told of."""
        for digest in digests:
            self._doubts.setdefault(digest, {})[change] = now
        if len(self._doubts) > MOST_DOUBTS:
            self._doubts.clear()
            if self.position is not None:
                self.floor = self.position + 1

    def settle(self, before: float) -> None:
        """Drop the doubts from before a time: what they were about has expired."""
        for digest, doubts in list(self._doubts.items()):
            for change, since in list(doubts.items()):
                if since < before:
                    del doubts[change]
            if not doubts:
                del self._doubts[digest]


class Library:
    """The journals of all memcached servers together: a change is one change, whichever tells of it."""

    def __init__(self, count: int) -> None:
        self.journals = tuple(Journal() for _ in range(count))
        self._told: OrderedDict[int, set[int]] = OrderedDict()

    def heard(self, journal: int, number: int, change: int, digests: Sequence[bytes], now: float) -> bool:
        """Note a record of one journal; say whether its change was not known before."""
        tellers = self._told.get(change)
        fresh = tellers is None
        if tellers is None:
            tellers = self._told[change] = set()
            if len(self._told) > MOST_CHANGES:
                self._told.popitem(last=False)
            for other, doubtful in enumerate(self.journals):
                if other != journal:
                    doubtful.doubt(digests, change, now)
        tellers.add(journal)
        self.journals[journal].wrote(number, digests, change)
        return fresh
