# SPDX-License-Identifier: Apache-2.0
"""Where endpoints are, from the addresses of their hosts.

Knows: names of hosts, DNS, a database of positions. Refuses to know: endpoints' options, clients.
What cannot be found out is left out of the answer; a place is never made up.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from ugr.federation.geo import GeoDatabase
from ugr.federation.networks import parse_address
from ugr.model import Position

REMEMBERED_FOR = 600.0
"""Seconds for which the addresses of a host are good; getaddrinfo does not tell the TTL."""


class Resolver(Protocol):
    """Turns the name of a host into addresses."""

    async def addresses(self, host: str) -> tuple[str, ...]:
        """Return the addresses in order of preference, () when there are none or nobody knows."""
        ...


class DnsResolver:
    """The system's resolver (``getaddrinfo`` in the loop's threads), with a memory.

    A name that once had addresses keeps them while DNS has nothing newer to say: hosts move
    seldom, resolvers fail often. Loop only.
    """

    def __init__(self, lifetime: float = REMEMBERED_FOR, clock: Callable[[], float] = time.monotonic) -> None:
        self._lifetime = lifetime
        self._clock = clock
        self._remembered: dict[str, tuple[float, tuple[str, ...]]] = {}

    async def addresses(self, host: str) -> tuple[str, ...]:
        """Return the addresses of a host, at most ``lifetime`` seconds old if DNS answers."""
        asked, known = self._remembered.get(host, (float("-inf"), ()))
        now = self._clock()
        if now - asked < self._lifetime:
            return known
        try:
            rows = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return known
        found = tuple(dict.fromkeys(str(row[4][0]) for row in rows))
        self._remembered[host] = (now, found)
        return found


async def resolve_positions(hosts: Mapping[str, str], geo: GeoDatabase, resolver: Resolver) -> dict[str, Position]:
    """Return where endpoints are: ``hosts`` maps the name of an endpoint to its host or address.

    The first address that the database can place counts. Endpoints whose host has no address, is
    this host (loopback), or is nowhere in the database are left out. To be called again from time
    to time, as hosts and the database change.
    """
    names = list(dict.fromkeys(hosts.values()))
    found = await asyncio.gather(*(_position(host, geo, resolver) for host in names))
    places = dict(zip(names, found, strict=True))
    return {name: place for name, host in hosts.items() if (place := places[host]) is not None}


async def _position(host: str, geo: GeoDatabase, resolver: Resolver) -> Position | None:
    host = host.strip("[]")
    addresses = (host,) if parse_address(host) else await resolver.addresses(host)
    for text in addresses:
        address = parse_address(text)
        if address is None or address.is_loopback:
            continue
        position = geo.lookup(text)
        if position is not None:
            return position
    return None
