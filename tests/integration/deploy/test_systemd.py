# SPDX-License-Identifier: Apache-2.0
"""The units of etc/systemd: systemd finds no fault in them, and the service keeps what they promise."""

from __future__ import annotations

import ctypes
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.test_examples import commands
from tests.integration.deploy import shipped
from tests.integration.deploy.conftest import Service
from tests.servers.process import HOST, ServerError, environment, free_port, require, run, wait_for
from tests.servers.ugr import ask

UNIT = shipped.SERVICE.read_text(encoding="utf-8")
PR_SET_MDWE = 65
FORBIDDING = """
import ctypes, os, sys
assert ctypes.CDLL(None).prctl({option}, 1, 0, 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Becomes a process that cannot make memory executable (PR_SET_MDWE(2const))."""


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """Write the units with a program that is there."""
    files = []
    for file in (shipped.SERVICE, shipped.SOCKET):
        changes = {shipped.PROGRAM: sys.executable} if file is shipped.SERVICE else {}
        files.append(tmp_path / file.name)
        files[-1].write_text(shipped.replaced(file, changes), encoding="utf-8")
    return files


def test_systemd_finds_no_fault_in_the_units(units: list[Path]) -> None:
    analyze = require("systemd-analyze", package="systemd")

    done = subprocess.run(
        [analyze, "--recursive-errors=no", "verify", *units],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )

    assert [line for line in done.stderr.splitlines() if "ugr" in line] == []
    assert done.returncode == 0


def test_service_may_do_little_else_than_it_has_to(units: list[Path]) -> None:
    """Systemd rates units from 0, which may do nothing, to 10; its own hardest ones reach 2."""
    analyze = require("systemd-analyze", package="systemd")

    run(analyze, "security", "--offline=true", "--threshold=20", units[0])


def test_units_run_commands_that_exist() -> None:
    words = re.findall(rf"(?m)^Exec\w+={shipped.PROGRAM} ([\w-]+)$", UNIT)

    assert "serve" in words
    assert set(words) <= commands()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """Listen as systemd does for what a service tells it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"{tmp_path}/notify")
        manager.settimeout(10.0)
        yield manager


def test_service_tells_systemd_when_it_is_ready(tmp_path: Path, manager: socket.socket) -> None:
    service = Service(tmp_path, f"unix:{tmp_path}/ugr.sock", workers=1)
    service.env["NOTIFY_SOCKET"] = f"{tmp_path}/notify"
    with service:
        told = manager.recv(4096)

    assert b"READY=1" in told
    assert "\nType=notify\n" in UNIT


def endpoints(place: Path) -> list[str]:
    """Return the names of the endpoints that a service on a Unix socket knows."""
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(10.0)
    connection.sock.connect(str(place))
    connection.request("GET", "/-/endpoints", headers={"Accept": "application/json"})
    names = [endpoint["name"] for endpoint in json.loads(connection.getresponse().read())["endpoints"]]
    connection.close()
    return names


def test_reload_of_the_unit_brings_a_changed_configuration_into_effect(tmp_path: Path) -> None:
    with Service(tmp_path, f"unix:{tmp_path}/ugr.sock", workers=1) as service:
        assert endpoints(tmp_path / "ugr.sock") == ["disk"]
        with service.file.open("a", encoding="utf-8") as file:
            file.write(f"[endpoint:second]\ntype = file\npath = {tmp_path}/data\n")
        service.reload()

        assert endpoints(tmp_path / "ugr.sock") == ["disk", "second"]
    assert f"\nExecReload={shipped.PROGRAM} reload\n" in UNIT


def test_service_works_without_capabilities_and_without_memory_that_is_writable_and_executable(tmp_path: Path) -> None:
    if ctypes.CDLL(None).prctl(PR_SET_MDWE + 1, 0, 0, 0, 0) < 0:
        pytest.skip("this kernel cannot forbid memory that is writable and executable")
    service = Service(tmp_path, f"{HOST}:{free_port()}", workers=1)
    service.add("f")
    forbid = FORBIDDING.format(option=PR_SET_MDWE)
    confined = ["/usr/bin/setpriv", "--no-new-privs", "--inh-caps=-all"]
    if os.geteuid() == 0:
        confined.append("--bounding-set=-all")
    service.argv = [*confined, sys.executable, "-c", forbid, *service.argv]
    with service:
        status = Path(f"/proc/{service.workers[0]}/status").read_text()
        answer = ask(f"http://{service.listen}/fed/f")

    assert re.findall(r"(?m)^(?:CapPrm|CapEff):\t0*(\w)$", status) == ["0", "0"]
    assert answer.status == 302
    assert "\nMemoryDenyWriteExecute=yes\n" in UNIT
    assert "\nCapabilityBoundingSet=\n" in UNIT


def test_socket_that_is_handed_over_must_be_the_one_that_is_configured(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(f"{tmp_path}/other.sock")
        other.listen()
        service = Service(tmp_path, f"unix:{tmp_path}/ugr.sock", socket=other)
        with pytest.raises(ServerError) as refused:
            service.start()

    assert f"listen = unix:{tmp_path}/ugr.sock: systemd hands over unix:{tmp_path}/other.sock" in str(refused.value)


def test_service_that_is_told_to_stop_goes_on_for_its_drain_and_says_that_it_is_not_ready(tmp_path: Path) -> None:
    service = Service(tmp_path, f"{HOST}:{free_port()}", "drain = 1500ms")
    service.add("f")
    url = f"http://{service.listen}"
    with service:
        assert ask(f"{url}/-/health/ready").status == 200
        begun = time.monotonic()
        os.kill(service.pid, signal.SIGTERM)
        assert wait_for(lambda: ask(f"{url}/-/health/ready").status == 503, limit=1.0)
        said = ask(f"{url}/-/health/ready").body
        answers = set()
        while time.monotonic() < begun + 1.2:
            answers.add(ask(f"{url}/fed/f").status)
        assert wait_for(lambda: not service.running, limit=10.0)

    assert said == b"the service is about to stop\n"
    assert answers == {302}


def test_service_that_is_told_twice_to_stop_does_not_wait(tmp_path: Path) -> None:
    with Service(tmp_path, f"{HOST}:{free_port()}", "drain = 60s") as service:
        for _ in range(2):
            os.kill(service.pid, signal.SIGTERM)
            time.sleep(0.2)

        assert wait_for(lambda: not service.running, limit=10.0)
