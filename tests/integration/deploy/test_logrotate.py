# SPDX-License-Identifier: Apache-2.0
"""The access log under the rules of etc/logrotate/ugr: every request is in one of the files, and once."""

from __future__ import annotations

import getpass
import grp
import itertools
import json
import os
import threading
import time
from pathlib import Path

from tests.integration.deploy import shipped
from tests.integration.deploy.conftest import Service
from tests.servers.process import HOST, free_port, require, run, wait_for
from tests.servers.ugr import ask


def test_no_line_is_lost_or_doubled_by_rotation(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir(mode=0o755)
    log = logs / "access.log"
    rules = tmp_path / "rules"
    changes = {"/var/log/ugr/access.log": str(log), "su ugr ugr": f"su {getpass.getuser()} {_group()}"}
    rules.write_text(shipped.replaced(shipped.LOGROTATE, changes), encoding="utf-8")
    rules.chmod(0o644)
    program = require("logrotate", package="logrotate")
    asked, stop = [], threading.Event()

    def client(number: int) -> None:
        for count in itertools.takewhile(lambda _: not stop.is_set(), itertools.count()):
            path = f"/fed/absent-{number}-{count}"
            assert ask(f"http://{service.listen}{path}").status == 404
            asked.append(path)

    with Service(tmp_path, f"{HOST}:{free_port()}", f"access_log = {log}") as service:
        clients = [threading.Thread(target=client, args=(number,)) for number in range(3)]
        for thread in clients:
            thread.start()
        try:
            for _ in range(2):
                assert wait_for(lambda: log.exists() and log.stat().st_size > 0, limit=5.0)
                run(program, "-f", "-s", tmp_path / "state", rules)
                time.sleep(1.2)
                for old in logs.glob("access.log-*"):
                    old.rename(tmp_path / f"old-{len(list(tmp_path.glob('old-*')))}")  # one day has one name only
        finally:
            stop.set()
            for thread in clients:
                thread.join(20)

    files = [log, *tmp_path.glob("old-*")]
    assert len(files) == 3
    written = [json.loads(line)["path"] for file in files for line in file.read_text().splitlines()]
    assert sorted(written) == sorted(asked)


def _group() -> str:
    return grp.getgrgid(os.getgid()).gr_name
