# SPDX-License-Identifier: Apache-2.0
"""HAProxy in the foreground, with whatever configuration a test has.

Knows: how it is started so that it stays one process, and what it says of its servers. Refuses to know:
what stands behind it.
"""

from __future__ import annotations

import csv
import socket
from pathlib import Path

from tests.servers.process import Daemon, environment, listening, require

STATISTICS = """
global
    stats socket {socket} mode 600 level admin
"""


class Haproxy(Daemon):
    """One HAProxy: ``with Haproxy(tmp_path, text, port=port) as haproxy: haproxy.states``.

    ``configuration`` is a whole file, to which a socket for statistics is added. ``port`` is one that
    it will listen on: ready means that it does. ``place`` must exist; the configuration is written there.
    """

    def __init__(self, place: Path, configuration: str, *, port: int, name: str = "haproxy") -> None:
        self.port = port
        self._statistics = place / "haproxy.sock"
        file = place / "haproxy.cfg"
        file.write_text(configuration + STATISTICS.format(socket=self._statistics), encoding="utf-8")
        super().__init__(
            name,
            # -db: neither a daemon nor a master with a worker
            [require("haproxy", package="haproxy"), "-db", "-f", file],
            ready=lambda: listening(port),
            env=environment(),
        )

    @property
    def states(self) -> dict[str, str]:
        """What it thinks of each server: ``UP``, ``DOWN``, ``UP 1/3`` and the like."""
        return {row["svname"]: row["status"] for row in self._servers()}

    def totals(self, what: str = "stot") -> dict[str, int]:
        """Return one of its counters for each server: ``stot`` (questions), ``wretr``, ``connect``, ``reuse``."""
        return {row["svname"]: int(row[what] or 0) for row in self._servers()}

    def _servers(self) -> list[dict[str, str]]:
        return [row for row in self._rows() if row["svname"] not in ("FRONTEND", "BACKEND")]

    def _rows(self) -> list[dict[str, str]]:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5.0)
            connection.connect(str(self._statistics))
            connection.sendall(b"show stat\n")
            text = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        return list(csv.DictReader(text.removeprefix("# ").strip().splitlines()))
