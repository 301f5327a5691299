# SPDX-License-Identifier: Apache-2.0
"""A memcached that is a dictionary, and hosts that share it.

The client has the methods of pymemcache that are used, and answers at once; time is a number.
"""

from __future__ import annotations

import asyncio

from pymemcache.exceptions import MemcacheClientError

from tests.unit.federation.world import World
from ugr.federation.keys import Keys
from ugr.federation.memcached import Memcached, Ring
from ugr.federation.news import News
from ugr.federation.recalling import Recall
from ugr.federation.shared import SharedCache
from ugr.federation.wire import Names, Seal


class Time:
    """A clock that is moved by hand."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Store:
    """What pymemcache's Client does, on a dictionary."""

    def __init__(self, time: Time) -> None:
        self.time = time
        self.items: dict[str, tuple[bytes, float]] = {}
        self.sets = 0

    def get(self, key, default=None):
        found = self.items.get(key)
        if found is None or found[1] <= self.time():
            return default
        return found[0]

    def get_many(self, keys):
        return {key: value for key in keys if (value := self.get(key)) is not None}

    def set(self, key, value, expire=0, noreply=None):
        assert len(key) <= 250
        assert expire > 0, "for ever"
        if len(value) > 1024 * 1024 - 100:
            return False
        self.sets += 1
        self.items[key] = (value if isinstance(value, bytes) else str(value).encode(), self.time() + expire)
        return True

    def add(self, key, value, expire=0, noreply=None):
        return self.get(key) is None and self.set(key, value, expire)

    def touch(self, key, expire=0, noreply=None):
        value = self.get(key)
        return value is not None and self.set(key, value, expire)

    def delete(self, key, noreply=None):
        return self.items.pop(key, None) is not None

    def incr(self, key, value, noreply=False):
        found = self.get(key)
        if found is None:
            return None
        if not found.isdigit() or int(found) >= 1 << 64:
            raise MemcacheClientError("cannot increment or decrement non-numeric value")
        number = int(found) + value
        self.items[key] = (str(number).encode(), self.items[key][1])
        return number

    def begin(self, mark: str) -> list[str]:
        """Return the keys that begin with a letter."""
        return [key for key in self.items if key.startswith(mark)]


class FakeMemcached(Memcached):
    """A server without a thread. ``silent`` answers nothing and does nothing."""

    def __init__(self, address: str, store: Store) -> None:
        super().__init__(address, 0.05)
        self.store = store
        self.silent = False

    @property
    def usable(self) -> bool:
        return not self.silent

    async def ask(self, work, *, patience=1.0, again=False):
        await asyncio.sleep(0)
        return None if self.silent else work(self.store)

    def tell(self, work) -> None:
        if not self.silent:
            work(self.store)


class FakeRing(Ring):
    """The servers of one host; ``stores`` are what all hosts have in common."""

    def __init__(self, stores: list[Store]) -> None:
        super().__init__([f"m{number}:1" for number in range(len(stores))], 0.05)
        self.servers = tuple(
            FakeMemcached(server.address, store) for server, store in zip(self.servers, stores, strict=True)
        )


class SharedWorld(World):
    """One host: a world with memcached. ``SharedWorld(stores, time, like=other)`` has the endpoints of another one."""

    def __init__(self, stores, time, *, like=None, key="", labels=None, **degrees):
        super().__init__(**degrees)
        if like is not None:
            self.endpoints = like.endpoints
            self.board = like.board
        self.time = time
        self.cache.clock = time
        self.ring = FakeRing(stores)
        self.labels = labels or {name: f"{name} 00" for name in self.endpoints}
        keys, seal, names = Keys("ugr"), Seal(lambda: key), Names(self.labels, self.slots)
        self.news = News(self.ring, keys, seal, self.cache.generations, self.settings.cache.max_ttl, clock=time)
        self.shared = SharedCache(self.ring, self.news, names, keys, seal, self.cache, wall=time)
        self.recall = Recall(self.shared, self.cache, names)
        self.keys = keys
        self.build()

    def fresh(self) -> None:
        """Forget what this worker itself remembers."""
        self.cache.clear()
