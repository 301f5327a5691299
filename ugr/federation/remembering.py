# SPDX-License-Identifier: Apache-2.0
"""What of an answer is worth remembering, and for how long.

Knows: answers and cache entries. Refuses to know: asking, choosing. Loop only.

What was learnt before a change is never kept after it: a change, on any worker of the host, gives
the path another generation, and an answer to a question asked before that is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping

from ugr.config.settings import CacheSettings
from ugr.errors import Conflict
from ugr.federation.answers import EndpointAnswer
from ugr.federation.cache import Cache, CachedListing, Entry
from ugr.federation.listing import FreshListing
from ugr.federation.merge import merge
from ugr.federation.routes import Eligible
from ugr.federation.slots import Slots
from ugr.model import Result

SLICE = 1000
"""Entries stored before the loop gets its turn again."""


def elsewhere(answers: Iterable[EndpointAnswer]) -> tuple[tuple[str, str], ...]:
    """Return the endpoints that have a name at another path than the first that their mount gives, and that path."""
    return tuple((answer.endpoint, answer.path) for answer in answers if answer.path is not None)


class Keeper:
    """The one writer of the cache."""

    def __init__(self, cache: Cache, slots: Slots, settings: CacheSettings) -> None:
        self._cache = cache
        self._slots = slots
        self._settings = settings
        self._tasks: set[asyncio.Task[None]] = set()
        self._retired = False

    def retire(self) -> None:
        """Keep nothing any more: another configuration has taken over, of which this is not true."""
        self._retired = True

    def generation(self, path: str) -> int:
        """Return the generation of a path, to be taken when a question is asked."""
        return self._cache.generations.of(path)

    def forget(self, path: str) -> None:
        """Drop a path and its directory's listing, and whatever is being learnt of them now, on all workers."""
        self._cache.forget(path)

    def keep(
        self, path: str, answers: Collection[EndpointAnswer], unasked: Mapping[str, str], generation: int
    ) -> Entry | None:
        """Remember what all endpoints said of one name, and return it; a silence without a find is not remembered."""
        if self._retired or generation != self.generation(path):
            return None
        try:
            merged = merge(path, answers)
        except Conflict:
            return None
        silent = [
            answer.endpoint
            for answer in answers
            if answer.result in (Result.DENIED, Result.FAILED, Result.TIMED_OUT)
        ]
        if merged is None and silent:
            return None
        mask = self._slots.mask
        now = self._cache.clock()
        doubtful = bool(silent or unasked or (merged is not None and merged.excluded))
        life = self._cache.lifetime(merged is not None, doubtful)
        covered = mask(answer.endpoint for answer in answers) & ~mask(silent)
        if merged is None:
            entry = Entry(False, covered, now, now + life, unasked=mask(unasked), generation=generation)
        else:
            info = merged.info
            entry = Entry(
                True,
                covered,
                now,
                now + life,
                directory=info.directory,
                size=-1 if info.size is None else info.size,
                mtime=info.mtime,
                checksums=tuple(sorted(info.checksums.items())),
                holders=mask(merged.holders),
                excluded=tuple((item.endpoint, item.reason) for item in merged.excluded),
                unasked=mask(unasked),
                silent=mask(silent),
                elsewhere=elsewhere(answers),
                generation=generation,
            )
        self._cache.store(path, entry)
        return entry

    def keep_listing(
        self, listing: FreshListing, eligible: Eligible, virtual: Collection[str], generation: int
    ) -> CachedListing | None:
        """Remember a listing that was read to its end, and each file in it; return the listing.

        Files are remembered only when the listing misses nothing and the endpoints that list are
        those that are read: only then is "not listed there" the same as "not there".
        """
        if self._retired or generation != self.generation(listing.path):
            return None
        now = self._cache.clock()
        whole = not (listing.unasked or listing.shortfall.missing or listing.shortfall.truncated)
        life = self._settings.listing_ttl if whole else min(self._settings.partial_ttl, self._settings.listing_ttl)
        kept = CachedListing(
            tuple(listing.seen.values()),
            listing.unasked,
            dict(listing.shortfall.missing),
            dict(listing.shortfall.truncated),
            now,
            now + life,
            generation,
        )
        self._cache.store_listing(listing.path, kept)
        if whole and eligible.listing_tells and eligible.asked_mask == eligible.listers_mask:
            task = asyncio.get_running_loop().create_task(self._fill(listing, eligible, set(virtual), generation))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return kept

    async def _fill(self, listing: FreshListing, eligible: Eligible, virtual: set[str], generation: int) -> None:
        prefix = "/" if listing.path == "/" else listing.path + "/"
        bits = {bit: self._slots.bit(name) for name, bit in listing.asked().items()}
        masks: dict[int, int] = {}
        now = self._cache.clock()
        life = self._cache.lifetime(True, False)
        for count, (name, info) in enumerate(listing.seen.items(), 1):
            if count % SLICE == 0:
                await asyncio.sleep(0)
            path = prefix + name
            # in this order: a change of the path gives the directory its new generation first
            of_path = self.generation(path)
            if self._retired or generation != self.generation(listing.path):
                return
            if name in virtual or name in listing.contradicted or (info.size is None and not info.directory):
                continue
            tellers = listing.tellers[name]
            holders = masks.get(tellers)
            if holders is None:
                holders = masks[tellers] = sum(bits[bit] for bit in bits if bit & tellers)
            known = self._cache.peek(path)
            if known is not None and known.present and not known.partial:
                continue
            self._cache.store(
                path,
                Entry(
                    True,
                    eligible.asked_mask,
                    now,
                    now + life,
                    directory=info.directory,
                    size=-1 if info.size is None else info.size,
                    mtime=info.mtime,
                    checksums=tuple(sorted(info.checksums.items())),
                    holders=holders,
                    generation=of_path,
                ),
            )
