# SPDX-License-Identifier: Apache-2.0
"""The harness itself: children end with their test, and say why when they cannot start."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.servers.nginx import Nginx
from tests.servers.process import (
    HOST,
    ROOT,
    Daemon,
    ServerError,
    environment,
    free_port,
    free_ports,
    listening,
    require,
    run,
    wait_for,
)

LISTENER = """
import socket, sys, time
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("listening", flush=True)
while True:
    connection, _ = listener.accept()
    connection.sendall(b"hello")
    connection.close()
"""


def listener(port: int, **more: object) -> Daemon:
    return Daemon("listener", [sys.executable, "-c", LISTENER, str(port)], ready=lambda: listening(port), **more)


def gone(pid: int) -> bool:
    """Say whether a process is no more, or nobody but its parent knows."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def test_a_daemon_ends_with_its_block_even_when_the_test_fails():
    port = free_port()
    daemon, pids = listener(port), []

    def failing_test():
        with daemon:
            pids.append(daemon.pid)
            assert listening(port)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing_test()
    assert gone(pids[0])
    assert not listening(port)


def test_a_daemon_that_dies_is_reported_with_the_tail_of_its_log():
    words = [sys.executable, "-c", "print('no such luck'); raise SystemExit(3)"]
    with pytest.raises(ServerError, match=r"(?s)ended with status 3; .*no such luck"):
        Daemon("unlucky", words, ready=lambda: False).start()


def test_a_daemon_that_is_never_ready_is_stopped_and_reported():
    daemon = listener(free_port(), limit=0.3)
    daemon.ready = lambda: False
    with pytest.raises(ServerError, match=r"was not ready after 0\.3 s"):
        daemon.start()
    assert not daemon.running


def test_a_paused_daemon_is_silent_until_it_is_resumed_and_can_be_stopped():
    port = free_port()
    with listener(port) as daemon:
        daemon.pause()
        with socket.create_connection((HOST, port), timeout=0.2) as connection:
            with pytest.raises(TimeoutError):
                connection.recv(5)
            daemon.resume()
            connection.settimeout(5)
            assert connection.recv(5) == b"hello"
        daemon.pause()
        pid = daemon.pid
    assert gone(pid)


def test_a_daemon_can_be_started_again_on_its_port():
    port = free_port()
    daemon = listener(port)
    with daemon:
        daemon.kill()
        assert not listening(port)
        daemon.start()
        assert listening(port)


def test_a_daemon_dies_with_a_test_run_that_is_killed():
    port = free_port()
    script = (
        "import sys, time\nfrom tests.servers.process import Daemon, listening\n"
        f"words = [sys.executable, '-c', {LISTENER!r}, '{port}']\n"
        f"d = Daemon('orphan', words, ready=lambda: listening({port})).start()\n"
        "print(d.pid, flush=True)\ntime.sleep(60)\n"
    )
    ours = environment(PYTHONPATH=str(ROOT))
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=ours)
    assert child.stdout is not None
    with child, child.stdout:
        pid = int(child.stdout.readline())
        os.kill(child.pid, signal.SIGKILL)
    assert wait_for(lambda: gone(pid), limit=5)


def test_ports_are_never_given_twice():
    ports = free_ports(50)
    assert len(set(ports)) == 50
    script = "from tests.servers.process import free_ports; print(*free_ports(2000))"
    ours = environment(PYTHONPATH=str(ROOT))
    others = subprocess.check_output([sys.executable, "-c", script], env=ours, text=True)
    assert not set(ports) & set(map(int, others.split()))


def test_a_missing_program_skips_with_its_package():
    with pytest.raises(pytest.skip.Exception, match=r"^needs no-such-package \(Debian package\): not installed$"):
        require("no-such-program-at-all", package="no-such-package")


def test_a_failing_command_is_reported_with_what_it_said():
    with pytest.raises(ServerError, match=r"(?s)status 4: .*oh dear"):
        run(sys.executable, "-c", "import sys; print('oh dear', file=sys.stderr); sys.exit(4)")


def test_nginx_serves_what_its_configuration_says(tmp_path):
    port = free_port()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "file").write_bytes(b"bytes")
    server = f"server {{ listen {HOST}:{port}; root {tmp_path}/data; dav_methods PUT DELETE; }}"
    with Nginx(tmp_path, server, port=port) as nginx:
        with urllib.request.urlopen(f"http://{HOST}:{port}/file") as answer:
            assert answer.read() == b"bytes"
        put = urllib.request.Request(f"http://{HOST}:{port}/new", data=b"more", method="PUT")
        with urllib.request.urlopen(put) as answer:
            assert answer.status == 201
        assert (tmp_path / "data" / "new").read_bytes() == b"more"
        assert wait_for(lambda: len(nginx.requests) == 2, limit=2)
    assert not listening(port)


def test_nginx_with_a_faulty_configuration_says_what_is_wrong(tmp_path):
    with pytest.raises(ServerError, match='unknown directive "nonsense"'):
        Nginx(tmp_path, "nonsense on;", port=free_port()).start()
