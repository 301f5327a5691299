# SPDX-License-Identifier: Apache-2.0
"""What is found in the runtime directory at start, and what becomes of it meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.workers.conftest import WORKERS, Service, endpoint
from tests.servers.process import environment, wait_for
from tests.servers.ugr import Ugr

FILES = ("board", "generations")


def truncated(path: Path) -> None:
    os.truncate(path, 1000)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def garbage(path: Path) -> None:
    path.write_bytes(os.urandom(600_000))


def zeros(path: Path) -> None:
    path.write_bytes(bytes(600_000))


@pytest.mark.parametrize("spoil", [truncated, empty, garbage, zeros])
def test_service_starts_whatever_the_files_have_become(tmp_path, site, spoil):
    site.put("f")
    with Service(tmp_path, endpoint(site), "interval = 60s") as service:
        assert wait_for(lambda: service.states() == {"up"}, limit=10.0)
    for name in FILES:
        spoil(service.runtime / name)
    with Service(tmp_path, endpoint(site), "interval = 60s") as service:
        assert wait_for(lambda: service.states() == {"up"}, limit=10.0)
        assert {service.ask("/fed/f").status for _ in range(10)} == {302}
        assert service.leader in service.workers
        assert not list(service.runtime.glob(".*")), "a file that was being made was left behind"


def test_files_that_are_removed_meanwhile_are_made_again_and_shared(tmp_path, site):
    with Service(tmp_path, endpoint(site), "interval = 300ms\nretry_interval = 200ms\nfailures = 2") as service:
        assert wait_for(lambda: service.states() == {"up"}, limit=10.0)
        for name in (*FILES, "leader.lock"):
            (service.runtime / name).unlink()
        assert wait_for(lambda: (service.runtime / "leader.lock").exists(), limit=5.0)
        assert wait_for(lambda: service.leader in service.workers, limit=5.0)
        site.nginx.kill()
        assert wait_for(lambda: service.states() == {"down"}, limit=10.0)
        site.nginx.start()
        assert wait_for(lambda: service.states() == {"up"}, limit=10.0)
        before = site.probes
        assert wait_for(lambda: site.probes >= before + 3, limit=5.0)
        assert service.said("nobody probes the endpoints") == 0
        site.put("f")
        service.generations().bump("/f")
        assert {service.ask("/fed/f").status for _ in range(20)} == {302}


def test_directory_that_is_not_there_is_told_before_anything_starts(tmp_path, site):
    service = Service(tmp_path, endpoint(site))
    service.runtime.rmdir()
    done = subprocess.run(
        [sys.executable, "-m", "ugr", "serve", "-c", service.file],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode != 0
    assert f"[ugr] runtime_dir = {service.runtime}: no such directory" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_directory_the_workers_share_one_that_ends_with_the_service(tmp_path, site):
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    service = Ugr(
        tmp_path,
        f"[acl:/]\nread = anonymous\nlist = anonymous\n[health]\ninterval = 60s\n{endpoint(site)}",
        name="ugr-scratch",
        workers=WORKERS,
    )
    service.env["TMPDIR"] = str(scratch)
    site.put("f")
    with service:
        assert wait_for(lambda: len(list(scratch.glob("ugr-*/board"))) == 1, limit=5.0)
        assert wait_for(lambda: len(_children(service.pid)) == WORKERS, limit=10.0)
        assert {service.ask("/fed/f").status for _ in range(20)} == {302}
        assert site.probes == 1
        ended = _children(service.pid)[0]
        os.kill(ended, 15)
        assert wait_for(lambda: ended not in _children(service.pid), limit=10.0)
        assert len(list(scratch.glob("ugr-*/board"))) == 1, "a worker that ended took the directory with it"
    assert list(scratch.iterdir()) == []


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
