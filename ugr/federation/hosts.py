# SPDX-License-Identifier: Apache-2.0
"""What one process has to do with the other hosts, put together.

Knows: which parts there are. Refuses to know: what any of them does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping

from ugr.config.settings import CacheSettings, HealthSettings
from ugr.federation.cache import Cache
from ugr.federation.generations import Generations
from ugr.federation.keys import Keys
from ugr.federation.memcached import Ring
from ugr.federation.news import News
from ugr.federation.probes import PeerProbes
from ugr.federation.recalling import Recall
from ugr.federation.shared import SharedCache
from ugr.federation.slots import Slots
from ugr.federation.wire import Names, Seal


class Hosts:
    """The parts that share through memcached. ``labels`` names each endpoint as all hosts do."""

    def __init__(
        self, settings: CacheSettings, health: HealthSettings, labels: Mapping[str, str], cache: Cache, slots: Slots
    ) -> None:
        seal = _seal(settings)
        keys = Keys(settings.memcached_prefix)
        names = Names(labels, slots)
        self._ring = Ring(settings.memcached, settings.memcached_timeout)
        self.news = News(self._ring, keys, seal, cache.generations, settings.max_ttl)
        self._shared = SharedCache(self._ring, self.news, names, keys, seal, cache)
        self.recall = Recall(self._shared, cache, names)
        self.probes = PeerProbes(self._ring, keys, seal, labels, health)

    def start(self) -> None:
        """Begin to hear of others; loop only."""
        self.news.start()

    async def stop(self) -> None:
        """End; safe to call twice."""
        await self.news.stop()
        await self._shared.stop()
        self._ring.close()


async def announce(settings: CacheSettings, paths: Iterable[str | None], patience: float) -> list[str]:
    """Tell all hosts that paths changed, from a process that has no other part in it; None is everything.

    Returns the memcached servers that could not be told within ``patience`` seconds.
    """
    ring = Ring(settings.memcached, settings.memcached_timeout)
    news = News(ring, Keys(settings.memcached_prefix), _seal(settings), Generations(), settings.max_ttl)
    until = time.monotonic() + patience
    try:
        untold = {address for path in paths for address in await news.announce(path)}
        while untold and time.monotonic() < until:
            await asyncio.sleep(0.2)
            untold = set(await news.deliver())
        return sorted(untold)
    finally:
        ring.close()


def _seal(settings: CacheSettings) -> Seal:
    secret = settings.memcached_key
    return Seal() if secret is None else Seal(lambda: secret.value)
