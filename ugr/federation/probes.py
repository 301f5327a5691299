# SPDX-License-Identifier: Apache-2.0
"""How hosts share the work of probing: who probes tells, and the others listen.

Knows: what was told of an endpoint's last probe, whose turn it is. Refuses to know: probing, what
a board makes of it. Loop only.

Good news of another host are taken as they are. Bad news about an endpoint that this host has up
are not: it may be the other one's network that fails, so this host looks for itself.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pymemcache.client.base import Client

from ugr.config.settings import HealthSettings
from ugr.federation.health import Kind
from ugr.federation.keys import Keys
from ugr.federation.memcached import Memcached, Ring, expiry
from ugr.federation.wire import Probe, Seal, pack_probe, unpack_probe

LOOK_EVERY = 0.1
"""Seconds between two looks, at most, for what a probe that is under way elsewhere will find."""

YOUNG = 0.5
"""Part of the interval between two probes within which another host's probe stands for one's own."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a probe found: ``latency`` in seconds, or why it failed; ``age`` is seconds since it ended."""

    latency: float | None
    reason: str = ""
    kind: Kind = Kind.FAILED
    age: float = 0.0


class PeerProbes:
    """What hosts know of each other's probes. ``labels`` names each endpoint as all hosts do."""

    def __init__(
        self,
        ring: Ring,
        keys: Keys,
        seal: Seal,
        labels: Mapping[str, str],
        settings: HealthSettings,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._ring = ring
        self._keys = keys
        self._seal = seal
        self._labels = dict(labels)
        self._settings = settings
        self._wall = wall
        self._host = secrets.token_hex(8)
        self._heard: dict[str, tuple[str, float]] = {}

    async def finding(self, name: str, interval: float) -> Finding | None:
        """Return what another host found just now; None: it is this host's turn to probe.

        ``interval`` is seconds between two probes of the endpoint. A host that is probing at this
        moment is waited for, no longer than a probe may take.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self._settings.timeout
        young = interval * YOUNG
        pause = min(LOOK_EVERY, young / 4)
        while True:
            found = await self._look(name, young)
            if not isinstance(found, bool):
                return found
            if found or loop.time() + pause > until:
                return None
            await asyncio.sleep(pause)

    def publish(self, name: str, latency: float | None, reason: str, kind: Kind) -> None:
        """Tell the other hosts what this one's probe found."""
        label = self._labels[name]
        digest, server = self._place(label)
        probe = Probe(label, self._host, self._wall(), latency, reason, kind.name)
        data = pack_probe(self._seal, probe)
        if server is None or data is None:
            return
        key, claim = self._keys.probe(digest), self._keys.probing(digest)
        expires = expiry(2.0 * max(self._settings.interval, self._settings.retry_interval))

        def put(client: Client) -> None:
            client.set(key, data, expire=expires, noreply=False)
            client.delete(claim, noreply=False)

        server.tell(put)

    async def _look(self, name: str, young: float) -> Finding | bool:
        """Return what was found, or whether this host is to probe: True, or False while another one does."""
        label = self._labels[name]
        digest, server = self._place(label)
        if server is None:
            return True
        key, claim = self._keys.probe(digest), self._keys.probing(digest)
        expires = expiry(self._settings.timeout + 1.0)

        def look(client: Client) -> tuple[bool, bytes | None]:
            # in this order: whoever can claim it sees what the one before found
            mine = client.add(claim, b"1", expire=expires, noreply=False)
            return bool(mine), client.get(key)

        told = await server.ask(look)
        if told is None:
            return True
        mine, data = told
        found = self._fresh(name, unpack_probe(self._seal, label, data), young)
        if found is None:
            return mine
        if mine:
            server.tell(lambda client: client.delete(claim, noreply=True))
        return found

    def _fresh(self, name: str, probe: Probe | None, young: float) -> Finding | None:
        """Return another host's finding that is young enough and was not heard before."""
        if probe is None or probe.host == self._host or (probe.latency is None and not probe.reason):
            return None
        age = probe.age(self._wall())
        if age is None or age > young or self._heard.get(name) == (probe.host, probe.at):
            return None
        self._heard[name] = probe.host, probe.at
        kind = Kind.__members__.get(probe.kind, Kind.FAILED)
        return Finding(probe.latency, probe.reason, kind, age)

    def _place(self, label: str) -> tuple[bytes, Memcached | None]:
        digest = self._keys.digest(label)
        return digest, self._ring.home(digest)
