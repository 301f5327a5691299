# SPDX-License-Identifier: Apache-2.0
"""The step between what this worker remembers and asking the endpoints: what all hosts remember.

Knows: that one look in L2 serves everybody of this worker who has the question, waiting for
whoever asks already, filling L1. Refuses to know: memcached, flights. Loop only.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection

from ugr.call import Call
from ugr.federation.cache import Cache, CachedListing, Entry
from ugr.federation.routes import Eligible
from ugr.federation.shared import Claimed, Positions, SharedCache
from ugr.federation.wire import Names, frame

log = logging.getLogger("ugr.cache")

LOOK_EVERY = 0.02
"""Seconds between two looks for an answer that somebody else asks for."""

LONGEST_WAIT = 0.25
"""Seconds that somebody else's answer is waited for; then the endpoints are asked."""


class Recall:
    """L2 in front of the endpoints of one worker."""

    def __init__(self, shared: SharedCache, cache: Cache, names: Names) -> None:
        self._shared = shared
        self._cache = cache
        self._names = names
        self._looks: dict[str, asyncio.Future[Entry | None]] = {}
        self._held: set[str] = set()

    def positions(self) -> Positions:
        """Return what is to be kept of the moment at which a question is asked."""
        return self._shared.positions()

    async def fill(self, path: str, call: Call) -> Entry | None:
        """Put what all hosts remember of a path into L1, and return it; None when there is nothing."""
        looking = self._looks.get(path)
        if looking is not None:
            await asyncio.wait((looking,), timeout=call.remaining())
            return looking.result() if looking.done() else None
        looking = self._looks[path] = asyncio.get_running_loop().create_future()
        entry = None
        try:
            entry = await self._look(path, call)
        except Exception as error:  # nothing that is remembered is needed for an answer: the endpoints are asked
            log.error("what all hosts remember cannot be read", exc_info=error)
        finally:
            del self._looks[path]
            looking.set_result(entry)
        return entry

    def landed(self, path: str, entry: Entry | None, positions: Positions) -> None:
        """Let everybody know what was found, None when that is not worth remembering."""
        held = path in self._held
        self._held.discard(path)
        self._shared.keep(path, entry, positions, held=held)

    async def announce(self, path: str) -> None:
        """Let all hosts know that a path changed, after it did."""
        await self._shared.announce(path)

    async def listing(self, path: str, eligible: Eligible, virtual: Collection[str]) -> CachedListing | None:
        """Return a listing that all hosts remember, and put it into L1; None when there is none."""
        asked = self._frame(eligible, virtual)
        listing = None if asked is None else await self._shared.recall_listing(path, asked)
        if listing is not None:
            self._cache.store_listing(path, listing)
        return listing

    def keep_listing(
        self, path: str, listing: CachedListing, positions: Positions, eligible: Eligible, virtual: Collection[str]
    ) -> None:
        """Let everybody know of a listing."""
        asked = self._frame(eligible, virtual)
        if asked is not None:
            self._shared.keep_listing(path, listing, positions, asked)

    def _frame(self, eligible: Eligible, virtual: Collection[str]) -> bytes | None:
        return frame(self._names, (route.endpoint for route in eligible.listers), virtual)

    async def _look(self, path: str, call: Call) -> Entry | None:
        loop = asyncio.get_running_loop()
        until = loop.time() + min(LONGEST_WAIT, call.remaining())
        while True:
            found = await self._shared.recall(path)
            if isinstance(found, Entry):
                self._cache.store(path, found)
                return found
            if isinstance(found, Claimed):
                if found.held:
                    self._held.add(path)
                return None
            # what this worker itself is asking was asked before a change, or it would be joined
            if path in self._held or loop.time() + LOOK_EVERY > until:
                return None
            await asyncio.sleep(LOOK_EVERY)
