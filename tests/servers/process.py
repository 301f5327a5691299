# SPDX-License-Identifier: Apache-2.0
"""One server as a child of the test run.

Knows: processes, ports, logs. Refuses to know: which server it is, and ugr.

A daemon runs in the foreground in its own process group, is stopped and waited for at the end of
its ``with`` block whatever happened inside, and is killed by the kernel if the test run dies first.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOGS = ROOT / "build" / "test-logs" / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
"""Where this run's servers write; kept after the run."""

HOST = "127.0.0.1"
PORTS = range(15000, 31000)
"""Below what Linux hands out to outgoing connections, so that none of these takes a reserved port."""

TAIL_BYTES = 4000
ENVIRONMENT = ("HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "USER")

_reservations: dict[int, socket.socket] = {}
_next_port = PORTS.start + (os.getpid() * 97) % len(PORTS)


class ServerError(Exception):
    """A server did not start, or died; the message ends with its log's last lines."""


def require(program: str, *, package: str) -> str:
    """Return the path of a program; skip the test, naming the Debian package, when it is not installed."""
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"needs {package} (Debian package): not installed")
    return found


def free_ports(count: int) -> list[int]:
    """Return ports of 127.0.0.1 that nobody listens on and that no other test run is given.

    Each is reserved, until this process ends, by an abstract Unix socket that carries its number:
    several test runs on one machine share the range without meeting.
    """
    global _next_port
    found: list[int] = []
    for _ in range(len(PORTS)):
        if len(found) == count:
            return found
        port, _next_port = _next_port, _next_port + 1
        if _next_port == PORTS.stop:
            _next_port = PORTS.start
        if port not in _reservations and _reserve(port):
            found.append(port)
    raise ServerError(f"no {count} free ports on {HOST} between {PORTS.start} and {PORTS.stop}")


def free_port() -> int:
    """Return one port as ``free_ports`` does."""
    return free_ports(1)[0]


def _reserve(port: int) -> bool:
    mark = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        mark.bind(f"\0ugr-test-port-{port}")
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
    except OSError:
        mark.close()
        return False
    _reservations[port] = mark
    return True


def listening(port: int, host: str = HOST) -> bool:
    """Say whether something accepts TCP connections there now."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((host, port)) == 0


def environment(**extra: str) -> dict[str, str]:
    """Return a small environment for servers: nothing of the test run's Python, no proxies."""
    kept = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    return kept | {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"} | extra


def wait_for(condition: Callable[[], bool], *, limit: float, interval: float = 0.02) -> bool:
    """Ask until true or until ``limit`` seconds are over; return the last answer."""
    end = time.monotonic() + limit
    while not (answer := condition()) and time.monotonic() < end:
        time.sleep(interval)
    return answer


class Daemon:
    """A server in the foreground, from ``start`` to ``stop``.

    ``argv`` must keep it from detaching. ``ready`` is asked until it says yes, at most ``limit``
    seconds. Start it on the main thread: the kernel ends it with the thread that started it.
    """

    def __init__(
        self,
        name: str,
        argv: Iterable[str | Path],
        *,
        ready: Callable[[], bool],
        limit: float = 60.0,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        stop_limit: float = 5.0,
        pass_fds: Iterable[int] = (),
    ) -> None:
        self.name = name
        self.argv = [str(word) for word in argv]
        self.ready = ready
        self.limit = limit
        self.env = dict(env) if env is not None else environment()
        self.cwd = cwd
        self.stop_signal = stop_signal
        self.stop_limit = stop_limit
        self.pass_fds = tuple(pass_fds)
        self.log = LOGS / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._paused = False

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id; ServerError when it is not running."""
        if self._process is None:
            raise ServerError(f"{self.name} is not running")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def launch(self) -> Self:
        """Start without waiting until it is ready; ``await_ready`` does that."""
        if self.running:
            raise ServerError(f"{self.name} is already running")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                # setpriv asks for PR_SET_PDEATHSIG and becomes the server: no code of ours between fork and exec
                ["/usr/bin/setpriv", "--pdeathsig", "KILL", *self.argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.env,
                cwd=self.cwd,
                process_group=0,
                pass_fds=self.pass_fds,
            )
        return self

    def await_ready(self) -> Self:
        """Wait until it is ready; stop it and raise ServerError when it dies or takes too long."""
        wait_for(lambda: not self.running or self.ready(), limit=self.limit)
        if self.running and self.ready():
            return self
        code = self._process.poll() if self._process is not None else None
        what = f"was not ready after {self.limit:g} s" if code is None else f"ended with status {code}"
        self.kill()
        raise ServerError(f"{self.name} {what}; {self.log} ends:\n{self.tail()}")

    def start(self) -> Self:
        """Start, and wait until it is ready."""
        return self.launch().await_ready()

    def pause(self) -> None:
        """Freeze it: it accepts connections (the kernel does) and answers nothing."""
        self._signal(signal.SIGSTOP)
        self._paused = True

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)
        self._paused = False

    def stop(self) -> None:
        """End it politely, by force if it does not listen, and wait for it; safe to call twice."""
        if self.running:
            self._signal(self.stop_signal)
            if self._paused:
                self.resume()
            try:
                self._waited(self.stop_limit)
            except subprocess.TimeoutExpired:
                pass
        self.kill()

    def kill(self) -> None:
        """End it and what it started, at once, and wait for it; safe to call twice."""
        if self._process is None:
            return
        self._signal(signal.SIGKILL)
        self._waited(10.0)
        self._process, self._paused = None, False

    def tail(self) -> str:
        """Return the end of its log."""
        try:
            text = self.log.read_bytes()[-TAIL_BYTES:]
        except FileNotFoundError:
            return "(no log)"
        return text.decode(errors="replace") or "(empty log)"

    def _signal(self, number: signal.Signals) -> None:
        """Send to the whole group; a group that is gone is no error, unless the signal was to freeze it."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            if number is signal.SIGSTOP:
                raise ServerError(f"{self.name} is not running; {self.log} ends:\n{self.tail()}") from None

    def _waited(self, limit: float) -> None:
        assert self._process is not None
        self._process.wait(limit)


def run(*argv: str | Path, limit: float = 30.0, log: str | None = None) -> str:
    """Run a command that ends by itself and return its output; ServerError with all it said when it fails."""
    words = [str(word) for word in argv]
    try:
        done = subprocess.run(
            words,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ServerError(f"{' '.join(words)}: not done after {limit:g} s; said: {error.stderr!r}") from None
    if log is not None:
        LOGS.mkdir(parents=True, exist_ok=True)
        with (LOGS / f"{log}.log").open("a", encoding="utf-8") as stream:
            stream.write(f"$ {' '.join(words)}\n{done.stdout}{done.stderr}")
    if done.returncode:
        raise ServerError(f"{' '.join(words)}: status {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout
