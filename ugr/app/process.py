# SPDX-License-Identifier: Apache-2.0
"""What lives as long as the process, whatever its configuration says.

Knows: the loop, the HTTP engine, the cache, the directory in which the processes of the host meet.
Refuses to know: endpoints, settings but the cache's.

Nothing starts before ``starting``: a process may be forked from one that only built things.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ugr.config.settings import CacheSettings
from ugr.federation.cache import Cache
from ugr.federation.generations import Generations
from ugr.federation.slots import Slots
from ugr.metrics import counts
from ugr.transport import LoopThread, Transport

log = logging.getLogger("ugr.app")

SWITCH_INTERVAL = 1e-4
"""Seconds after which a busy Python thread lets the event loop run; the default is 50 times as much."""


class Process:
    """The parts that one runtime hands to the next.

    ``directory`` is where the processes of the host meet: they agree on the health of endpoints,
    and each hears what the others change. Without one this process keeps to itself.
    """

    def __init__(self, settings: CacheSettings, directory: Path | None = None) -> None:
        self.directory = directory
        self.loop = LoopThread()
        self.slots = Slots()
        self.generations = Generations()
        self.cache = Cache(settings, generations=self.generations)
        self._engine: Transport | None = None
        self._state = threading.Lock()
        self._started_in: int | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def started(self) -> bool:
        """Say whether it was started in this very process, not in one that it was forked from."""
        return self._started_in == os.getpid()

    @contextmanager
    def starting(self) -> Iterator[bool]:
        """Start the loop unless it runs; say whether the caller has to start the rest."""
        with self._state:
            first = not self.started
            if first:
                sys.setswitchinterval(SWITCH_INTERVAL)
                self._count_with_others()
                self.loop.start()
            yield first
            self._started_in = os.getpid()

    @contextmanager
    def stopping(self) -> Iterator[bool]:
        """Say whether the caller has something to stop; stop the loop afterwards."""
        with self._state:
            last = self.started
            self._started_in = None
            yield last
            if last:
                self.loop.stop(timeout=5.0)

    async def engine(self) -> Transport:
        """Return the HTTP engine, made when it is first needed; loop only."""
        if self._engine is None:
            self._engine = Transport()
        return self._engine

    def share(self) -> None:
        """Hear from now on what the other processes of the host change; loop only. Raises ConfigError."""
        if self.directory is not None:
            self.generations.open(self.directory)

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something in the background; loop only."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Let go of what the loop holds; loop only."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._engine is not None:
            await self._engine.close()
            self._engine = None

    def _count_with_others(self) -> None:
        """Count where the other processes see it; without that, what this one counts is all that it can tell."""
        if self.directory is not None:
            try:
                counts.attach(self.directory)
            except OSError as error:
                log.warning("metrics are those of one worker only: %s: %s", self.directory, error.strerror)
