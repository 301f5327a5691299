# SPDX-License-Identifier: Apache-2.0
"""Which ``[network:NAME]`` an address is in.

Knows: addresses, CIDR blocks. Refuses to know: positions, preferences, rights; whoever asks
reads those from the settings that are returned.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from functools import lru_cache

from ugr.config.settings import NetworkSettings
from ugr.config.types import Network

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Found = tuple[str, NetworkSettings]

REMEMBERED = 65536
"""Addresses whose network is remembered."""

_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


def parse_address(text: str) -> IPAddress | None:
    """Read an address; None for anything else.

    An IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2) is the IPv4 address: that is how a
    dual-stack socket shows an IPv4 client.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


class Networks:
    """All configured networks. Immutable; any thread."""

    def __init__(self, networks: Mapping[str, NetworkSettings]) -> None:
        blocks: dict[tuple[int, int], dict[int, Found]] = {}
        for name, settings in networks.items():
            for network in settings.addresses:
                version, shift, prefix = _block(network)
                blocks.setdefault((version, shift), {}).setdefault(prefix, (name, settings))
        self._blocks: dict[int, list[tuple[int, dict[int, Found]]]] = {4: [], 6: []}
        for version, shift in sorted(blocks):
            self._blocks[version].append((shift, blocks[version, shift]))
        self._remembered = lru_cache(REMEMBERED)(self._search)

    def find(self, address: str) -> Found | None:
        """Return the name and settings of the most specific network that holds an address, or None.

        Text that is not an address is in no network. Of two networks with the same block, the one
        written first has it.
        """
        return self._remembered(address)

    def _search(self, text: str) -> Found | None:
        address = parse_address(text)
        if address is None:
            return None
        bits = int(address)
        for shift, prefixes in self._blocks[address.version]:
            found = prefixes.get(bits >> shift)
            if found is not None:
                return found
        return None


def _block(network: Network) -> tuple[int, int, int]:
    """Return version, number of host bits and the bits before them; IPv4-mapped blocks as IPv4."""
    bits = int(network.network_address)
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        shift = 128 - network.prefixlen
        return 4, shift, (bits & 0xFFFFFFFF) >> shift
    shift = network.max_prefixlen - network.prefixlen
    return network.version, shift, bits >> shift
