# SPDX-License-Identifier: Apache-2.0
"""How ``ugr reload`` reaches the workers of this host, and how they answer: files in ``runtime_dir``.

Knows: the request, the workers that are there, their answers. Refuses to know: what a reload is.

A request is one file with an id; each worker looks at it several times a second, does what is
asked, and leaves one file with its answer. Files need no open port, no connection that could hang,
and survive a worker that dies in between.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from ugr.errors import ConfigError

PAUSE = 0.02
"""Seconds between two looks of the command."""

REQUEST = "reload.request"
WORKERS = "workers"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one worker made of a request: ``problems`` is empty when it took the new configuration.

    ``notes`` are things worth knowing, such as options that only a restart changes.
    """

    pid: int
    id: str
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Control:
    """The directory by which the command and the workers meet."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._request = directory / REQUEST
        self._workers = directory / WORKERS

    # --- a worker's side -----------------------------------------------------------------------

    def enlist(self) -> None:
        """Let the command know that this process is a worker. Raises ConfigError."""
        try:
            self._workers.mkdir(mode=0o700, exist_ok=True)
            (self._workers / str(os.getpid())).touch()
        except OSError as error:
            raise ConfigError(f"[ugr] runtime_dir = {self._directory}: {error.strerror}") from None

    def leave(self) -> None:
        """Take this process off the list; safe to call twice."""
        for path in self._workers.glob(f"{os.getpid()}*"):
            path.unlink(missing_ok=True)

    def pending(self) -> str | None:
        """Return the id of the last request, or None when there never was one."""
        try:
            return self._request.read_text(encoding="ascii").strip() or None
        except (OSError, UnicodeDecodeError):
            return None

    def answer(self, outcome: Outcome) -> None:
        """Leave this worker's answer for the command."""
        _replace(self._workers / f"{outcome.pid}.outcome", json.dumps(asdict(outcome)))

    # --- the command's side ----------------------------------------------------------------------

    def ask(self) -> str:
        """Ask all workers; return the request's id. Raises ConfigError."""
        id = secrets.token_hex(8)
        try:
            _replace(self._request, id)
        except OSError as error:
            raise ConfigError(f"[ugr] runtime_dir = {self._directory}: {error.strerror}") from None
        return id

    def workers(self) -> list[int]:
        """Return the workers that are alive, by process id."""
        return sorted(pid for pid in self._listed() if Path(f"/proc/{pid}").exists())

    def outcomes(self, id: str, seconds: float) -> list[Outcome]:
        """Wait for the answers of all workers to a request, at most ``seconds``; return those that came."""
        deadline = time.monotonic() + seconds

        while True:
            found = {pid: outcome for pid in self.workers() if (outcome := self._outcome(pid)) and outcome.id == id}
            if found.keys() >= set(self.workers()) or time.monotonic() >= deadline:
                return [found[pid] for pid in sorted(found)]
            threading.Event().wait(PAUSE)

    def _listed(self) -> Iterator[int]:
        if self._workers.is_dir():
            for path in self._workers.iterdir():
                if path.name.isdigit():
                    yield int(path.name)

    def _outcome(self, pid: int) -> Outcome | None:
        try:
            fields = json.loads((self._workers / f"{pid}.outcome").read_text(encoding="utf-8"))
            return Outcome(int(fields["pid"]), str(fields["id"]), tuple(fields["problems"]), tuple(fields["notes"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None


def _replace(path: Path, text: str) -> None:
    """Write a file so that readers see the whole of it or the one before."""
    attempt = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    attempt.write_text(text + "\n", encoding="utf-8")
    attempt.replace(path)
