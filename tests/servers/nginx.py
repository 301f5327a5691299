# SPDX-License-Identifier: Apache-2.0
"""nginx in the foreground, with whatever servers a test writes.

Knows: what nginx needs to run from a directory of one's own, as root or not. Refuses to know: what
the test's servers do.
"""

from __future__ import annotations

import os
from pathlib import Path

from tests.servers.process import Daemon, ServerError, environment, listening, require

CONFIGURATION = """\
{main}
daemon off;
# one process: a worker would outlive a master that was killed with the test run
master_process off;
pid {place}/nginx.pid;
error_log stderr info;
events {{ worker_connections 4096; }}
http {{
    access_log {place}/access.log;
    client_body_temp_path {place}/temp-body;
    proxy_temp_path {place}/temp-proxy;
    fastcgi_temp_path {place}/temp-fastcgi;
    uwsgi_temp_path {place}/temp-uwsgi;
    scgi_temp_path {place}/temp-scgi;
    default_type application/octet-stream;
{http}
}}
"""


class Nginx(Daemon):
    """One nginx: ``with Nginx(tmp_path, f"server {{ listen 127.0.0.1:{port}; ... }}", port=port):``.

    ``http`` is the inside of the ``http`` block, ``main`` goes before everything else (for
    ``load_module`` and the like). ``port`` is one that it will listen on: ready means that it does.
    ``place`` must exist; everything that nginx writes goes there.
    """

    def __init__(self, place: Path, http: str, *, port: int, main: str = "", name: str = "nginx") -> None:
        self.place = place
        self.port = port
        self.configuration = place / "nginx.conf"
        self.configuration.write_text(self._text(http, main), encoding="utf-8")
        super().__init__(
            name,
            [require("nginx", package="nginx"), "-e", "stderr", "-p", place, "-c", self.configuration],
            ready=lambda: listening(port),
            env=environment(),
        )

    def _text(self, http: str, main: str) -> str:
        if any(mark in str(self.place) for mark in ' ;{}"'):
            raise ServerError(f"nginx cannot live in {str(self.place)!r}")
        # without this, nginx as root would write as "nobody", who may not enter the test's directory
        user = "user root;\n" if os.geteuid() == 0 else ""
        return CONFIGURATION.format(main=user + main, place=self.place, http=http)

    @property
    def requests(self) -> list[str]:
        """The lines of the access log so far."""
        log = self.place / "access.log"
        return log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
