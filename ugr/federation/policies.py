# SPDX-License-Identifier: Apache-2.0
"""The built-in replica policies: health, network, geo, weight, shuffle.

Knows: candidates and clients as plain values. Refuses to know: who asks for what, I/O, time.
All are pure; what is random comes from the seed alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import shake_128
from math import log
from operator import itemgetter
from struct import unpack

from ugr.plugin.hookspecs import hookimpl
from ugr.plugin.policy import Candidate, Client, Policy

_FIRST = itemgetter(0)
_RANGE_LOG = log(2.0**32)


class Health(Policy):
    """Exclude endpoints that are down, in the words of whoever found out."""

    name = "health"

    def exclude(self, candidate: Candidate, client: Client) -> str | None:
        """Return why the endpoint is down, or None."""
        return candidate.down

    def split(self, group: Sequence[Candidate], client: Client, seed: int) -> Sequence[Sequence[Candidate]]:
        """Abstain."""
        return [group]


class Network(Policy):
    """Put the endpoints that the client's network prefers first, in the order written there."""

    name = "network"

    def split(self, group: Sequence[Candidate], client: Client, seed: int) -> Sequence[Sequence[Candidate]]:
        """Return one group for each preferred endpoint, then one for the others."""
        by_name = {candidate.endpoint: candidate for candidate in group}
        groups = [[by_name.pop(name)] for name in client.preferred if name in by_name]
        if not groups:
            return [group]
        return [*groups, list(by_name.values())] if by_name else groups


class Geo(Policy):
    """Order by great-circle distance; closer to the first of a group than ``fuzz`` is equally close.

    Endpoints whose distance is unknown come after all others. The policy abstains when the
    client's position is unknown.
    """

    name = "geo"

    def split(self, group: Sequence[Candidate], client: Client, seed: int) -> Sequence[Sequence[Candidate]]:
        """Return groups of equally close endpoints, closest first."""
        known = [(candidate.distance, candidate) for candidate in group if candidate.distance is not None]
        if client.position is None or not known:
            return [group]
        known.sort(key=_FIRST)
        groups: list[list[Candidate]] = []
        limit = -1.0
        for distance, candidate in known:
            if distance > limit:
                groups.append([])
                limit = distance + self.context.fuzz
            groups[-1].append(candidate)
        unknown = [candidate for candidate in group if candidate.distance is None]
        return [*groups, unknown] if unknown else groups


class Weight(Policy):
    """Order at random so that each endpoint is first in proportion to its weight.

    Weighted sampling without replacement after P. Efraimidis and P. Spirakis, "Weighted random
    sampling with a reservoir", Information Processing Letters 97 (2006) 181: ascending
    ``-log(u) / weight`` is descending ``u ** (1 / weight)``. Taking an endpoint out of the order
    leaves the right shares among the others. Endpoints of weight 0 come last, as equals.
    """

    name = "weight"
    spreads = True

    def split(self, group: Sequence[Candidate], client: Client, seed: int) -> Sequence[Sequence[Candidate]]:
        """Return one group for each endpoint that has a weight, then one for those that have none."""
        drawn = [
            ((_RANGE_LOG - log(number + 0.5)) / candidate.weight, candidate)
            for number, candidate in zip(numbers(seed, len(group)), group, strict=True)
            if candidate.weight > 0.0
        ]
        drawn.sort(key=_FIRST)
        groups: list[Sequence[Candidate]] = [(candidate,) for _, candidate in drawn]
        if len(drawn) < len(group):
            groups.append([candidate for candidate in group if not candidate.weight > 0.0])
        return groups


class Shuffle(Policy):
    """Order at random, all endpoints alike."""

    name = "shuffle"
    spreads = True

    def split(self, group: Sequence[Candidate], client: Client, seed: int) -> Sequence[Sequence[Candidate]]:
        """Return one group for each endpoint."""
        drawn = sorted(zip(numbers(seed, len(group)), group, strict=True), key=_FIRST)
        return [(candidate,) for _, candidate in drawn]


def numbers(seed: int, count: int) -> tuple[int, ...]:
    """Return ``count`` numbers of 32 bits that look random, the same for the same seed.

    ``seed`` is 0 or more and below 2 ** 64. The bits are those of SHAKE128 (FIPS 202): seeding
    ``random.Random`` would take several times as long.
    """
    return unpack(f"<{count}I", shake_128(seed.to_bytes(8, "little")).digest(4 * count))


@hookimpl
def ugr_replica_policies() -> list[type[Policy]]:
    """Offer the built-in policies, in their usual order."""
    return [Health, Network, Geo, Weight, Shuffle]
