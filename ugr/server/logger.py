# SPDX-License-Identifier: Apache-2.0
"""gunicorn's own events, written as ugr's are: the same layout, without secrets and control characters.

Knows: gunicorn's logger. Refuses to know: what is logged.
"""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger as GunicornLogger

from ugr.log import LineFormatter


class Logger(GunicornLogger):  # type: ignore[misc]  # gunicorn is not typed
    """The logger of ``ugr serve``."""

    def setup(self, cfg: Any) -> None:
        """Take the settings, as gunicorn does when it starts and when they have changed."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(LineFormatter())
