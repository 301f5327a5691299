# SPDX-License-Identifier: Apache-2.0
"""Probe every endpoint on a schedule of its own, and tell the board.

Knows: that an endpoint has ``health``, when its next probe is due. Refuses to know: what a probe
asks, what the board makes of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Protocol

from ugr.call import Call
from ugr.config.settings import HealthSettings
from ugr.errors import UgrError
from ugr.federation.board import Board
from ugr.federation.health import State, Verdict, explain_failure

log = logging.getLogger("ugr.health")

GRACE = 0.25
"""Seconds by which an endpoint may end after its call (clause TIME-1 of the contract)."""


class Probed(Protocol):
    """What can be probed: an endpoint, guarded or not."""

    async def health(self, call: Call) -> None:
        """Return when the storage can serve; raise what is wrong otherwise."""
        ...


class Poller:
    """One task for each endpoint. Made anywhere, started and stopped on the loop."""

    def __init__(self, endpoints: Mapping[str, Probed], board: Board, settings: HealthSettings) -> None:
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
        """Probe one endpoint now, and tell the board what came of it."""
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
            self._board.probe_ok(name, loop.time() - started)
        finally:
            self._probing.discard(name)

    def probe_now(self, name: str) -> None:
        """Have an endpoint probed without waiting for its turn; any thread. Nothing happens when stopped."""
        loop, wake = self._loop, self._wake.get(name)
        if loop is not None and wake is not None:
            loop.call_soon_threadsafe(wake.set)

    def _failed(self, name: str, error: Exception) -> None:
        reason, kind = explain_failure(error, self._settings.timeout)
        self._board.probe_failed(name, reason, kind)

    def _noticed(self, name: str, verdict: Verdict) -> None:
        """Probe an endpoint that questions found to be down; after a failed probe the schedule does."""
        if verdict.state is State.DOWN and name not in self._probing:
            self.probe_now(name)

    async def _watch(self, name: str) -> None:
        loop = asyncio.get_running_loop()
        wake = self._wake[name]
        while True:
            await self.probe_once(name)
            wake.clear()
            now = loop.time()
            try:
                async with asyncio.timeout(self._board.next_probe(name, now) - now):
                    await wake.wait()
            except TimeoutError:
                continue
