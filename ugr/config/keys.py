# SPDX-License-Identifier: Apache-2.0
"""The key that signs URLs of data served by this service itself.

Knows: where the key is configured, kept or made. Refuses to know: what is signed.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from ugr.config.types import Secret
from ugr.errors import ConfigError

FILE = "data.key"
"""Name of the key's file in the runtime directory."""


def data_key(configured: Secret | None, directory: Path | None) -> Callable[[], str]:
    """Return a function that gives the current key (one key a line; the first signs, all verify).

    The key is the ``configured`` one; else it is made once in the runtime ``directory``, so that
    all processes of the host share it; else it is made here and dies with this process and those
    forked from it. Raises ConfigError when the directory cannot be used.
    """
    if configured is not None:
        return lambda: configured.value
    fresh = secrets.token_hex(32)
    if directory is None:
        return lambda: fresh
    kept = _kept(directory, fresh)
    return lambda: kept


def _kept(directory: Path, fresh: str) -> str:
    """Return the key in a directory, putting ``fresh`` there when there is none; safe against races."""
    path = directory / FILE
    attempt = directory / f".{FILE}.{secrets.token_hex(8)}"
    try:
        if not path.exists():
            descriptor = os.open(attempt, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(descriptor, "w", encoding="ascii") as stream:
                    stream.write(fresh + "\n")
                try:
                    os.link(attempt, path)
                except FileExistsError:
                    pass
            finally:
                os.unlink(attempt)
        key = path.read_text(encoding="ascii").strip()
    except UnicodeDecodeError:
        raise ConfigError(f"[ugr] runtime_dir = {directory}: {FILE} in it is not a key; remove that file") from None
    except OSError as error:
        raise ConfigError(
            f"[ugr] runtime_dir = {directory}: {error.strerror}; it must be a directory that ugr may write"
        ) from None
    if not key:
        raise ConfigError(f"[ugr] runtime_dir = {directory}: {FILE} in it is empty; remove that file")
    return key
