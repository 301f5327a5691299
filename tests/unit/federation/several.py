# SPDX-License-Identifier: Apache-2.0
"""Hosts with the same endpoints and the same memcached servers, and how they are asked."""

from __future__ import annotations

import asyncio

import pytest

from tests.unit.federation.fakes import SharedWorld, Store, Time
from ugr.errors import NotFound


async def hosts(count=2, servers=2, key="", **options):
    """Return hosts with the same endpoints and memcached servers, that have read the journals once."""
    time = Time()
    stores = [Store(time) for _ in range(servers)]
    first = SharedWorld(stores, time, key=key, near=1, far=50, **options)
    made = [first, *(SharedWorld(stores, time, key=key, like=first, near=1, far=50) for _ in range(count - 1))]
    for host in made:
        await host.news.poll()
    return made


async def known(host, path):
    """Have a host ask for a path and remember the answer."""
    await host.locate(path)
    await host.landed()


async def absent(host, path):
    with pytest.raises(NotFound) as told:
        await host.locate(path)
    await host.landed()
    return told.value


def everywhere(host):
    """Return the stores of all servers."""
    return [server.store for server in host.ring.servers]


def home(host, path):
    """Return the server that keeps a path."""
    return host.ring.home(host.keys.digest(path))


def silence(worlds, address, silent=True):
    for world in worlds:
        for server in world.ring.servers:
            if server.address == address:
                server.silent = silent


async def listed(host, path):
    """Return the names in a directory, and wait until the listing is kept."""
    names = await host.names(path)
    await asyncio.sleep(0.05)
    return names
