# SPDX-License-Identifier: Apache-2.0
"""Probe every endpoint on a schedule of its own, and tell the board.

Knows: that an endpoint has ``health``, when its next probe is due. Refuses to know: what a probe
asks, what the board makes of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from ugr.call import Call
from ugr.config.settings import HealthSettings
from ugr.errors import UgrError
from ugr.federation.board import Board
from ugr.federation.health import Kind, State, Verdict, explain_failure

if TYPE_CHECKING:
    from ugr.federation.probes import PeerProbes

log = logging.getLogger("ugr.health")

GRACE = 0.25
"""Seconds by which an endpoint may end after its call (clause TIME-1 of the contract)."""

PACE = 0.8
"""Share of ``retry_interval`` that passes at least between two probes of an endpoint."""


class Probed(Protocol):
    """What can be probed: an endpoint, guarded or not."""

    async def health(self, call: Call) -> None:
        """Return when the storage can serve; raise what is wrong otherwise."""
        ...


class Poller:
    """One task for each endpoint. Made anywhere, started and stopped on the loop."""

    def __init__(
        self,
        endpoints: Mapping[str, Probed],
        board: Board,
        settings: HealthSettings,
        peers: PeerProbes | None = None,
    ) -> None:
        self._peers = peers
        self._endpoints = dict(endpoints)
        self._board = board
        self._settings = settings
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: dict[str, asyncio.Event] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._probing: set[str] = set()
        board.watch(self._noticed)

    def start(self) -> None:
        """Start probing, every endpoint at once; with ``enabled = no`` do nothing. Loop only."""
        if self._tasks or not self._settings.enabled:
            return
        self._loop = asyncio.get_running_loop()
        self._wake = {name: asyncio.Event() for name in self._endpoints}
        create = self._loop.create_task
        self._tasks = [create(self._watch(name), name=f"probe {name}") for name in self._endpoints]

    async def stop(self) -> None:
        """Stop probing; probes that are under way are cancelled. Safe to call twice."""
        tasks, self._tasks = self._tasks, []
        self._loop = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def probe_once(self, name: str) -> None:
        """Probe one endpoint now, and tell the board, and the other hosts, what came of it."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        self._probing.add(name)
        try:
            async with asyncio.timeout(self._settings.timeout + GRACE):
                await self._endpoints[name].health(Call.until(self._settings.timeout))
        except (UgrError, TimeoutError) as error:
            self._failed(name, error)
        except Exception as error:  # a plugin's bug is this endpoint's failure, and must not end its probing
            log.debug("probe of endpoint %s failed", name, exc_info=error)
            self._failed(name, error)
        else:
            self._tell(name, loop.time() - started)
        finally:
            self._probing.discard(name)

    def probe_now(self, name: str) -> None:
        """Have an endpoint probed without waiting for its turn; any thread. Nothing happens when stopped."""
        loop, wake = self._loop, self._wake.get(name)
        if loop is not None and wake is not None:
            loop.call_soon_threadsafe(wake.set)

    def _failed(self, name: str, error: Exception) -> None:
        self._tell(name, None, *explain_failure(error, self._settings.timeout))

    def _tell(self, name: str, latency: float | None, reason: str = "", kind: Kind = Kind.FAILED) -> None:
        if self._peers is not None:
            self._peers.publish(name, latency, reason, kind)
        self._believe(name, latency, reason, kind)

    def _believe(self, name: str, latency: float | None, reason: str, kind: Kind) -> None:
        if latency is None:
            self._board.probe_failed(name, reason, kind)
        else:
            self._board.probe_ok(name, latency)

    async def _turn(self, name: str, doubtful: bool) -> float:
        """Probe an endpoint, or take another host's word for it; return when that was, in the loop's time.

        ``doubtful``: questions of this host failed, so that only its own probe counts.
        """
        loop = asyncio.get_running_loop()
        if self._peers is not None and not doubtful and not self._board.doubted(name):
            now = loop.time()
            found = await self._peers.finding(name, self._board.next_probe(name, now) - now)
            if found is not None and (found.latency is not None or self._board.down(name) is not None):
                self._believe(name, found.latency, found.reason, found.kind)
                return loop.time() - found.age
        await self.probe_once(name)
        return loop.time()

    def _noticed(self, name: str, verdict: Verdict) -> None:
        """Probe an endpoint that questions found to be down; after a failed probe the schedule does."""
        if verdict.state is State.DOWN and name not in self._probing:
            self.probe_now(name)

    async def _watch(self, name: str) -> None:
        loop = asyncio.get_running_loop()
        wake = self._wake[name]
        doubtful = False
        while True:
            ended = await self._turn(name, doubtful)
            wake.clear()
            try:
                async with asyncio.timeout(self._board.next_probe(name, ended) - loop.time()):
                    await wake.wait()
                doubtful = True
            except TimeoutError:
                doubtful = False
            else:
                # Whoever calls for probes, clients by the questions that they ask, does not set their pace.
                await asyncio.sleep(ended + PACE * self._settings.retry_interval - loop.time())
