# SPDX-License-Identifier: Apache-2.0
"""Put the copies of a file in order for one client.

Knows: where clients and endpoints are, the policies in their order. Refuses to know: files,
who may do what, how health is found out (it is told who is down).

The work is split by how often it changes. A *plan* holds what depends on the client's zone
(position and network) and the set of endpoints alone: distances, tiers, exclusions that hold
whoever is up. It is made once and remembered. Each choice then adds what is left: spreading among
equals, and who is down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol
from zlib import crc32

from ugr.errors import ConfigError
from ugr.federation.answers import Choice, Excluded, Ranked
from ugr.federation.geo import GeoDatabase, distance_km
from ugr.federation.networks import Networks
from ugr.model import Position
from ugr.plugin.policy import Candidate, Client, Policy, PolicyContext

CLIENTS = 65536
"""Clients whose place is remembered."""

PLANS = 8192
"""Pairs of a client's zone and a set of endpoints whose plan is remembered."""

SAME_CHOICE = 60
"""Seconds for which one client is sent to one copy of one file."""

Groups = Sequence[Sequence[Candidate]]


@dataclass(frozen=True, slots=True)
class EndpointPlace:
    """What does not change from choice to choice: where an endpoint is (None unknown), its weight."""

    position: Position | None = None
    weight: float = 1.0


_NOWHERE = EndpointPlace()


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is known of a choice before it is known who asks for what, and who is down.

    ``order`` is None when equals remain among which a policy spreads; ``excluded`` is why an
    endpoint must not be used even when it is up.
    """

    ranked: dict[str, Ranked]
    tiers: dict[str, int]
    candidates: dict[str, Candidate]
    groups: Groups
    order: tuple[Ranked, ...] | None
    excluded: dict[str, str]


class _Planner(Protocol):
    def __call__(
        self,
        endpoints: tuple[str, ...],
        position: Position | None,
        network: str | None,
        preferred: tuple[str, ...],
        address: str | None,
        /,
    ) -> _Plan: ...


class _Locator(Protocol):
    def __call__(self, address: str | None, /) -> Client: ...


class Selection:
    """The choice among copies. Any thread may ask; ``place`` may be called at any time."""

    def __init__(self, policies: Sequence[Policy], geo: GeoDatabase, networks: Networks, *, fuzz: float) -> None:
        context = PolicyContext(fuzz=fuzz)
        for policy in policies:
            policy.prepare(context)
        first = next((number for number, policy in enumerate(policies) if policy.spreads), len(policies))
        self._placing = tuple(policies[:first])
        self._spreading = tuple(policies[first:])
        self._excluding = tuple(policy for policy in policies if type(policy).exclude is not Policy.exclude)
        self._by_address = any(policy.by_address for policy in policies)
        self._geo = geo
        self._networks = networks
        self._clients: tuple[int, _Locator] = (geo.generation, lru_cache(CLIENTS)(self._locate))
        self._places: dict[str, EndpointPlace] = {}
        self._plan: _Planner = self._planner(self._places)

    def client(self, address: str | None) -> Client:
        """Return where a client is: its network's position, or else what GeoIP says."""
        generation, locator = self._clients
        if generation != self._geo.generation:
            locator = lru_cache(CLIENTS)(self._locate)
            self._clients = (self._geo.generation, locator)
        return locator(address)

    def place(self, endpoints: Mapping[str, EndpointPlace]) -> None:
        """Take the places and weights of all endpoints instead of those known before.

        An endpoint that is not among them is nowhere, with weight 1.
        """
        places = dict(endpoints)
        if places != self._places:
            self._places = places
            self._plan = self._planner(places)

    def position(self, endpoint: str) -> Position | None:
        """Return where an endpoint is taken to be, None when that is not known."""
        return self._places.get(endpoint, _NOWHERE).position

    def tiers(self, endpoints: Sequence[str], client: Client) -> dict[str, int]:
        """Return the tier of each endpoint, 0 the best placed, as if all were up.

        Endpoints of one tier are equals among which load is only spread: the tiers are what the
        policies before the first spreading one make of the endpoints.
        """
        return dict(self._planned(endpoints, client).tiers)

    def choose(
        self, endpoints: Sequence[str], client: Client, path: str, down: Mapping[str, str], now: float
    ) -> Choice:
        """Return the usable endpoints in order, best first, and the others with the reason.

        ``down`` maps an endpoint to why it is down; ``now`` is seconds since 1970. The order is
        the same for one client and path within a minute, and that of the others does not depend
        on who is down.
        """
        plan = self._planned(endpoints, client)
        order = self._spread(plan, client, path, now) if plan.order is None else plan.order
        if not plan.excluded and (not down or down.keys().isdisjoint(plan.ranked)):
            return Choice(order)
        reasons = dict(plan.excluded)
        for name, candidate in plan.candidates.items():
            if name in down and (reason := self._exclusion(replace(candidate, down=down[name]), client)):
                reasons[name] = reason
        return Choice(
            tuple(ranked for ranked in order if ranked.endpoint not in reasons),
            tuple(Excluded(name, reasons[name]) for name in plan.candidates if name in reasons),
        )

    def describe(self, client: Client) -> dict[str, object]:
        """Return where a client is taken to be, and who says so, for people.

        ``address``, ``network`` (name or None), ``position`` ((latitude, longitude) or None) and
        ``source``: "network", "geoip" or "unknown".
        """
        position = client.position
        found = self._networks.find(client.address) if client.address is not None else None
        source = "geoip"
        if position is None:
            source = "unknown"
        elif found is not None and found[1].position is not None:
            source = "network"
        return {
            "address": client.address,
            "network": client.network,
            "position": None if position is None else (position.latitude, position.longitude),
            "source": source,
        }

    def _locate(self, address: str | None) -> Client:
        if address is None:
            return Client(None)
        found = self._networks.find(address)
        if found is None:
            return Client(address, self._geo.lookup(address))
        name, network = found
        return Client(address, network.position or self._geo.lookup(address), name, network.prefer)

    def _planned(self, endpoints: Sequence[str], client: Client) -> _Plan:
        address = client.address if self._by_address else None
        return self._plan(tuple(endpoints), client.position, client.network, client.preferred, address)

    def _planner(self, places: Mapping[str, EndpointPlace]) -> _Planner:
        """Return a memory of plans for these places, keyed by all that a plan depends on."""

        @lru_cache(PLANS)
        def plan(
            endpoints: tuple[str, ...],
            position: Position | None,
            network: str | None,
            preferred: tuple[str, ...],
            address: str | None,
        ) -> _Plan:
            zone = Client(address, position, network, preferred)
            names = dict.fromkeys(endpoints)
            return self._make_plan([_candidate(name, places.get(name, _NOWHERE), zone) for name in names], zone)

        return plan

    def _make_plan(self, candidates: Sequence[Candidate], zone: Client) -> _Plan:
        groups = _refined([candidates], self._placing, zone, 0)
        ranked = {
            candidate.endpoint: Ranked(candidate.endpoint, candidate.distance, tier)
            for tier, group in enumerate(groups)
            for candidate in group
        }
        _require_all(ranked, candidates)
        settled = not self._spreading or all(len(group) < 2 for group in groups)
        reasons = ((candidate.endpoint, self._exclusion(candidate, zone)) for candidate in candidates)
        return _Plan(
            ranked=ranked,
            tiers={place.endpoint: place.tier for place in ranked.values()},
            candidates={candidate.endpoint: candidate for candidate in candidates},
            groups=groups,
            order=tuple(ranked.values()) if settled else None,
            excluded={name: reason for name, reason in reasons if reason is not None},
        )

    def _spread(self, plan: _Plan, client: Client, path: str, now: float) -> tuple[Ranked, ...]:
        ranked = plan.ranked
        groups = _refined(plan.groups, self._spreading, client, _seed(client.address, path, now))
        order = tuple([ranked[candidate.endpoint] for group in groups for candidate in group])
        _require_all(order, ranked)
        return order

    def _exclusion(self, candidate: Candidate, client: Client) -> str | None:
        reasons = (policy.exclude(candidate, client) for policy in self._excluding)
        return next((reason for reason in reasons if reason is not None), None)


def _candidate(name: str, place: EndpointPlace, client: Client) -> Candidate:
    distance = None
    if place.position is not None and client.position is not None:
        distance = distance_km(client.position, place.position)
    return Candidate(name, place.position, place.weight, None, distance)


def _refined(groups: Groups, policies: Sequence[Policy], client: Client, seed: int) -> Groups:
    """Apply policies one after the other to the groups that can still be divided."""
    for policy in policies:
        refined: list[Sequence[Candidate]] = []
        divisible = False
        for group in groups:
            size = len(group)
            if size < 2:
                refined.append(group)
                continue
            parts = policy.split(group, client, seed)
            refined.extend(parts)
            divisible = divisible or len(parts) < size
        groups = refined
        if not divisible:
            break
    return groups


def _require_all(found: Sized, asked: Sized) -> None:
    """Raise when a policy lost a copy, or has one twice: its own fault, which must not stay unseen."""
    if len(found) != len(asked):
        raise ConfigError("a policy of [selection] lost or doubled an endpoint; take it out of policies")


def _seed(address: str | None, path: str, now: float) -> int:
    """Return 32 bits that are the same for one client and path within a minute."""
    return crc32(f"{address}|{path}|{int(now) // SAME_CHOICE}".encode("utf-8", "surrogatepass"))
