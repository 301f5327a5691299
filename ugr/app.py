# SPDX-License-Identifier: Apache-2.0
"""The composition root: the only place that sees all rooms.

``Runtime.load`` reads the configuration and builds everything, touching nothing outside; it may
run before a worker is forked. ``start`` starts the event loop, opens the endpoints and begins to
watch them; ``stop`` mirrors it. ``wsgi_application`` is the front end of a runtime.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import sys
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from ugr.config.bind import settings as bind_settings
from ugr.config.directory import runtime_directory
from ugr.config.faults import Faults
from ugr.config.keys import data_key
from ugr.config.reader import Document, read
from ugr.config.settings import Settings
from ugr.errors import ConfigError
from ugr.federation.answers import EndpointStatus
from ugr.federation.board import Board
from ugr.federation.cache import Cache
from ugr.federation.federation import Federation
from ugr.federation.generations import Generations
from ugr.federation.geo import GeoDatabase
from ugr.federation.guarded import GuardedEndpoint
from ugr.federation.leader import Candidate
from ugr.federation.networks import Networks
from ugr.federation.poller import Poller
from ugr.federation.selection import EndpointPlace, Selection
from ugr.federation.shared_board import SharedBoard
from ugr.federation.slots import Slots
from ugr.federation.upkeep import Upkeep, secrets_of
from ugr.frontend import FrontEnd, create_app
from ugr.frontend.data import DataSigner
from ugr.identity import IdentityChain
from ugr.metrics import counts
from ugr.namespace.authz import Authorizer, Operator
from ugr.namespace.mounts import Mounted, Mounts, parse
from ugr.namespace.namespace import Namespace
from ugr.plugin import loader
from ugr.plugin.endpoint import Endpoint
from ugr.plugin.policy import Policy
from ugr.transport import LoopThread, Transport

log = logging.getLogger("ugr.app")

SWITCH_INTERVAL = 1e-4
"""Seconds after which a busy Python thread lets the event loop run; the default is 50 times as much."""

OPEN_LIMIT = 10.0
"""Seconds that an endpoint may take to open before the service starts without waiting for it."""


class Runtime:
    """One configuration at work in one process.

    ``directory`` is where it meets the other processes of the host: they agree on the health of
    endpoints, and each hears what the others change. Without one it keeps to itself.
    """

    def __init__(
        self,
        document: Document,
        settings: Settings,
        endpoints: dict[str, Endpoint],
        policies: Sequence[Policy],
        directory: Path | None = None,
    ) -> None:
        self.document = document
        self.settings = settings
        self.endpoints = endpoints
        self.loop = LoopThread()
        self.slots = Slots()
        self.directory = directory
        self.board = (
            Board(tuple(endpoints), settings.health)
            if directory is None
            else SharedBoard(_slot_names(document, endpoints), settings.health)
        )
        self.generations = Generations()
        self.cache = Cache(settings.cache, generations=self.generations)
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
        self.federation = Federation(self.guards, self.selection, self.cache, self.slots, settings, self.board.downs)
        self.mounted = [
            Mounted(name, parse(endpoint.options.mount), endpoint.options.readable, endpoint.options.listable)
            for name, endpoint in endpoints.items()
        ]
        self._mounts = Mounts(self.mounted, self.slots)
        self.namespace = Namespace(
            self.federation, self._mounts, Authorizer(settings.acls, settings.networks), self.statuses
        )
        self.operator = Namespace(self.federation, self._mounts, Operator(), self.statuses)
        self.signer = DataSigner(data_key(settings.ugr.data_key, directory))
        self.identities = IdentityChain()
        self._poller = Poller(endpoints, self.board, settings.health)
        self._watch: Poller | Candidate = self._poller
        if directory is not None and isinstance(self.board, SharedBoard):
            self._watch = Candidate(directory, self.board, self._poller)
        self._upkeep = Upkeep(
            endpoints, tuple(secrets_of(settings.ugr)), self.cache, self.geo, self.selection
        )
        self._transport: Transport | None = None
        self._state = threading.Lock()
        self._started_in: int | None = None

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], *, serving: bool = True, scratch: Callable[[], Path] | None = None
    ) -> Runtime:
        """Read a configuration and build everything from it. Raises ConfigError with every fault.

        ``serving`` off is for an administrator's questions: ``runtime_dir``, which belongs to the
        service and its user, is then neither needed nor touched. ``scratch`` makes a directory
        for a service that is configured without one.
        """
        faults = Faults()
        document = read(os.fspath(path), faults)
        settings = bind_settings(document, faults)
        endpoints = loader.build(document, faults, url_lifetime=settings.ugr.url_lifetime)
        policies = loader.policies(settings.selection.policies, document, faults)
        _check_mounts(document, endpoints, faults)
        faults.raise_if_any()
        directory = runtime_directory(settings.ugr, scratch) if serving else None
        return cls(document, settings, endpoints, policies, directory)

    # --- life ----------------------------------------------------------------------------------

    def start(self, *, watch: bool = True) -> None:
        """Start the loop, open the endpoints, and (with ``watch``) begin to probe them; idempotent.

        Raises UgrError when the loop cannot be started; an endpoint that cannot be opened is only
        logged, because it may come later.
        """
        with self._state:
            if self._started_in == os.getpid():
                return
            sys.setswitchinterval(SWITCH_INTERVAL)
            self._count_with_others()
            self.loop.start()
            self.loop.run(self._open(watch))
            self._started_in = os.getpid()

    def stop(self) -> None:
        """Stop what ``start`` started; idempotent."""
        with self._state:
            if self._started_in != os.getpid():
                return
            self._started_in = None
            self.loop.run(self._close())
            self.loop.stop(timeout=5.0)

    @property
    def started(self) -> bool:
        """Say whether this process has started it."""
        return self._started_in == os.getpid()

    def _count_with_others(self) -> None:
        """Count where the other processes see it; without that, what this one counts is all that it can tell."""
        if self.directory is not None:
            try:
                counts.attach(self.directory)
            except OSError as error:
                log.warning("metrics are those of one worker only: %s: %s", self.directory, error.strerror)

    async def _open(self, watch: bool) -> None:
        self._transport = Transport()
        await asyncio.gather(*(self._open_one(endpoint, self._transport) for endpoint in self.endpoints.values()))
        if self.directory is not None:
            self.generations.open(self.directory)
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
        for endpoint in self.endpoints.values():
            await _quietly(endpoint.close(), endpoint.name)
        if self._transport is not None:
            await self._transport.close()
            self._transport = None

    async def probe_all(self) -> None:
        """Probe every endpoint once, all at the same time."""
        await asyncio.gather(*(self._poller.probe_once(name) for name in self.endpoints))

    # --- what the rooms ask ----------------------------------------------------------------------

    def ready(self) -> tuple[bool, list[str]]:
        """Say whether clients can be served, and if not, why."""
        problems = []
        if not self.started or not self.loop.healthy(within=2.0):
            problems.append("the event loop does not answer")
        if self.endpoints and len(self.board.downs()) == len(self.endpoints):
            problems.append("every endpoint is down")
        return not problems, problems

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


def wsgi_application(runtime: Runtime) -> FrontEnd:
    """Return the WSGI front end of a runtime; starts nothing."""
    return create_app(
        namespace_of=lambda: runtime.namespace,
        settings_of=lambda: runtime.settings,
        loop=runtime.loop,
        signer=runtime.signer,
        identities=runtime.identities,
        ready=runtime.ready,
    )


def _slot_names(document: Document, endpoints: Mapping[str, Endpoint]) -> dict[str, str]:
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


def _check_mounts(document: Document, endpoints: dict[str, Endpoint], faults: Faults) -> None:
    """Report every mount option that cannot be used, with its place."""
    for name, endpoint in endpoints.items():
        try:
            parse(endpoint.options.mount)
        except ConfigError as error:
            section = document.section(f"endpoint:{name}")
            if section is not None:
                section.blame(faults, error.message, "mount", show=False)


async def _quietly(closing: Coroutine[Any, Any, None], name: str) -> None:
    """Close one endpoint; what goes wrong is logged and keeps nobody else from closing."""
    try:
        async with asyncio.timeout(5.0):
            await closing
    except Exception as error:  # closing must reach every endpoint
        log.warning("[endpoint:%s] did not close: %s: %s", name, type(error).__name__, error)


def configuration_path() -> Path:
    """Return the configuration file of this process: $UGR_CONFIG or /etc/ugr/ugr.conf."""
    return Path(os.environ.get("UGR_CONFIG", "/etc/ugr/ugr.conf"))
