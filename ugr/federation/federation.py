# SPDX-License-Identifier: Apache-2.0
"""Ask, merge, remember, choose: one name over many endpoints.

Knows: guarded endpoints, the caches, flights, the rules of absence. Refuses to know: mounts and
rights (``ugr.namespace``), HTTP.

Coroutines run on the event loop. ``peek`` and ``redirect`` may be called from any thread.

The rules of truth: a name is absent only when every eligible endpoint said so; an endpoint that
was believed to be up and stayed silent, or refused the federation's own credentials, makes the
answer unknown (Unavailable). Endpoints known to be down are not asked and are named.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, BinaryIO

from ugr.call import Call
from ugr.config.settings import Settings
from ugr.errors import NotFound, UgrError, Unavailable
from ugr.federation.answers import (
    L1,
    L2,
    EndpointAnswer,
    Excluded,
    Explanation,
    Listing,
    Located,
    Redirection,
    Target,
)
from ugr.federation.asking import SILENT, Asking, all_answers, closest, everyone
from ugr.federation.cache import Cache, CachedListing, Entry
from ugr.federation.catalogued import Catalogues
from ugr.federation.flight import GRACE, Enough, Flight
from ugr.federation.guarded import GuardedEndpoint
from ugr.federation.listing import FreshListing, RememberedListing
from ugr.federation.merge import Merged, etag, merge
from ugr.federation.remembering import Keeper, elsewhere
from ugr.federation.routes import Eligible, Route
from ugr.federation.selection import Selection
from ugr.federation.slots import Slots
from ugr.model import FileInfo, Intent, Transfer

if TYPE_CHECKING:
    from ugr.federation.recalling import Recall

class Federation:
    """All endpoints of one worker, as one."""

    def __init__(
        self,
        guards: Mapping[str, GuardedEndpoint],
        selection: Selection,
        cache: Cache,
        slots: Slots,
        settings: Settings,
        downs: Callable[[], Mapping[str, str]],
        wall: Callable[[], float] = time.time,
        recall: Recall | None = None,
    ) -> None:
        self.guards = dict(guards)
        self.selection = selection
        self.settings = settings
        self.keeper = Keeper(cache, slots, settings.cache)
        self._cache = cache
        self._slots = slots
        self._downs = downs
        self._wall = wall
        self._recall = recall
        self._asking: dict[str, Asking] = {}
        self._catalogues = Catalogues(self.guards, downs)
        self._strict = frozenset(
            name for name, guard in self.guards.items() if (guard.options.absence or settings.ugr.absence) == "strict"
        )

    # --- finding -------------------------------------------------------------------------------

    def peek(self, path: str, eligible: Eligible) -> Located | None:
        """Return what is remembered, None when somebody must be asked; raise NotFound for an absence.

        Safe to call from any thread.
        """
        entry = self._cache.peek(path)
        return None if entry is None else self._told(path, eligible, entry, L1)

    def _back(self, unasked: Iterable[str]) -> bool:
        """Say whether an endpoint that was left out because it was down can be asked again."""
        downs = self._downs()
        return any(name not in downs for name in unasked)

    async def locate(self, path: str, eligible: Eligible, call: Call) -> Located:
        """Find a file for a client who will be sent to it: closest first.

        Answers as soon as no endpoint that is still silent could be placed better than the best
        that has it. Raises NotFound, Unavailable, Conflict.
        """
        client = self.selection.client(call.address)
        tiers = self.selection.tiers([route.endpoint for route in eligible.readers], client)
        return await self._find(path, eligible, call, closest(tiers, self.settings.selection.patience))

    async def stat(self, path: str, eligible: Eligible, call: Call) -> Located:
        """Describe a name from all endpoints that answer in their usual time.

        Raises NotFound, Unavailable, Conflict.
        """
        return await self._find(path, eligible, call, everyone(self.settings.selection.patience))

    async def _find(self, path: str, eligible: Eligible, call: Call, enough: Enough) -> Located:
        known = await self._known(path, eligible, call)
        if known is not None:
            return known
        asking = self._ask(path, eligible, call)
        loop = asyncio.get_running_loop()
        await asking.flight.wait(enough, loop.time() + call.remaining())
        return self._conclude(path, eligible, asking)

    async def _known(self, path: str, eligible: Eligible, call: Call) -> Located | None:
        """Return what this worker remembers, or all hosts do; None when somebody must be asked."""
        if call.via:
            return None
        known = self.peek(path, eligible)
        if known is not None or self._recall is None or path in self._asking:
            return known
        entry = await self._recall.fill(path, call)
        return None if entry is None else self._told(path, eligible, entry, L2)

    def _ask(self, path: str, eligible: Eligible, caller: Call) -> Asking:
        """Join the flight for this name, or start one; what was asked before a change answers nobody after it.

        A question of other federations is not answered by those that it came through, so what becomes
        of it answers nobody else, and is not remembered: they do that themselves.
        """
        via = caller.via
        generation = self.keeper.generation(path)
        key = f"{path}\0{via}" if via else path
        asking = self._asking.get(key)
        if asking is not None and asking.generation == generation:
            return asking
        asked, unasked = self._split(path, eligible.asked)
        call = Call.until(self.settings.ugr.deadline, id=caller.id, via=via)
        recall = None if via else self._recall
        positions = {} if recall is None else recall.positions()

        def landed(flight: Flight) -> None:
            if self._asking.get(key) is asking:
                del self._asking[key]
                entry = None if via else self.keeper.keep(path, flight.answers.values(), unasked, generation)
                if recall is not None:
                    recall.landed(path, entry, positions)

        asking = Asking(self._catalogues.flight(asked, unasked, eligible, call, landed), unasked, generation)
        self._asking[key] = asking
        return asking

    def _split(self, path: str, routes: Iterable[Route]) -> tuple[list[tuple[GuardedEndpoint, Target]], dict[str, str]]:
        """Part the routes into those to ask and those known to be down, with the reason."""
        asked: list[tuple[GuardedEndpoint, Target]] = []
        unasked: dict[str, str] = {}
        downs = self._downs()
        for route in routes:
            reason = downs.get(route.endpoint)
            if reason is None:
                asked.append((self.guards[route.endpoint], route.target(path)))
            else:
                unasked[route.endpoint] = reason
        return asked, unasked

    def _conclude(self, path: str, eligible: Eligible, asking: Asking) -> Located:
        """Say what the answers so far mean; raise NotFound, Unavailable or Conflict."""
        answers = all_answers(eligible.everybody(), asking)
        merged = merge(path, answers)
        silent = tuple(answer.endpoint for answer in answers if answer.result in SILENT)
        unasked = tuple(asking.unasked)
        if merged is not None:
            return self._located(path, eligible, merged, answers, unasked, silent, complete=asking.flight.done)
        failure = self._unknown(path, answers, unasked) if silent else self._absent(path, unasked)
        failure.answers = answers
        raise failure

    def _located(
        self,
        path: str,
        eligible: Eligible,
        merged: Merged,
        answers: tuple[EndpointAnswer, ...],
        unasked: tuple[str, ...],
        silent: tuple[str, ...],
        *,
        complete: bool,
    ) -> Located:
        return Located(
            path=path,
            info=merged.info,
            holders=eligible.holders(path, self._slots.mask(merged.holders), elsewhere(answers)),
            etag=etag(path, merged.info) if complete else None,
            excluded=merged.excluded,
            unasked=unasked,
            silent=silent,
            answers=answers,
        )

    def _told(self, path: str, eligible: Eligible, entry: Entry, level: str) -> Located | None:
        """Say what an entry means; None when somebody is to be asked whom it does not speak of."""
        if eligible.asked_mask & ~(entry.covered | entry.unasked | entry.silent):
            return None
        unasked = self._slots.names(entry.unasked)
        if self._back(unasked):
            return None
        if not entry.present:
            absent = self._absent(path, unasked)
            absent.level = level
            raise absent
        info = FileInfo(
            path.rpartition("/")[2],
            entry.directory,
            None if entry.directory else entry.size,
            entry.mtime,
            dict(entry.checksums),
        )
        return Located(
            path=path,
            info=info,
            holders=eligible.holders(path, entry.holders, entry.elsewhere),
            etag=etag(path, info),
            excluded=tuple(Excluded(name, reason) for name, reason in entry.excluded),
            unasked=unasked,
            silent=self._slots.names(entry.silent),
            cached=True,
            level=level,
            age=self._cache.clock() - entry.filled,
        )

    def _absent(self, path: str, unasked: tuple[str, ...]) -> UgrError:
        strict = [name for name in unasked if name in self._strict]
        if strict:
            return Unavailable(
                f"{', '.join(strict)} could have it and is down",
                path=path,
                unasked=unasked,
                retry_after=self.settings.health.retry_interval,
            )
        return NotFound(
            f"no endpoint has it; not asked, because down: {', '.join(unasked)}" if unasked else "no endpoint has it",
            path=path,
            unasked=unasked,
        )

    def _unknown(self, path: str, answers: Iterable[EndpointAnswer], unasked: tuple[str, ...]) -> Unavailable:
        silent = [answer for answer in answers if answer.result in SILENT]
        words = ", ".join(f"{answer.endpoint}: {answer.reason or answer.result.value}" for answer in silent)
        return Unavailable(
            f"whether it exists is not known ({words})",
            path=path,
            unasked=unasked,
            retry_after=self.settings.health.retry_interval,
        )

    # --- listing -------------------------------------------------------------------------------

    async def list(
        self, path: str, eligible: Eligible, call: Call, *, virtual: frozenset[str] = frozenset(), exists: bool = False
    ) -> Listing:
        """List a directory merged over the endpoints.

        ``virtual`` are names that exist by configuration; ``exists`` says that the directory
        itself does. Raises NotFound, NotADirectory, Unavailable before anything is yielded.
        """
        cached = None if call.via else self._cache.listing(path)
        recall = None if call.via else self._recall
        if cached is None and recall is not None:
            cached = await recall.listing(path, eligible, virtual)
        refuse_partial = self.settings.ugr.partial_listing == "abort"
        if cached is not None and not self._back(cached.unasked) and not (refuse_partial and cached.partial):
            return RememberedListing(path, cached)
        asked, unasked = self._split(path, eligible.listers)
        if unasked and refuse_partial:
            raise self._incomplete(path, unasked)
        generation = self.keeper.generation(path)
        positions = {} if recall is None else recall.positions()

        def completed(listing: FreshListing) -> None:
            kept = None if call.via else self.keeper.keep_listing(listing, eligible, virtual, generation)
            if recall is not None and kept is not None:
                recall.keep_listing(path, kept, positions, eligible, virtual)

        listing = FreshListing(
            path, asked, call.for_flight(), unasked=tuple(unasked), virtual=virtual, exists=exists, completed=completed
        )
        try:
            await listing.begin()
        except NotFound as error:
            raise self._absent(path, error.unasked) from None
        return await self._whole(listing) if refuse_partial else listing

    async def _whole(self, listing: FreshListing) -> Listing:
        """Read a listing to its end before a word of it is said; raise Unavailable when it misses something."""
        async for _ in listing.batches():
            pass
        missing = {**listing.shortfall.missing, **dict.fromkeys(listing.shortfall.truncated, "cut off")}
        if missing:
            raise self._incomplete(listing.path, missing)
        now = self._cache.clock()
        return RememberedListing(listing.path, CachedListing(tuple(listing.seen.values()), (), {}, {}, now, now))

    def _incomplete(self, path: str, missing: Mapping[str, str]) -> Unavailable:
        words = ", ".join(f"{name}: {reason}" for name, reason in missing.items())
        return Unavailable(
            f"the listing would be incomplete ({words})",
            path=path,
            unasked=tuple(missing),
            retry_after=self.settings.health.retry_interval,
        )

    # --- sending -------------------------------------------------------------------------------

    def redirect(self, located: Located, intent: Intent, transfer: Transfer, call: Call) -> Redirection:
        """Choose the copy for this client and say where it is; any thread.

        A copy whose endpoint cannot make a location is excluded with the reason, and the next one
        is taken. A client that another federation sent here is not sent to a further one if that can
        be helped. Raises Unavailable when no copy is left.
        """
        client = self.selection.client(call.address)
        paths = {target.endpoint: target.path for target in located.holders}
        names = tuple(paths)
        if call.sent_by:
            names = tuple(name for name in names if not self.guards[name].endpoint.federates) or names
        choice = self.selection.choose(names, client, located.path, self._downs(), self._wall())
        excluded = [*located.excluded, *choice.excluded]
        for ranked in choice.order:
            guard = self.guards[ranked.endpoint]
            try:
                location = guard.redirect(paths[ranked.endpoint], intent, transfer, call)
            except UgrError as error:
                excluded.append(Excluded(ranked.endpoint, error.message))
                continue
            order = tuple(place for place in choice.order if all(place.endpoint != e.endpoint for e in excluded))
            return Redirection(ranked.endpoint, location, type(choice)(order, tuple(excluded)))
        words = "; ".join(f"{item.endpoint}: {item.reason}" for item in excluded) or "no endpoint may be read"
        raise Unavailable(
            f"no copy can be used now ({words})",
            path=located.path,
            unasked=located.unasked,
            retry_after=self.settings.health.retry_interval,
        )

    async def data(self, endpoint: str, path: str, call: Call) -> BinaryIO:
        """Open a file that this host serves itself. Raises NotFound and what the endpoint raises."""
        guard = self.guards.get(endpoint)
        if guard is None:
            raise NotFound("no endpoint of that name", path=path, endpoint=endpoint)
        return await guard.data(path, call)

    # --- explaining ----------------------------------------------------------------------------

    async def explain(self, path: str, eligible: Eligible, call: Call) -> Explanation:
        """Answer as for a client, and tell everything that led there."""
        started = time.monotonic()
        client = self.selection.describe(self.selection.client(call.address))
        answers: tuple[EndpointAnswer, ...] = ()
        located = redirection = error = None
        try:
            located = await self._known(path, eligible, call)
            if located is None:
                asking = self._ask(path, eligible, call)
                loop = asyncio.get_running_loop()
                until = loop.time() + call.remaining() + 2 * GRACE  # so that who ran out of time has said so
                await asking.flight.wait(lambda _flight, _now: float("inf"), until)
                answers = all_answers(eligible.everybody(), asking)
                located = self._conclude(path, eligible, asking)
            if not located.info.directory:
                redirection = self.redirect(located, Intent.GET, Transfer(), call)
        except UgrError as failure:
            error = failure
        return Explanation(
            path=path,
            client=client,
            answers=answers,
            located=located,
            redirection=redirection,
            error=error,
            cached=not answers,
            milliseconds=(time.monotonic() - started) * 1000,
        )

    async def forget(self, path: str) -> None:
        """Have everybody forget a path and its directory's listing, after it changed.

        A question that is under way is not kept either.
        """
        if self._recall is not None:
            await self._recall.announce(path)
        self._asking.pop(path, None)
        self.keeper.forget(path)
