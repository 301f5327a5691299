# SPDX-License-Identifier: Apache-2.0
"""A federation of memory endpoints on a loop of its own, for tests of the rules of truth.

The endpoints are the real ones of ``ugr.testing``; only their storage is a dictionary.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from ugr.call import Call
from ugr.config.settings import CacheSettings, HealthSettings, SelectionSettings, Settings, UgrSettings
from ugr.federation.board import Board
from ugr.federation.cache import Cache
from ugr.federation.federation import Federation
from ugr.federation.geo import GeoDatabase
from ugr.federation.guarded import GuardedEndpoint
from ugr.federation.networks import Networks
from ugr.federation.policies import Geo, Health, Network, Shuffle, Weight
from ugr.federation.selection import EndpointPlace, Selection
from ugr.federation.slots import Slots
from ugr.model import Position
from ugr.namespace.mounts import Mounted, Mounts
from ugr.testing.memory import MemoryEndpoint, MemoryOptions

HERE = Position(0.0, 0.0)
"""Where the client is."""


class World:
    """``World(near=1, far=50)``: endpoints by name with their degrees of longitude from the client."""

    def __init__(self, *, options: dict[str, dict[str, Any]] | None = None, **degrees: float) -> None:
        self.settings = Settings(
            ugr=UgrSettings(deadline=0.6, listing_deadline=5.0),
            cache=CacheSettings(),
            selection=SelectionSettings(patience=0.05),
            health=HealthSettings(failures=3, recoveries=2),
        )
        self.endpoints = {
            name: MemoryEndpoint(
                name, MemoryOptions(position=Position(0.0, place), timeout=0.5, **(options or {}).get(name, {}))
            )
            for name, place in degrees.items()
        }
        self.slots = Slots()
        self.cache = Cache(self.settings.cache)
        self.board = Board(tuple(self.endpoints), self.settings.health)
        self.recall = None
        self.build()

    def configure(self, room: str, **changes: Any) -> World:
        """Change settings of one section, before anything is asked."""
        self.settings = replace(self.settings, **{room: replace(getattr(self.settings, room), **changes)})
        self.cache = Cache(self.settings.cache)
        self.build()
        return self

    def build(self) -> None:
        """Put the federation together from what is there."""
        policies = [Health(), Network(), Geo(), Weight(), Shuffle()]
        selection = Selection(policies, GeoDatabase(None), Networks({}), fuzz=10.0)
        selection.place(
            {name: EndpointPlace(e.options.position, e.options.weight) for name, e in self.endpoints.items()}
        )
        selection.client = lambda address: _client(address)  # type: ignore[method-assign]
        guards = {name: GuardedEndpoint(endpoint, self.board) for name, endpoint in self.endpoints.items()}
        self.federation = Federation(
            guards, selection, self.cache, self.slots, self.settings, self.board.downs, recall=self.recall
        )
        self.mounts = Mounts([Mounted.of(name, e.options) for name, e in self.endpoints.items()], self.slots)

    def __getattr__(self, name: str) -> MemoryEndpoint:
        """Return an endpoint by its name."""
        try:
            return self.__dict__["endpoints"][name]
        except KeyError:
            raise AttributeError(name) from None

    def put(self, path: str, data: bytes = b"x", *names: str, **how: Any) -> None:
        """Put a file on some endpoints, all when none is named."""
        for name in names or self.endpoints:
            self.endpoints[name].put(path, data, **how)

    def down(self, name: str) -> None:
        """Let the board know that an endpoint is down."""
        for _ in range(self.settings.health.failures):
            self.board.probe_failed(name, "connection refused")

    def up(self, name: str) -> None:
        """Let the board know of two good probes."""
        for _ in range(self.settings.health.recoveries):
            self.board.probe_ok(name, 0.001)

    def call(self, seconds: float | None = None) -> Call:
        """Return a client's call."""
        return Call.until(self.settings.ugr.deadline if seconds is None else seconds, address="192.0.2.1")

    async def locate(self, path: str, seconds: float | None = None):
        return await self.federation.locate(path, self.mounts.eligible(path), self.call(seconds))

    async def stat(self, path: str):
        return await self.federation.stat(path, self.mounts.eligible(path), self.call())

    def peek(self, path: str):
        return self.federation.peek(path, self.mounts.eligible(path))

    async def listing(self, path: str):
        return await self.federation.list(
            path,
            self.mounts.eligible(path),
            self.call(self.settings.ugr.listing_deadline),
            virtual=self.mounts.children(path),
            exists=self.mounts.exists(path),
        )

    async def names(self, path: str) -> list[str]:
        """Return the names in a directory, sorted."""
        listing = await self.listing(path)
        return sorted([info.name async for batch in listing.batches() for info in batch])

    async def landed(self) -> None:
        """Wait until every question under way has ended."""
        while self.federation._asking:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.01)

    def questions(self, verb: str = "stat") -> dict[str, int]:
        """Count the questions of a verb that each endpoint was asked."""
        return {name: sum(asked == verb for asked, _ in e.asked) for name, e in self.endpoints.items()}


def _client(address: str | None):
    from ugr.plugin.policy import Client

    return Client(address, HERE)


def on_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run an ``async def`` test on a loop of its own."""

    @functools.wraps(test)
    def run(*words: Any, **names: Any) -> None:
        asyncio.run(asyncio.wait_for(test(*words, **names), 20))

    return run


def holders(located) -> list[str]:
    """Return the names of the endpoints that hold a file, sorted."""
    return sorted(target.endpoint for target in located.holders)
