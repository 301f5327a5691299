# SPDX-License-Identifier: Apache-2.0
"""The directory in which the processes of one service keep what they share.

Knows: which directory it is, and what it must allow. Refuses to know: what is kept there.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ugr.config.settings import UgrSettings
from ugr.errors import ConfigError


def runtime_directory(settings: UgrSettings, otherwise: Callable[[], Path | None] | None = None) -> Path | None:
    """Return the directory: ``runtime_dir`` when it is configured, else what ``otherwise`` makes.

    None means that there is none: each process keeps to itself. Raises ConfigError when a
    configured one cannot be written.
    """
    if settings.runtime_dir is None:
        return None if otherwise is None else otherwise()
    directory = Path(settings.runtime_dir)
    if not directory.is_dir():
        raise ConfigError(f"[ugr] runtime_dir = {directory}: no such directory; make it, for the user that runs ugr")
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        raise ConfigError(f"[ugr] runtime_dir = {directory}: ugr may not write there; make it its user's")
    return directory
