# SPDX-License-Identifier: Apache-2.0
"""L1: what this worker remembers of names and listings.

Knows: entries, times, bounds. Refuses to know: endpoints' answers (``merge`` made the entries),
URLs (they are built and signed for each answer).

The event loop owns the cache: only it writes. Any thread may read an immutable entry by a dict
look-up, and reports the hit through a bounded ring, so that the loop can extend the entry's life.
Entries are invisible to the garbage collector (msgspec, ``gc=False``), so a million of them does
not make collections slow.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable

import msgspec

from ugr.config.settings import CacheSettings
from ugr.federation.generations import Generations
from ugr.model import FileInfo


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One name: present or absent, and on which endpoints (masks of ``Slots``).

    ``size`` is bytes and -1 for a directory; ``mtime`` seconds since 1970. ``excluded`` pairs the
    endpoints whose copies contradict the others with the reason. ``covered`` are the endpoints
    that said something definite. ``elsewhere`` pairs the holders that have it at another path than
    the first that their mount gives with that path. ``filled`` and ``expires`` are monotonic seconds. ``generation``
    is that of the path when the question was asked.
    """

    present: bool
    covered: int
    filled: float
    expires: float
    directory: bool = False
    size: int = -1
    mtime: float | None = None
    checksums: tuple[tuple[str, str], ...] = ()
    holders: int = 0
    excluded: tuple[tuple[str, str], ...] = ()
    unasked: int = 0
    silent: int = 0
    generation: int = 0
    elsewhere: tuple[tuple[str, str], ...] = ()

    @property
    def partial(self) -> bool:
        """Say whether it should be asked again soon: somebody was silent or not asked, or copies differ."""
        return bool(self.silent or self.unasked or self.excluded)


class CachedListing:
    """A whole merged directory, remembered; immutable once stored.

    ``generation`` is that of the directory when the question was asked.
    """

    __slots__ = ("entries", "expires", "filled", "generation", "missing", "truncated", "unasked")

    def __init__(
        self,
        entries: tuple[FileInfo, ...],
        unasked: tuple[str, ...],
        missing: dict[str, str],
        truncated: dict[str, int],
        filled: float,
        expires: float,
        generation: int = 0,
    ) -> None:
        self.entries = entries
        self.unasked = unasked
        self.missing = missing
        self.truncated = truncated
        self.filled = filled
        self.expires = expires
        self.generation = generation

    @property
    def partial(self) -> bool:
        """Say whether it misses something of an endpoint."""
        return bool(self.unasked or self.missing or self.truncated)


class Cache:
    """A young and an old half of the entries, and the listings, each bounded by ``max_entries`` names.

    A full young half becomes the old one, whose unused entries are forgotten with it; that bounds
    memory without bookkeeping per look-up. What was learnt before a path changed, on any worker
    that shares ``generations``, is not given out any more.
    """

    def __init__(
        self,
        settings: CacheSettings,
        clock: Callable[[], float] = time.monotonic,
        generations: Generations | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.generations = generations or Generations()
        self._half = _half(settings)
        self._young: dict[str, Entry] = {}
        self._old: dict[str, Entry] = {}
        self._listings: OrderedDict[str, CachedListing] = OrderedDict()
        self._listed = 0
        self._hits: deque[str] = deque(maxlen=8192)

    def configure(self, settings: CacheSettings) -> None:
        """Go on with other lifetimes and bounds; loop only. What is remembered keeps the life that it was given."""
        self.settings = settings
        self._half = _half(settings)

    def __len__(self) -> int:
        """Return the number of names remembered."""
        return len(self._young) + len(self._old)

    def peek(self, path: str) -> Entry | None:
        """Return the live entry of a path, or None; any thread."""
        entry = self._young.get(path)
        if entry is None:
            entry = self._old.get(path)
            if entry is None:
                return None
            self._hits.append(path)
        now = self.clock()
        if entry.expires <= now or entry.generation != self.generations.of(path):
            return None
        if entry.present and entry.expires - now < 0.5 * self.settings.ttl and not entry.partial:
            self._hits.append(path)
        return entry

    def lifetime(self, present: bool, partial: bool) -> float:
        """Return the seconds that a fresh entry lives when nobody asks for it again."""
        if partial:
            return min(self.settings.partial_ttl, self.settings.ttl if present else self.settings.negative_ttl)
        return min(self.settings.ttl, self.settings.max_ttl) if present else self.settings.negative_ttl

    def store(self, path: str, entry: Entry) -> None:
        """Remember an entry; loop only."""
        young = self._young
        if len(young) >= self._half and path not in young:
            self._old = young
            self._young = young = {}
        young[path] = entry
        self._old.pop(path, None)

    def forget(self, path: str) -> None:
        """Drop a path, its listing and its parent's listing, for all workers; loop only."""
        self.generations.bump(path)
        self._young.pop(path, None)
        self._old.pop(path, None)
        self._drop_listing(path)
        self._drop_listing(path.rpartition("/")[0] or "/")

    def clear(self) -> None:
        """Forget everything; loop only."""
        self._young = {}
        self._old = {}
        self.clear_listings()

    def settle(self) -> None:
        """Extend the lives of the entries that were used; loop only, called about once a second.

        An entry lives ``ttl`` after its last use, but never beyond ``max_ttl`` after it was found.
        """
        now = self.clock()
        ttl, max_ttl = self.settings.ttl, self.settings.max_ttl
        paths = {self._hits.popleft() for _ in range(len(self._hits))}
        for path in paths:
            entry = self._young.get(path) or self._old.get(path)
            if entry is None or entry.expires <= now or entry.generation != self.generations.of(path):
                continue
            if entry.present and not entry.partial:
                expires = min(now + ttl, entry.filled + max_ttl)
                if expires > entry.expires:
                    entry = msgspec.structs.replace(entry, expires=expires)
            self.store(path, entry)

    def listing(self, path: str) -> CachedListing | None:
        """Return the live listing of a directory, or None; loop only."""
        cached = self._listings.get(path)
        if cached is None:
            return None
        if cached.expires <= self.clock() or cached.generation != self.generations.of(path):
            self._drop_listing(path)
            return None
        self._listings.move_to_end(path)
        return cached

    def store_listing(self, path: str, listing: CachedListing) -> None:
        """Remember a listing unless it alone would fill the cache; loop only."""
        self._drop_listing(path)
        weight = len(listing.entries) + 1
        if weight > self.settings.max_entries:
            return
        self._listings[path] = listing
        self._listed += weight
        while self._listed > self.settings.max_entries:
            self._drop_listing(next(iter(self._listings)))

    def clear_listings(self) -> None:
        """Forget every listing, but not the files; loop only."""
        self._listings.clear()
        self._listed = 0

    def _drop_listing(self, path: str) -> None:
        dropped = self._listings.pop(path, None)
        if dropped is not None:
            self._listed -= len(dropped.entries) + 1


def _half(settings: CacheSettings) -> int:
    return max(1, settings.max_entries // 2)
