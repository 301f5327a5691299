# SPDX-License-Identifier: Apache-2.0
"""One configuration at work: everything that is built from it, opened, watched and closed again.

Knows: which parts there are and how they fit together. Refuses to know: which configuration is in
use (``service``), requests.

``Runtime.load`` reads the configuration and builds everything, touching nothing outside; it may
run before a worker is forked. ``start`` starts the event loop, opens the endpoints and begins to
watch them; ``stop`` mirrors it. A runtime that follows another takes over its process: the loop,
the cache, and every endpoint whose options are the same.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ugr.app.process import Process
from ugr.config.bind import settings as bind_settings
from ugr.config.directory import runtime_directory
from ugr.config.faults import Faults
from ugr.config.host import lacks
from ugr.config.keys import data_key
from ugr.config.reader import Document, placed, read
from ugr.config.settings import Settings
from ugr.errors import ConfigError
from ugr.federation.answers import EndpointStatus
from ugr.federation.board import Board
from ugr.federation.federation import Federation
from ugr.federation.geo import GeoDatabase
from ugr.federation.guarded import GuardedEndpoint
from ugr.federation.leader import Candidate
from ugr.federation.networks import Networks
from ugr.federation.poller import Poller
from ugr.federation.selection import EndpointPlace, Selection
from ugr.federation.shared_board import SharedBoard
from ugr.federation.upkeep import Upkeep, secrets_of
from ugr.namespace import checks
from ugr.namespace.authz import Authorizer, Operator
from ugr.namespace.mounts import Mounted, Mounts
from ugr.namespace.namespace import Namespace
from ugr.plugin import loader
from ugr.plugin.endpoint import Endpoint
from ugr.plugin.policy import Policy
from ugr.transport import Ourselves, Transport
from ugr.transport.peers import named

if TYPE_CHECKING:
    from ugr.federation.hosts import Hosts

log = logging.getLogger("ugr.app")

OPEN_LIMIT = 10.0
"""Seconds that an endpoint may take to open before the service starts without waiting for it."""

CLOSE_LIMIT = 5.0
"""Seconds that an endpoint may take to close before it is left as it is."""


class Runtime:
    """One configuration at work in one process.

    What it shares with the runtimes before and after it is in ``process``.
    """

    def __init__(
        self,
        document: Document,
        settings: Settings,
        endpoints: dict[str, Endpoint],
        policies: Sequence[Policy],
        process: Process,
    ) -> None:
        self.document = document
        self.settings = settings
        self.endpoints = endpoints
        self.process = process
        self.loop = process.loop
        self.cache = process.cache
        directory = process.directory
        self.keys = slot_names(document, endpoints)
        self.board = (
            Board(tuple(endpoints), settings.health) if directory is None else SharedBoard(self.keys, settings.health)
        )
        self.geo = GeoDatabase(settings.selection.geoip)
        self.networks = Networks(settings.networks)
        self.selection = Selection(policies, self.geo, self.networks, fuzz=settings.selection.fuzz)
        self.selection.place(
            {
                name: EndpointPlace(endpoint.options.position, endpoint.options.weight)
                for name, endpoint in endpoints.items()
            }
        )
        self.guards = {name: GuardedEndpoint(endpoint, self.board) for name, endpoint in endpoints.items()}
        self._hosts = None if directory is None else _hosts(settings, self.keys, process)
        self.federation = Federation(
            self.guards,
            self.selection,
            self.cache,
            process.slots,
            settings,
            self.board.downs,
            recall=None if self._hosts is None else self._hosts.recall,
        )
        self.mounted = [Mounted.of(name, endpoint.options) for name, endpoint in endpoints.items()]
        self._mounts = Mounts(self.mounted, process.slots)
        self.data_key = data_key(settings.ugr.data_key, directory)
        self.ourselves = Ourselves.known(
            settings.ugr.federation_id or named(self.data_key()), settings.ugr.public_url, settings.ugr.allowed_hosts
        )
        self.namespace = Namespace(
            self.federation,
            self._mounts,
            Authorizer(settings.acls, settings.networks),
            self.statuses,
            self.ourselves,
        )
        self.operator = Namespace(self.federation, self._mounts, Operator(), self.statuses, self.ourselves)
        peers = None if self._hosts is None else self._hosts.probes
        self._poller = Poller(endpoints, self.board, settings.health, peers)
        self._watch: Poller | Candidate = self._poller
        if directory is not None and isinstance(self.board, SharedBoard):
            self._watch = Candidate(directory, self.board, self._poller)
        kept = (*secrets_of(settings.ugr), *secrets_of(settings.cache))
        self._upkeep = Upkeep(endpoints, kept, self.cache, self.geo, self.selection)

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], *, serving: bool = True, scratch: Callable[[], Path | None] | None = None
    ) -> Runtime:
        """Read a configuration and build everything from it. Raises ConfigError with every fault.

        ``serving`` off is for an administrator's questions: ``runtime_dir``, which belongs to the
        service and its user, is then neither needed nor touched. ``scratch`` makes a directory
        for a service that is configured without one.
        """
        document, settings, endpoints, policies = _parts(path)
        try:
            directory = runtime_directory(settings.ugr, scratch) if serving else None
        except ConfigError as error:
            raise placed(document, error) from None
        return cls(document, settings, endpoints, policies, Process(settings.cache, directory))

    def successor(self, path: str | os.PathLike[str]) -> Runtime:
        """Build the runtime of a configuration that is to take over from this one, in the same process.

        Endpoints whose type and options stay the same are taken along as they are. Nothing is
        started and nothing changes yet. Raises ConfigError with every fault.
        """
        document, settings, endpoints, policies = _parts(path)
        for name, endpoint in endpoints.items():
            mine = self.endpoints.get(name)
            if mine is not None and mine.type == endpoint.type and mine.options == endpoint.options:
                endpoints[name] = mine
        return Runtime(document, settings, endpoints, policies, self.process)

    # --- life ----------------------------------------------------------------------------------

    def start(self, *, watch: bool = True) -> None:
        """Start the process's loop, open the endpoints, and (with ``watch``) begin to probe them; idempotent.

        Raises UgrError when the loop cannot be started; an endpoint that cannot be opened is only
        logged, because it may come later.
        """
        with self.process.starting() as first:
            if first:
                self.loop.run(self._open(watch))

    def stop(self) -> None:
        """Stop what ``start`` started; idempotent."""
        with self.process.stopping() as last:
            if last:
                self.loop.run(self._close())

    @property
    def started(self) -> bool:
        """Say whether this process has started."""
        return self.process.started

    def take_over(self, before: Runtime) -> None:
        """Begin where another runtime of this process ends: not one question is lost. Any thread but the loop's.

        ``before`` may still answer the requests that have begun with it. Its endpoints that this
        one does not take along are closed when their last question has ended.
        """
        self.loop.run(self._take_over(before))

    async def _take_over(self, before: Runtime) -> None:
        transport = await self._engine()
        kept = {id(endpoint) for endpoint in self.endpoints.values()}
        fresh = [e for e in self.endpoints.values() if all(e is not old for old in before.endpoints.values())]
        await asyncio.gather(*(self._open_one(endpoint, transport) for endpoint in fresh))
        if self.keys != before.keys:
            # a listing is of all endpoints; an entry of a file names those that it is of, so a new one is asked
            before.federation.keeper.retire()
            self.cache.clear_listings()
        if any(self.keys.get(name) != key for name, key in before.keys.items()):
            self.cache.clear()
        self.cache.configure(self.settings.cache)
        if type(self.board) is Board and type(before.board) is Board and before.settings.health == self.settings.health:
            self.board.inherit(before.board, [n for n, key in self.keys.items() if before.keys.get(n) == key])
        await before._watch.stop()
        await before._upkeep.stop()
        if self._hosts is not None:
            self._hosts.start()
        if before._hosts is not None:
            await before._hosts.stop()
        self._upkeep.start()
        if self.settings.health.enabled:
            self._watch.start()
        self.process.later(before._retire([g for g in before.guards.values() if id(g.endpoint) not in kept]))

    async def _retire(self, guards: Sequence[GuardedEndpoint]) -> None:
        """Close endpoints that are no longer configured, once nobody waits for them any more."""
        limit = self.loop.loop.time() + self.settings.ugr.listing_deadline + OPEN_LIMIT
        await asyncio.sleep(self.settings.ugr.deadline)

        async def retire(guard: GuardedEndpoint) -> None:
            while guard.questions and self.loop.loop.time() < limit:
                await asyncio.sleep(0.1)
            await _quietly(guard.endpoint.close(), guard.name)

        await asyncio.gather(*map(retire, guards))

    async def _engine(self) -> Transport:
        """Return the process's engine, which asks as this federation from now on."""
        engine = await self.process.engine()
        engine.ourselves = self.ourselves
        return engine

    async def _open(self, watch: bool) -> None:
        transport = await self._engine()
        await asyncio.gather(*(self._open_one(endpoint, transport) for endpoint in self.endpoints.values()))
        self.process.share()
        if self._hosts is not None:
            self._hosts.start()
        self._upkeep.start()
        if watch and self.settings.health.enabled:
            self._watch.start()

    async def _open_one(self, endpoint: Endpoint, transport: Transport) -> None:
        try:
            async with asyncio.timeout(OPEN_LIMIT):
                await endpoint.open(transport)
        except Exception as error:  # one broken endpoint must not keep the others from being served
            log.error("[endpoint:%s] cannot be opened: %s: %s", endpoint.name, type(error).__name__, error)

    async def _close(self) -> None:
        await self._watch.stop()
        await self._upkeep.stop()
        if self._hosts is not None:
            await self._hosts.stop()
        await asyncio.gather(*(_quietly(endpoint.close(), endpoint.name) for endpoint in self.endpoints.values()))
        await self.process.close()

    # --- what the rooms ask ----------------------------------------------------------------------

    def ready(self) -> tuple[bool, list[str]]:
        """Say whether clients can be served, and if not, why."""
        problems = []
        if not self.started or not self.loop.healthy(within=2.0):
            problems.append("the event loop does not answer")
        if self.endpoints and len(self.board.downs()) == len(self.endpoints):
            problems.append("every endpoint is down")
        return not problems, problems

    def lacks(self) -> list[str]:
        """Return a line for each place of this host that the configuration names and that is not there."""
        core = {"ugr": self.settings.ugr, "selection": self.settings.selection}
        options = {f"endpoint:{name}": endpoint.options for name, endpoint in self.endpoints.items()}
        return lacks(self.document, core | options).lines()

    def statuses(self) -> list[EndpointStatus]:
        """Return the state of every endpoint; any thread."""
        verdicts = self.board.snapshot()
        mounts = {item.endpoint: item.mounts for item in self.mounted}
        found = []
        for name, guard in self.guards.items():
            options, verdict = guard.options, verdicts[name]
            place = self.selection.position(name)
            found.append(
                EndpointStatus(
                    name=name,
                    type=guard.endpoint.type,
                    url=options.public_url or options.url,
                    mounts=tuple(str(mount) for mount in mounts[name]),
                    state=verdict.state.value,
                    reason=verdict.reason,
                    latency_ms=None if verdict.latency is None else verdict.latency * 1000,
                    since=verdict.since,
                    position=None if place is None else (place.latitude, place.longitude),
                    capabilities=tuple(verb for verb, able in guard.capabilities.items() if able),
                    readable=options.readable,
                    listable=options.listable,
                    writable=options.writable,
                    questions=guard.questions,
                )
            )
        return found


def slot_names(document: Document, endpoints: Mapping[str, Endpoint]) -> dict[str, str]:
    """Return the name by which all workers know each endpoint: its own, and a digest of its options.

    What is believed of an endpoint survives a change of the configuration as long as both stay.
    """
    shared = document.section("endpoint:*")
    names = {}
    for name in endpoints:
        sections = [section for section in (shared, document.section(f"endpoint:{name}")) if section is not None]
        written = [sorted((key, value.text) for key, value in section.options.items()) for section in sections]
        names[name] = f"{name[:40]} {hashlib.sha256(repr((name, written)).encode()).hexdigest()[:16]}"
    return names


def _hosts(settings: Settings, keys: Mapping[str, str], process: Process) -> Hosts | None:
    """Return what this process has to do with other hosts; what nobody configured is not even imported."""
    if not settings.cache.memcached:
        return None
    from ugr.federation.hosts import Hosts

    return Hosts(settings.cache, settings.health, keys, process.cache, process.slots)


def _parts(path: str | os.PathLike[str]) -> tuple[Document, Settings, dict[str, Endpoint], Sequence[Policy]]:
    """Read a configuration into its parts. Raises ConfigError with every fault."""
    faults = Faults()
    document = read(os.fspath(path), faults)
    settings = bind_settings(document, faults)
    endpoints = loader.build(document, faults, url_lifetime=settings.ugr.url_lifetime)
    policies = loader.policies(settings.selection.policies, document, faults)
    _check_mounts(document, endpoints, faults)
    faults.raise_if_any()
    return document, settings, endpoints, policies


def _check_mounts(document: Document, endpoints: dict[str, Endpoint], faults: Faults) -> None:
    """Report every option about places and names that cannot be used, with its own place."""
    for fault in checks.faults(endpoints):
        section = document.section(f"endpoint:{fault.endpoint}")
        if section is not None:
            section.blame(faults, fault.message, fault.option, show=False)


async def _quietly(closing: Coroutine[Any, Any, None], name: str) -> None:
    """Close one endpoint; what goes wrong is logged and keeps nobody else from closing."""
    try:
        async with asyncio.timeout(CLOSE_LIMIT):
            await closing
    except Exception as error:  # closing must reach every endpoint
        log.warning("[endpoint:%s] did not close: %s: %s", name, type(error).__name__, error)
