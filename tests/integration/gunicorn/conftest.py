# SPDX-License-Identifier: Apache-2.0
"""gunicorn as somebody starts it by hand, over one directory."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.servers.process import HOST, Daemon, environment, free_port
from tests.servers.ugr import ask

ROOT = Path(__file__).parents[3]


class Gunicorn(Daemon):
    """``gunicorn ugr.wsgi``; ``files`` is the most files that each of its processes may have open."""

    def __init__(self, place: Path, worker: str, *options: str, files: int | None = None) -> None:
        (place / "files").mkdir()
        (place / "files" / "f").write_text("data")
        (place / "tmp").mkdir()
        config = place / "ugr.conf"
        config.write_text(
            "[ugr]\naccess_log = off\n[acl:/]\nread = anonymous\nlist = anonymous\n"
            f"[endpoint:disk]\ntype = file\npath = {place}/files\n"
        )
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        command = [sys.executable, "-m", "gunicorn", "ugr.wsgi", "-k", worker, "-b", f"{HOST}:{self.port}"]
        command += ["--no-control-socket", *options]
        if files is not None:
            command = ["/usr/bin/prlimit", f"--nofile={files}", *command]
        env = environment(UGR_CONFIG=str(config), TMPDIR=str(place / "tmp"))
        super().__init__("gunicorn", command, ready=self._answers, env=env, cwd=ROOT)

    def _answers(self) -> bool:
        try:
            return ask(f"{self.url}/-/health/ready", timeout=2.0).status == 200
        except OSError:
            return False
