# SPDX-License-Identifier: Apache-2.0
"""A configuration is exchanged under load: no request fails, and a bad one changes nothing."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from tests.servers.process import HOST, environment, free_port, listening, wait_for
from tests.servers.ugr import Ugr, ask

JSON = {"Accept": "application/json"}


class Load:
    """Clients that ask for one path over kept connections, and note every answer that is not the expected one."""

    def __init__(self, port: int, path: str, expected: set[int], clients: int = 4) -> None:
        self.answers = 0
        self.wrong: list[str] = []
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._ask, args=(port, f"{path}?client={number}", expected))
            for number in range(clients)
        ]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(20)

    def _ask(self, port: int, path: str, expected: set[int]) -> None:
        connection = http.client.HTTPConnection(HOST, port, timeout=10)
        while not self._stop.is_set():
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                answer.read()
                if answer.will_close:
                    connection.close()
                status = answer.status
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                with self._lock:
                    self.wrong.append(repr(error))
                continue
            with self._lock:
                self.answers += 1
                if status not in expected:
                    self.wrong.append(str(status))
            time.sleep(0.001)
        connection.close()


class Host:
    """A service over directories, whose configuration can be written anew."""

    def __init__(self, directory, workers=2):
        self.directory = directory
        (directory / "run").mkdir()
        for name in ("a", "b"):
            (directory / name / "d").mkdir(parents=True)
            (directory / name / "d" / f"only-{name}").write_text(name)
            (directory / name / "d" / "both").write_text("both")
        self.ugr = Ugr(directory, self.text("a"), workers=workers, options=f"runtime_dir = {directory}/run")

    def text(self, *names, acl="anonymous", more=""):
        endpoints = "".join(
            f"[endpoint:{name}]\ntype = file\npath = {self.directory}/{name}\nmount = /m\n{more}" for name in names
        )
        return f"[health]\ninterval = 500ms\n[acl:/]\nread = {acl}\nlist = {acl}\n{endpoints}"

    def write(self, text):
        head = f"[ugr]\nlisten = {HOST}:{self.ugr.port}\nworkers = 2\nruntime_dir = {self.directory}/run\n"
        self.ugr.file.write_text(head + text)

    def command(self, *words):
        return subprocess.run(
            [sys.executable, "-m", "ugr", *words, "-c", self.ugr.file],
            capture_output=True, text=True, timeout=60, env=environment(), check=False,
        )  # fmt: skip

    def names(self):
        """Return the names in /m/d as every worker tells them, asked often enough to meet both."""
        found = set()
        for _ in range(12):
            entries = json.loads(self.ugr.ask("/fed/m/d/", headers=JSON).body)["entries"]
            found.add(tuple(sorted(entry["name"] for entry in entries)))
        return found


@pytest.fixture
def host(tmp_path):
    host = Host(tmp_path)
    with host.ugr:
        yield host


def test_reload_under_load_loses_no_request(host):
    with Load(host.ugr.port, "/fed/m/d/both", {302}) as load:
        for number in range(6):
            host.write(host.text(*("a", "b")[: 1 + number % 2], more=f"weight = {1 + number}\n"))
            done = host.command("reload")
            assert done.returncode == 0, done.stdout + done.stderr
            assert done.stdout.count(": reloaded") == 2
    assert load.wrong == []
    assert load.answers > 200


def test_endpoint_appears_and_disappears_with_a_reload(host):
    assert host.names() == {("both", "only-a")}
    host.write(host.text("a", "b"))
    assert host.command("reload").returncode == 0
    assert host.names() == {("both", "only-a", "only-b")}
    assert host.ugr.ask("/fed/m/d/only-b").status == 302
    host.write(host.text("a"))
    assert host.command("reload").returncode == 0
    assert host.names() == {("both", "only-a")}
    assert host.ugr.ask("/fed/m/d/only-b").status == 404


def test_endpoint_that_means_another_directory_is_asked_anew(host):
    assert host.ugr.ask("/fed/m/d/only-a").status == 302
    host.write(host.text("a").replace(f"path = {host.directory}/a", f"path = {host.directory}/b"))
    assert host.command("reload").returncode == 0
    for _ in range(8):
        assert host.ugr.ask("/fed/m/d/only-a").status == 404
        assert host.ugr.ask("/fed/m/d/only-b").status == 302


def test_rights_change_with_a_reload(host):
    assert host.ugr.ask("/fed/m/d/both").status == 302
    host.write(host.text("a", acl="nobody"))
    assert host.command("reload").returncode == 0
    assert {host.ugr.ask("/fed/m/d/both").status for _ in range(12)} == {403}


def test_bad_configuration_is_refused_with_its_faults_and_the_old_one_serves_on(host):
    good = host.ugr.file.read_text()
    host.write(host.text("a") + "\n[endpoint:b]\ntype = fille\n")
    done = host.command("reload")
    assert done.returncode == 3
    assert "ugr.conf:" in done.stderr
    assert "fille" in done.stderr
    assert host.ugr.ask("/fed/m/d/both").status == 302
    host.ugr.file.write_text(good)
    assert host.command("reload").returncode == 0


def test_options_that_need_a_restart_are_named(host):
    host.write(host.text("a"))
    host.ugr.file.write_text(host.ugr.file.read_text().replace("workers = 2", "workers = 3"))
    done = host.command("reload")
    assert done.returncode == 0
    assert "[ugr] workers changes only when the service is restarted" in done.stdout


def test_reload_without_a_running_service_says_so(tmp_path):
    host = Host(tmp_path)
    done = host.command("reload")
    assert done.returncode == 3
    assert "no service runs" in done.stderr


def test_health_survives_a_reload(host):
    host.write(host.text("a", "b"))
    assert host.command("reload").returncode == 0
    os.rename(host.directory / "b", host.directory / "gone")
    assert wait_for(lambda: state(host, "b") == {"down"}, limit=10)
    host.write(host.text("a", "b") + "\n[selection]\nfuzz = 20\n")
    assert host.command("reload").returncode == 0
    assert "unknown" not in state(host, "b")
    assert state(host, "b") == {"down"}


def state(host, name):
    """Return the states of an endpoint as the workers tell them."""
    found = set()
    for _ in range(8):
        board = json.loads(host.ugr.ask("/-/endpoints", headers=JSON).body)["endpoints"]
        found |= {row["state"] for row in board if row["name"] == name}
    return found


def test_worker_that_is_born_after_a_reload_has_the_new_configuration(host):
    host.write(host.text("a", "b"))
    assert host.command("reload").returncode == 0
    workers = {int(name) for name in os.listdir(host.directory / "run" / "workers") if name.isdigit()}
    for pid in workers:
        os.kill(pid, signal.SIGKILL)

    def reborn():
        now = {int(name) for name in os.listdir(host.directory / "run" / "workers") if name.isdigit()}
        return len({pid for pid in now - workers if os.path.exists(f"/proc/{pid}")}) == 2

    assert wait_for(reborn, limit=10)
    assert wait_for(lambda: host.names() == {("both", "only-a", "only-b")}, limit=5)


def test_hangup_replaces_the_workers_with_the_new_configuration(host):
    host.write(host.text("a", "b"))
    os.kill(host.ugr.pid, signal.SIGHUP)
    assert wait_for(lambda: host.names() == {("both", "only-a", "only-b")}, limit=15)
    host.ugr.file.write_text("[ugr]\nnonsense\n")
    os.kill(host.ugr.pid, signal.SIGHUP)
    time.sleep(2)
    assert host.names() == {("both", "only-a", "only-b")}


def test_termination_lets_requests_under_way_end(host):
    big = host.directory / "a" / "d" / "big"
    big.write_bytes(os.urandom(1 << 20) * 24)
    location = host.ugr.ask("/fed/m/d/big").location
    path = location.removeprefix(host.ugr.url)
    connection = http.client.HTTPConnection(HOST, host.ugr.port, timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    first = answer.read(1 << 16)
    os.kill(host.ugr.pid, signal.SIGTERM)
    time.sleep(0.3)
    rest = answer.read()
    connection.close()
    assert first + rest == big.read_bytes()
    assert wait_for(lambda: not host.ugr.running, limit=10)


def workers(host):
    """Return the workers that there are."""
    children = f"/proc/{host.ugr.pid}/task/{host.ugr.pid}/children"
    with open(children) as stream:
        return {int(child) for child in stream.read().split()}


def test_hangup_changes_the_number_of_workers_too(host):
    before = workers(host)
    host.write(host.text("a"))
    host.ugr.file.write_text(host.ugr.file.read_text().replace("workers = 2", "workers = 3"))
    os.kill(host.ugr.pid, signal.SIGHUP)
    assert wait_for(lambda: len(workers(host)) == 3 and not workers(host) & before, limit=20)
    assert host.ugr.ask("/fed/m/d/both").status == 302


def test_hangup_with_an_address_that_is_taken_changes_nothing(host):
    with socket.create_server((HOST, 0)) as other:
        before = workers(host)
        host.ugr.file.write_text(
            f"[ugr]\nlisten = {HOST}:{other.getsockname()[1]}\nworkers = 2\n{host.text('a', 'b')}"
        )
        os.kill(host.ugr.pid, signal.SIGHUP)
        assert wait_for(lambda: len(workers(host)) == 2 and not workers(host) & before, limit=20)
        assert host.ugr.ask("/fed/m/d/both").status == 302
        assert host.names() == {("both", "only-a")}
        assert "stop what listens there" in host.ugr.log.read_text(errors="replace")


def test_hangup_moves_the_service_to_another_address(host):
    before, port = workers(host), free_port()
    host.ugr.file.write_text(f"[ugr]\nlisten = {HOST}:{port}\nworkers = 2\n{host.text('a')}")
    os.kill(host.ugr.pid, signal.SIGHUP)
    assert wait_for(lambda: len(workers(host)) == 2 and not workers(host) & before, limit=20)
    assert wait_for(lambda: listening(port), limit=5)
    assert ask(f"http://{HOST}:{port}/fed/m/d/both").status == 302
    assert wait_for(lambda: not listening(host.ugr.port), limit=5)
