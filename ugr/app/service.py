# SPDX-License-Identifier: Apache-2.0
"""The service of one process: which runtime answers, and how it is exchanged for the next.

Knows: the current runtime, the request for a reload. Refuses to know: how runtimes are built.

A reload swaps one reference. Requests that have begun keep the runtime that they began with; the
next ones take the new one. A configuration with faults is refused, and the old one goes on.
"""

from __future__ import annotations

import logging
import mmap
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from ugr.app.runtime import Runtime
from ugr.config.control import Control, Outcome
from ugr.config.settings import Settings, UgrSettings
from ugr.errors import ConfigError, UgrError
from ugr.frontend import FrontEnd, create_app
from ugr.frontend.data import DataSigner
from ugr.identity import IdentityChain
from ugr.log import configure

log = logging.getLogger("ugr.app")

LOOK_EVERY = 0.2
"""Seconds between two looks for a request to reload."""

FIXED = ("listen", "workers", "threads", "runtime_dir", "drain")
"""Options of [ugr] that stay as they are in a worker, whatever is configured meanwhile."""


class Service:
    """What a worker serves: the front end, and the runtime behind it."""

    def __init__(self, path: Path, runtime: Runtime) -> None:
        self.runtime = runtime
        self._path = path
        self._control = None if runtime.process.directory is None else Control(runtime.process.directory)
        self._seen = None if self._control is None else self._control.pending()
        self._ended = threading.Event()
        self._exchange = threading.Lock()
        # one byte that every process has in common that is forked from this one
        self._leaving = mmap.mmap(-1, 1)

    @property
    def directory(self) -> Path | None:
        """The directory in which the processes of the host meet."""
        return self.runtime.process.directory

    def front_end(self) -> FrontEnd:
        """Return the WSGI front end; starts nothing."""
        return create_app(
            namespace_of=lambda: self.runtime.namespace,
            settings_of=lambda: self.runtime.settings,
            loop=self.runtime.loop,
            signer=DataSigner(lambda: self.runtime.data_key()),
            identities=IdentityChain(),
            ready=self.ready,
        )

    def bound(self, *, threads: int) -> None:
        """Take the number of threads that answer in this process for what it is, whatever is configured."""
        self.runtime.settings = _with(self.runtime.settings, threads=threads)

    @property
    def leaving(self) -> bool:
        """Say whether the service is about to stop."""
        return self._leaving[0] != 0

    def leave(self) -> None:
        """Say from now on, in all processes that were forked from this one, that the service is about to stop."""
        self._leaving[0] = 1

    def ready(self) -> tuple[bool, list[str]]:
        """Say whether clients can be sent here, and if not, why."""
        good, problems = self.runtime.ready()
        return good and not self.leaving, [*problems, *(("the service is about to stop",) if self.leaving else ())]

    @property
    def started(self) -> bool:
        """Say whether this process serves."""
        return self.runtime.started

    def start(self) -> None:
        """Begin to serve, with the configuration as it is now if a reload was asked for since it was read."""
        if self.started:
            return
        self.runtime.start()
        if self._control is not None:
            self._control.enlist()
            self._look(self._control)
            threading.Thread(target=self._watch, name="reload", daemon=True).start()

    def stop(self) -> None:
        """Stop serving; idempotent."""
        self._ended.set()
        if self._control is not None:
            self._control.leave()
        self.runtime.stop()

    def reload(self) -> Outcome:
        """Take the configuration as it is now, or say why not; requests under way notice nothing."""
        with self._exchange:
            before = self.runtime
            try:
                after = before.successor(self._path)
                after.take_over(before)
            except ConfigError as error:
                log.error("the configuration is not used, the one before serves on:\n%s", error.message)
                return Outcome(os.getpid(), self._seen or "", problems=tuple(error.message.splitlines()))
            except UgrError as error:
                log.error("the reload failed, the configuration before serves on: %s", error)
                return Outcome(os.getpid(), self._seen or "", problems=(str(error),))
            notes = tuple(fixed(before.settings.ugr, after.settings.ugr))
            kept = {name: getattr(before.settings.ugr, name) for name in FIXED}
            after.settings = _with(after.settings, **kept)
            configure(after.settings.ugr.log_level)
            self.runtime = after
            log.info("the configuration was read again%s", "".join(f"; {note}" for note in notes))
            return Outcome(os.getpid(), self._seen or "", notes=notes)

    def _watch(self) -> None:
        """Look for requests to reload until the service ends; a thread of its own, because reading may take time."""
        control = self._control
        assert control is not None  # noqa: S101 - the caller looked
        while not self._ended.wait(LOOK_EVERY):
            self._look(control)

    def _look(self, control: Control) -> None:
        """Reload if that was asked for since the last look, and answer."""
        asked = control.pending()
        if asked is not None and asked != self._seen:
            self._seen = asked
            control.answer(self.reload())


def _with(settings: Settings, **options: Any) -> Settings:
    """Return settings with other options of [ugr]."""
    return replace(settings, ugr=replace(settings.ugr, **options))


def fixed(before: UgrSettings, after: UgrSettings) -> list[str]:
    """Return a sentence for each option that changed and that a worker keeps as it is."""
    return [
        f"[ugr] {name} changes only when the service is restarted"
        for name in FIXED
        if getattr(before, name) != getattr(after, name)
    ]
