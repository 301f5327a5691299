# SPDX-License-Identifier: Apache-2.0
"""L2: what all workers of all hosts remember together, in memcached.

Knows: where a name or a listing is kept, how it is read, judged, written and claimed. Refuses to
know: what is asked of endpoints, L1. Loop only.

Nothing here is needed: whatever memcached does, the worst is that the endpoints are asked. What it
says is believed when it is whole and ours (``wire``), about endpoints that are known here, not too
old, and was asked after the last change that is known of (``journal``).

Who finds nothing claims the name, so that the others wait for the answer for a moment instead of
asking the same of the endpoints. A claim is forgotten by itself soon, and waiting ends sooner: a
claim never keeps anybody from asking.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from functools import partial

import msgspec
from pymemcache.client.base import Client

from ugr.config.settings import CacheSettings
from ugr.federation.cache import Cache, CachedListing, Entry
from ugr.federation.keys import Keys
from ugr.federation.memcached import Memcached, Ring, expiry
from ugr.federation.news import News
from ugr.federation.wire import (
    SKEW,
    Manifest,
    Names,
    Seal,
    Told,
    pack_entry,
    pack_listing,
    pack_rows,
    unpack_entry,
    unpack_listing,
    unpack_manifest,
)

CLAIM = 3.0
"""Seconds that a claim lasts at most; as long as finding a file takes by default."""

PIECE = 900_000
"""Bytes of a piece of a listing: memcached refuses values of 1 MiB."""

INLINE = 32_768
"""Bytes of a body that is kept with its head."""

LISTING_PATIENCE = 4.0
"""Times the usual time-out that a listing in pieces may take."""

Positions = Mapping[str, int]
"""How far each journal had been read when a question was asked, by address of the memcached."""


class Claimed:
    """Nothing is known, and it is for the caller to ask; ``held``: others wait for it."""

    __slots__ = ("held",)

    def __init__(self, held: bool) -> None:
        self.held = held


class Waiting:
    """Nothing is known yet, and somebody else is asking."""

    __slots__ = ()


ASK, HELD, WAIT = Claimed(False), Claimed(True), Waiting()


class SharedCache:
    """What is remembered in all memcached servers of a ring."""

    def __init__(
        self,
        ring: Ring,
        news: News,
        names: Names,
        keys: Keys,
        seal: Seal,
        cache: Cache,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._ring = ring
        self._news = news
        self._names = names
        self._keys = keys
        self._seal = seal
        self._cache = cache
        self._wall = wall
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def _settings(self) -> CacheSettings:
        return self._cache.settings

    def positions(self) -> Positions:
        """Return how far each journal is read; to be taken before a question is asked."""
        return self._news.positions()

    async def announce(self, path: str) -> None:
        """Tell all hosts that a path changed, after it did; what is remembered of it is believed no more."""
        await self._news.announce(path)

    # --- names ---------------------------------------------------------------------------------

    async def recall(self, path: str) -> Entry | Claimed | Waiting:
        """Return what is remembered of a path, or whose it is to ask."""
        digest = self._keys.digest(path)
        server = self._ring.home(digest)
        if server is None:
            return ASK
        generation = self._cache.generations.of(path)
        head, name, claim = self._keys.head, self._keys.name(digest), self._keys.claim(digest)
        now = f"{self._wall():.3f}".encode()

        def hold(client: Client) -> bool:
            return bool(client.add(claim, now, expire=expiry(CLAIM), noreply=False))

        def look(client: Client) -> tuple[dict[str, bytes], bool]:
            values = client.get_many((head, name, claim))
            return values, name not in values and claim not in values and hold(client)

        found = await server.ask(look)
        if found is None:
            return ASK
        values, mine = found
        if mine:
            return HELD
        if name in values:
            told = await self._judged(server, digest, path, values.get(head), values[name])
            entry = None if told is None else self._entry(told, generation)
            if told is not None and entry is not None:
                self._prolong(server, name, told)
                return entry
        if claim in values:
            return WAIT if self._claimed(values[claim]) else ASK
        # nobody asks, or somebody began to since this was looked up
        return HELD if name in values and await server.ask(hold) else WAIT

    def _claimed(self, data: bytes) -> bool:
        """Say whether somebody really is asking: a claim tells when it was made."""
        try:
            return abs(self._wall() - float(data)) < CLAIM + SKEW
        except ValueError:
            return False

    def keep(self, path: str, entry: Entry | None, positions: Positions, *, held: bool) -> None:
        """Remember what was found, None when it is not worth it; ``held``: those who wait are let go."""
        digest = self._keys.digest(path)
        server = self._ring.home(digest)
        if server is None:
            return
        name, claim = self._keys.name(digest), self._keys.claim(digest)
        position = positions.get(server.address)
        data = None
        if entry is not None and position is not None:
            filled = self._wall() - (self._cache.clock() - entry.filled)
            data = pack_entry(self._seal, self._names, path, entry, position, filled)
        expires = 1 if entry is None else expiry(self._cache.lifetime(entry.present, entry.partial))

        def put(client: Client) -> None:
            if data is not None:
                client.set(name, data, expire=expires, noreply=True)
            if held:
                client.delete(claim, noreply=True)

        if data is not None or held:
            server.tell(put)

    async def _judged(
        self, server: Memcached, digest: bytes, path: str, head: bytes | None, data: bytes
    ) -> Told | None:
        """Return what can be believed of a value."""
        told = unpack_entry(self._seal, self._names, path, data, self._wall())
        if told is None or not await self._news.current(server, head):
            return None
        return told if self._news.believes(server, digest, told.position) else None

    def _entry(self, told: Told, generation: int) -> Entry | None:
        """Return an entry as this worker keeps it, None when it is too old."""
        entry, now = told.entry, self._cache.clock()
        life = self._cache.lifetime(entry.present, entry.partial)
        if entry.present and not entry.partial:
            life = min(self._settings.ttl, self._settings.max_ttl - told.age)
        else:
            life -= told.age
        if life <= 0.0:
            return None
        return msgspec.structs.replace(entry, filled=now - told.age, expires=now + life, generation=generation)

    def _prolong(self, server: Memcached, name: str, told: Told) -> None:
        """Keep a name that is used; it was kept for ``ttl`` since it was last."""
        life = min(self._settings.ttl, self._settings.max_ttl - told.age)
        if told.entry.present and not told.entry.partial and told.age > 0.5 * self._settings.ttl and life >= 1.0:
            server.tell(lambda client: client.touch(name, expire=expiry(life), noreply=False))

    # --- listings ------------------------------------------------------------------------------

    async def recall_listing(self, path: str, frame: bytes) -> CachedListing | None:
        """Return the listing of a directory that is remembered, None when there is none to be believed."""
        digest = self._keys.digest(path)
        server = self._ring.home(digest)
        if server is None:
            return None
        generation = self._cache.generations.of(path)
        found = await server.ask(partial(self._read_listing, path, digest), patience=LISTING_PATIENCE)
        if found is None:
            return None
        head, manifest, body = found
        if manifest is None or manifest.frame != frame or not await self._news.current(server, head):
            return None
        if not self._news.believes(server, digest, manifest.position):
            return None
        read = await asyncio.to_thread(unpack_listing, self._seal, self._names, manifest, body, self._wall())
        if read is None:
            return None
        listing, age = read
        life = self._listing_life(manifest.whole) - age
        if life <= 0.0:
            return None
        listing.filled = self._cache.clock() - age
        listing.expires = self._cache.clock() + life
        listing.generation = generation
        return listing

    def keep_listing(self, path: str, listing: CachedListing, positions: Positions, frame: bytes) -> None:
        """Remember a listing, in the background."""
        task = asyncio.get_running_loop().create_task(self._keep_listing(path, listing, positions, frame))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep_listing(self, path: str, listing: CachedListing, positions: Positions, frame: bytes) -> None:
        digest = self._keys.digest(path)
        server = self._ring.home(digest)
        position = None if server is None else positions.get(server.address)
        if server is None or position is None:
            return
        filled = self._wall() - (self._cache.clock() - listing.filled)
        body = await asyncio.to_thread(pack_rows, listing)
        if body is None:
            return
        id = secrets.token_bytes(8)
        pieces = [] if len(body) <= INLINE else [body[at : at + PIECE] for at in range(0, len(body), PIECE)]
        whole = not (listing.unasked or listing.missing or listing.truncated)
        expires = expiry(self._listing_life(whole))
        manifest = pack_listing(
            self._seal, self._names, path, listing, body,
            position=position, filled=filled, frame=frame, id=id, pieces=len(pieces),
        )
        if manifest is None:
            return
        for number, piece in enumerate(pieces):
            store = partial(_set, self._keys.piece(id, number), piece, expires)
            if not await server.ask(store, patience=LISTING_PATIENCE):
                return
        await server.ask(partial(_set, self._keys.listing(digest), manifest, expires))

    def _read_listing(
        self, path: str, digest: bytes, client: Client
    ) -> tuple[bytes | None, Manifest | None, bytes]:
        """Read the head of the journal, that of a listing, and its body; in the server's thread."""
        head, key = self._keys.head, self._keys.listing(digest)
        values = client.get_many((head, key))
        manifest = unpack_manifest(self._seal, path, values.get(key), PIECE)
        if manifest is None or not manifest.pieces:
            return values.get(head), manifest, b"" if manifest is None else manifest.body
        keys = [self._keys.piece(manifest.id, number) for number in range(manifest.pieces)]
        pieces = client.get_many(keys)
        if len(pieces) != len(keys):
            return values.get(head), None, b""
        return values.get(head), manifest, b"".join(pieces[key] for key in keys)

    def _listing_life(self, whole: bool) -> float:
        settings = self._settings
        return settings.listing_ttl if whole else min(settings.partial_ttl, settings.listing_ttl)

    async def stop(self) -> None:
        """End what goes on in the background; safe to call twice."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _set(key: str, value: bytes, expires: int, client: Client) -> bool:
    return bool(client.set(key, value, expire=expires, noreply=False))
