# SPDX-License-Identifier: Apache-2.0
"""A directory for processes that were forked from one server, which knows nothing of ugr.

Knows: how processes find out that they are siblings, and what makes a directory in a public place
safe. Refuses to know: what is kept there.

``ugr serve`` makes a directory before it forks. Under another server each worker loads ugr by itself,
and has in common with the others only its parent: its process id and when it was started.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ugr.errors import ConfigError

PREFIX = "ugr-of-"


class _Process(NamedTuple):
    """A process as the system knows it: its name, and when it was started (in ticks since boot)."""

    name: str
    started: str


def siblings(config: Path) -> Callable[[], Path | None]:
    """Return a function that makes the directory, the same one for all siblings that use a configuration.

    It returns None when this process is not one of several: its parent is another program. It raises
    ConfigError when somebody else has made a directory of that name.
    """

    def directory() -> Path | None:
        parent = os.getppid()
        mine, theirs = _process(os.getpid()), _process(parent)
        if mine is None or theirs is None or mine.name != theirs.name:
            return None
        digest = hashlib.sha256(os.fsencode(config.resolve())).hexdigest()[:12]
        place = Path(tempfile.gettempdir())
        _forget_the_dead(place)
        return _made(place / f"{PREFIX}{parent}-{theirs.started}-{os.geteuid()}-{digest}")

    return directory


def _process(pid: int) -> _Process | None:
    """Return what is known of a process (proc_pid_stat(5)), None when there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    name, _, rest = text.partition("(")[2].rpartition(")")
    return _Process(name, rest.split()[19])


def _made(path: Path) -> Path:
    """Make a directory that nobody else may look into, or find the one that a sibling has made."""
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        raise ConfigError(f"{path} cannot be made: {error.strerror}; set [ugr] runtime_dir") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise ConfigError(f"{path} is not a directory of this user alone; remove it, or set [ugr] runtime_dir")
    return path


def _forget_the_dead(place: Path) -> None:
    """Remove the directories of this user whose server has ended."""
    for path in place.glob(f"{PREFIX}*-*-{os.geteuid()}-*"):
        pid, started = path.name.removeprefix(PREFIX).split("-")[:2]
        process = _process(int(pid)) if pid.isdigit() else None
        if (process is None or process.started != started) and path.lstat().st_uid == os.geteuid():
            shutil.rmtree(path, ignore_errors=True)
