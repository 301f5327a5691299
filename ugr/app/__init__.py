# SPDX-License-Identifier: Apache-2.0
"""The composition root: the only room that sees all others.

* ``process``: what lives as long as the process (the loop, the HTTP engine, the cache);
* ``runtime``: one configuration at work, built from its parts;
* ``service``: which runtime answers, and its exchange for the next.
"""

from __future__ import annotations

import os
from pathlib import Path

from ugr.app.runtime import Runtime
from ugr.app.service import Service

__all__ = ["Runtime", "Service", "configuration_path"]


def configuration_path() -> Path:
    """Return the configuration file of this process: $UGR_CONFIG or /etc/ugr/ugr.conf."""
    return Path(os.environ.get("UGR_CONFIG", "/etc/ugr/ugr.conf"))
