# SPDX-License-Identifier: Apache-2.0
"""One worker of the host probes the endpoints; the others stand ready.

Knows: the lock, the poller, the board, and who has to do what when. Refuses to know: what a probe
is, what the board makes of one.

The kernel frees a lock with the process that held it, however it ended, so that another worker
takes over at its next turn. A leader that lives and does not turn keeps the lock: the others hear
nothing of it, say so, and probe for themselves until they do.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
from pathlib import Path

from ugr.federation.poller import Poller
from ugr.federation.shared_board import SharedBoard

log = logging.getLogger("ugr.health")

FILE = "leader.lock"
"""Name of the lock in ``runtime_dir``."""

TURN = 0.1
"""Seconds between two looks of a candidate: the time in which a dead leader is followed."""

TURNS_PER_LOOK = 10
"""Turns after which it is checked that the files are still those that the other workers use."""


class LeaderLock:
    """A lock that one process of the host holds; used by one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Hold the lock if nobody else does; say whether it is held. Cheap, to be asked again and again.

        A lock whose file was removed or replaced is no longer held: others would not see it.
        """
        try:
            if self._descriptor is None:
                self._descriptor = self._locked()
            elif not self._in_place(self._descriptor):
                self.release()
        except OSError as error:
            log.debug("no leader's lock: %s", error)
            self.release()
        return self._descriptor is not None

    def release(self) -> None:
        """Let another process have it. Safe to call twice."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _locked(self) -> int | None:
        """Open and lock the file, return None when another process has it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self._in_place(descriptor):
                return descriptor
        except BlockingIOError:
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    def _in_place(self, descriptor: int) -> bool:
        mine, there = os.fstat(descriptor), os.stat(self._path, follow_symlinks=False)
        return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)


class Candidate:
    """One worker's part in it. Made anywhere, started and stopped on the loop."""

    def __init__(self, directory: Path, board: SharedBoard, poller: Poller) -> None:
        self._directory = directory
        self._board = board
        self._poller = poller
        self._lock = LeaderLock(directory / FILE)
        self._leading = False
        self._alone = False
        self._failing = False
        self._task: asyncio.Task[None] | None = None

    @property
    def leading(self) -> bool:
        """Say whether this worker probes for the whole host."""
        return self._leading

    def start(self) -> None:
        """Share verdicts, and probe when it is this worker's part; loop only. Raises ConfigError."""
        if self._task is None:
            self._board.attach(self._directory)
            self._task = asyncio.get_running_loop().create_task(self._run(), name="leader's candidate")

    async def stop(self) -> None:
        """Leave it to the others; safe to call twice."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await self._rest()
        self._lock.release()

    async def _run(self) -> None:
        turn = 0
        while True:
            try:
                if turn % TURNS_PER_LOOK == 0:
                    await self._look()
                    self._failing = False
                await (self._lead() if self._lock.take() else self._follow())
            except Exception as error:  # whatever went wrong, another worker must get its chance, and this one its next
                if not self._failing:
                    log.error("endpoints cannot be watched for all workers", exc_info=error)
                self._failing = True
                if self._leading:
                    await self._rest()
                self._lock.release()
            turn += 1
            await asyncio.sleep(TURN)

    async def _look(self) -> None:
        """Move to the files that the other workers use, if these are no longer they."""
        if self._board.replaced():
            self._board.attach(self._directory)
            log.warning("the file of verdicts in %s was removed or replaced; using the new one", self._directory)
            await self._rest()

    async def _lead(self) -> None:
        if not self._leading:
            self._board.lead()
            self._leading, self._alone = True, False
            self._poller.start()
            log.info("this worker probes the endpoints for all workers")
        for name in self._board.beat():
            self._poller.probe_now(name)

    async def _follow(self) -> None:
        if self._leading:
            log.warning("the lock of the leader was removed or replaced; this worker leads no more")
            await self._rest()
        attended = self._board.attended()
        if attended and self._alone:
            log.info("endpoints are probed for all workers again")
            await self._rest()
        elif not attended and not self._alone:
            log.warning("nobody probes the endpoints for all workers; this worker probes for itself")
            self._alone = True
            self._poller.start()

    async def _rest(self) -> None:
        """Probe and publish no more."""
        self._leading = self._alone = False
        self._board.follow()
        await self._poller.stop()
