# SPDX-License-Identifier: Apache-2.0
"""How hosts tell each other what changed: by a journal in every memcached.

Knows: writing a change into all journals, reading what others wrote, lost journals. Refuses to
know: what is remembered of a path (``journal`` says whether it may be believed). Loop only.

A change is told to every memcached, so that it is heard from any that can be reached; one that
cannot be reached is told later, and is not asked for anything by this process until then. Every
worker looks at every journal about three times a second, so that what it remembers itself is as
old as that, and once more whenever it reads an answer, so that what memcached remembers is not old
at all. A journal that was lost may have told of anything: then everything this host remembers is
asked for again, unless another journal was followed all the time.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from pymemcache.client.base import Client
from pymemcache.exceptions import MemcacheClientError

from ugr.federation.generations import Generations
from ugr.federation.journal import EVERYTHING, Journal, Library
from ugr.federation.keys import Keys
from ugr.federation.memcached import Memcached, Ring, expiry
from ugr.federation.wire import Change, Seal, pack_change, unpack_change

log = logging.getLogger("ugr.cache")

POLL_EVERY = 0.3
"""Seconds between two looks at the journals."""

KEEP = 3600.0
"""Seconds that a record is kept; who has not looked for longer begins anew."""

KEEP_HEAD = 29 * 86400.0
"""Seconds that the number of the last record is kept, before a journal begins anew."""

LATE_RECORD = 0.4
"""Seconds after which a record that was announced by its number, and is not there, is given up as lost."""

READ_BACK = 64
"""Records before the last that are read at first, so that older answers can be believed."""

AT_ONCE = 64
"""Records that are read in one go."""

_LAST = 1 << 63
"""No journal has a record of this number."""

MOST_UNTOLD = 1000
"""Changes that wait for a memcached that is away; with more, it is told that everything changed."""


class Follower:
    """One memcached with its journal, as far as this process has read it."""

    def __init__(self, number: int, server: Memcached, journal: Journal) -> None:
        self.number = number
        self.server = server
        self.journal = journal
        self.lock = asyncio.Lock()
        self.since = 0.0
        """Since when (monotonic) the journal was followed without a gap."""
        self.good = float("-inf")
        """When it was last known to be read to its end."""
        self.late: float | None = None
        """Since when a record has been missing."""
        self.untold: list[tuple[int, str | None]] = []
        """What changed and could not be told to it: what tells changes apart, and the path."""


class Bumped(Protocol):
    """What is told of changes: the generations of this host."""

    def bump(self, path: str) -> None:
        """Note that a path changed."""
        ...

    def bump_all(self) -> None:
        """Note that any path may have changed."""
        ...


class News:
    """All journals, written and followed."""

    def __init__(
        self,
        ring: Ring,
        keys: Keys,
        seal: Seal,
        generations: Generations | Bumped,
        lifetime: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keys = keys
        self._seal = seal
        self._generations = generations
        self._lifetime = lifetime
        self._clock = clock
        self._library = Library(len(ring.servers))
        self._followers = {
            server.address: Follower(number, server, self._library.journals[number])
            for number, server in enumerate(ring.servers)
        }
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to follow."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._follow(), name="journals")

    async def stop(self) -> None:
        """End; safe to call twice."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def positions(self) -> dict[str, int]:
        """Return how far each journal was read, by address; to be taken before a question is asked."""
        return {
            address: follower.journal.position
            for address, follower in self._followers.items()
            if follower.journal.position is not None
        }

    async def current(self, server: Memcached, head: bytes | None) -> bool:
        """Read a journal to the record that ``head`` names; say whether all of it is known then."""
        follower = self._followers[server.address]
        number = _number(head)
        if number is None or follower.untold:
            return False
        if number == follower.journal.position:
            return True
        async with follower.lock:
            return await self._catch_up(follower, number)

    def believes(self, server: Memcached, digest: bytes, position: int) -> bool:
        """Say whether nothing is known to have changed about a path since an answer was asked for."""
        return self._followers[server.address].journal.believes(digest, position)

    async def announce(self, path: str | None) -> list[str]:
        """Tell all hosts that a path changed, after it did; None is everything.

        Returns the memcached servers that could not be told; they are as soon as they answer, as
        long as this process lives.
        """
        change = secrets.randbits(63)
        for follower in self._followers.values():
            follower.untold.append((change, path))
        return await self.deliver()

    async def deliver(self) -> list[str]:
        """Tell what could not be told before; return the servers that still could not be."""
        await asyncio.gather(*(self._tell(follower) for follower in self._followers.values()))
        return [address for address, follower in self._followers.items() if follower.untold]

    async def poll(self) -> None:
        """Look at every journal once."""
        await asyncio.gather(*(self._look(follower) for follower in self._followers.values()))

    # --- writing -------------------------------------------------------------------------------

    async def _tell(self, follower: Follower) -> None:
        if len(follower.untold) > MOST_UNTOLD:
            follower.untold = [(secrets.randbits(63), None)]
        while follower.untold:
            change = follower.untold[0]
            if not await follower.server.ask(partial(self._append, *change), again=True):
                return
            # another coroutine may have told it as well: hearing a thing twice does no harm
            if follower.untold and follower.untold[0] == change:
                follower.untold.pop(0)

    def _append(self, change: int, path: str | None, client: Client) -> bool:
        """Write a record, in the server's thread."""
        head = self._keys.head
        try:
            number = client.incr(head, 1, noreply=False)
        except MemcacheClientError:  # not a number: somebody wrote something else there
            number = None
        if number is None or not 0 < number < _LAST:
            client.delete(head, noreply=False)
            client.add(head, _beginning(), expire=expiry(KEEP_HEAD), noreply=False)
            number = client.incr(head, 1, noreply=False)
        record, key = pack_change(self._seal, Change(number, change, path)), self._keys.record(number)
        return record is not None and bool(client.set(key, record, expire=expiry(KEEP), noreply=False))

    # --- following -----------------------------------------------------------------------------

    async def _follow(self) -> None:
        while True:
            try:
                await self.poll()
            except Exception:  # the next look must come whatever went wrong in this one
                log.exception("changes made by other hosts are not heard")
            await asyncio.sleep(POLL_EVERY)

    async def _look(self, follower: Follower) -> None:
        head = self._keys.head

        def look(client: Client) -> bytes | None:
            found: bytes | None = client.get(head)
            if _number(found) is None:
                if found is not None:
                    client.delete(head, noreply=False)
                client.add(head, _beginning(), expire=expiry(KEEP_HEAD), noreply=False)
                found = client.get(head)
            return found

        if follower.untold:
            await self._tell(follower)
        number = _number(await follower.server.ask(look, again=True))
        if number is not None:
            async with follower.lock:
                await self._catch_up(follower, number)
        follower.journal.settle(self._clock() - self._lifetime)

    async def _catch_up(self, follower: Follower, head: int) -> bool:
        """Read records up to ``head``; say whether all of them are known. Under the follower's lock."""
        journal = follower.journal
        wanted = journal.behind(head)
        if wanted is None and journal.position is not None and 0 < journal.position - head <= AT_ONCE:
            return True  # another coroutine has read on since this head was looked up
        if wanted is None:
            return await self._begin(follower, head)
        for number, change in zip(wanted, await self._records(follower, wanted) or (), strict=False):
            if change is None:
                return self._missing(follower, head)
            journal.position = number
            self._hear(follower, change)
        if journal.position != head:
            return False
        follower.late = None
        follower.good = self._clock()
        return True

    def _missing(self, follower: Follower, head: int) -> bool:
        """Wait a little for a record that is being written; then take it for lost."""
        now = self._clock()
        if follower.late is None:
            follower.late = now
        if now - follower.late < LATE_RECORD:
            return False
        self._lost(follower)
        follower.journal.begin(head, head)
        follower.since = follower.good = now
        follower.late = None
        return True

    async def _begin(self, follower: Follower, head: int) -> bool:
        """Follow a journal from its end, with what can be read of the records before."""
        wanted = range(head - READ_BACK + 1, head + 1)
        records = await self._records(follower, wanted)
        if records is None:
            return False
        known = list(records)
        while None in known:
            del known[: known.index(None) + 1]
        if follower.journal.position is not None:
            self._lost(follower)
        follower.journal.begin(head, head - len(known))
        for change in known:
            if change is not None:
                self._hear(follower, change)
        follower.since = follower.good = self._clock()
        follower.late = None
        return True

    async def _records(self, follower: Follower, numbers: Sequence[int]) -> list[Change | None] | None:
        """Read records, None for one that is not there; None when the server does not answer."""
        found: list[Change | None] = []
        for start in range(0, len(numbers), AT_ONCE):
            some = numbers[start : start + AT_ONCE]
            keys = [self._keys.record(number) for number in some]
            values: dict[str, bytes] | None = await follower.server.ask(partial(_read, keys), again=True)
            if values is None:
                return None
            pairs = zip(some, keys, strict=True)
            found += (unpack_change(self._seal, number, values.get(key)) for number, key in pairs)
        return found

    def _hear(self, follower: Follower, change: Change) -> None:
        digests = [EVERYTHING] if change.path is None else self._digests(change.path)
        if not self._library.heard(follower.number, change.number, change.id, digests, self._clock()):
            return
        if change.path is None:
            self._generations.bump_all()
        else:
            self._generations.bump(change.path)

    def _digests(self, path: str) -> list[bytes]:
        return [self._keys.digest(changed) for changed in (path, path.rpartition("/")[0] or "/")]

    def _lost(self, follower: Follower) -> None:
        """Note that changes may have been missed, unless another journal was followed all the time."""
        others = (other for other in self._followers.values() if other is not follower)
        if any(other.server.usable and other.since <= follower.good for other in others if other.journal.position):
            return
        log.warning(
            "memcached %s lost the journal of changes; all that this host remembers is asked for again",
            follower.server.address,
        )
        self._generations.bump_all()


def _read(keys: Sequence[str], client: Client) -> dict[str, bytes]:
    values: dict[str, bytes] = client.get_many(keys)
    return values


def _beginning() -> str:
    """Return where a journal begins: a number that tells it from any before."""
    return str((1 << 32) + secrets.randbits(62))


def _number(head: bytes | None) -> int | None:
    """Return the number of the last record, None when that is not what it is."""
    if head is None or not head.isdigit() or len(head) > 20:
        return None
    number = int(head)
    return number if 0 < number < _LAST else None
