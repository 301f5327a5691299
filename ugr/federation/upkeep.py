# SPDX-License-Identifier: Apache-2.0
"""What has to happen now and then, whoever asks for what: on the loop, in the background.

Knows: which chores there are and how often. Refuses to know: requests.

* the cache extends the lives of entries that were used (every second);
* what other workers change is heard of, though somebody removed the file (looked at every second);
* secrets kept in files are read again when they change (every five seconds);
* the GeoIP database is read again when it changes (every minute);
* endpoints renew their credentials (when they asked for it);
* endpoints without a position of their own are looked up by host (every minute; the resolver
  remembers what it found for ten).
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from urllib.parse import urlsplit

from ugr.config.types import Secret
from ugr.errors import UgrError
from ugr.federation.cache import Cache
from ugr.federation.geo import GeoDatabase
from ugr.federation.places import DnsResolver, Resolver, resolve_positions
from ugr.federation.selection import EndpointPlace, Selection
from ugr.plugin.endpoint import Endpoint

log = logging.getLogger("ugr.upkeep")

SETTLE_EVERY = 1.0
SECRETS_EVERY = 5.0
GEOIP_EVERY = 60.0
PLACES_EVERY = 60.0
REFRESH_RETRY = 30.0
"""Seconds after which an endpoint's refresh that failed is tried again."""


class Upkeep:
    """The chores of one worker."""

    def __init__(
        self,
        endpoints: Mapping[str, Endpoint],
        secrets: tuple[Secret, ...],
        cache: Cache,
        geo: GeoDatabase,
        selection: Selection,
        resolver: Resolver | None = None,
    ) -> None:
        self._endpoints = endpoints
        self._secrets = (*secrets, *(secret for e in endpoints.values() for secret in secrets_of(e.options)))
        self._cache = cache
        self._geo = geo
        self._selection = selection
        self._resolver = resolver or DnsResolver()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin; loop only."""
        create = asyncio.get_running_loop().create_task
        self._tasks = [
            create(_every(SETTLE_EVERY, self._settle, "cache")),
            create(_every(SECRETS_EVERY, self._reload_secrets, "secrets")),
            create(_every(GEOIP_EVERY, self._refresh_geo, "GeoIP database")),
            create(_every(PLACES_EVERY, self._place, "positions of endpoints", at_once=True)),
            *(create(self._keep_fresh(endpoint)) for endpoint in self._endpoints.values()),
        ]

    async def stop(self) -> None:
        """End; safe to call twice."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _settle(self) -> None:
        self._cache.generations.renew()
        self._cache.settle()

    async def _reload_secrets(self) -> None:
        for secret in self._secrets:
            try:
                changed = await asyncio.to_thread(secret.reload)
            except ValueError as error:
                log.warning("%s; the last good value stays in use", error)
                continue
            if changed:
                log.info("read again: secret from %s", secret.source)

    async def _refresh_geo(self) -> None:
        if await asyncio.to_thread(self._geo.refresh):
            await self._place()

    async def _place(self) -> None:
        """Give every endpoint its position: the configured one, else that of its public host."""
        hosts = {}
        for name, endpoint in self._endpoints.items():
            url = endpoint.options.public_url or endpoint.options.url
            host = urlsplit(url).hostname if url else None
            if endpoint.options.position is None and host:
                hosts[name] = host
        found = await resolve_positions(hosts, self._geo, self._resolver) if hosts else {}
        self._selection.place(
            {
                name: EndpointPlace(endpoint.options.position or found.get(name), endpoint.options.weight)
                for name, endpoint in self._endpoints.items()
            }
        )

    async def _keep_fresh(self, endpoint: Endpoint) -> None:
        """Call an endpoint's ``refresh`` as often as it asks for; a failure is logged and tried again."""
        while True:
            try:
                pause = await endpoint.refresh()
            except UgrError as error:
                log.warning("[endpoint:%s] could not renew its credentials: %s", endpoint.name, error)
                pause = REFRESH_RETRY
            except Exception:  # a plugin's bug must not end the renewals for ever
                log.exception("[endpoint:%s] plugin bug in refresh", endpoint.name)
                pause = REFRESH_RETRY
            if pause is None:
                return
            await asyncio.sleep(max(1.0, pause))


async def _every(seconds: float, chore: Callable[[], Awaitable[None]], name: str, *, at_once: bool = False) -> None:
    """Do a chore again and again; a failure of one round is logged and does not end the rounds."""
    if not at_once:
        await asyncio.sleep(seconds)
    while True:
        try:
            await chore()
        except Exception:  # the next round must come whatever went wrong in this one
            log.exception("upkeep failed: %s", name)
        await asyncio.sleep(seconds)


def secrets_of(options: object) -> Iterator[Secret]:
    """Yield the secrets among the options of a dataclass instance."""
    if dataclasses.is_dataclass(options):
        for field in dataclasses.fields(options):
            value = getattr(options, field.name)
            if isinstance(value, Secret):
                yield value
