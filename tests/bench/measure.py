# SPDX-License-Identifier: Apache-2.0
"""CPU time of a tree of processes while a load generator asks it.

Wall-clock rates depend on whatever else the machine does; CPU time per request much less, so that
is the figure to compare. Server and load generator get a core each where there are two.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE = CORES[0]
LOAD_CORE = CORES[-1]


@dataclass(frozen=True)
class Figure:
    """What one run gave. ``cpu_us`` is user and system time of all server processes per request."""

    name: str
    requests: int
    cpu_us: float
    rate: float
    p50_ms: float | None = None
    p99_ms: float | None = None

    def row(self, reference: Figure | None = None) -> str:
        """Return the figure as a line of a table, with the ratio to a reference run."""
        ratio = "" if reference is None else f"{self.cpu_us / reference.cpu_us:8.1f} x"
        tail = "" if self.p50_ms is None else f"  p50 {self.p50_ms:.2f} ms, p99 {self.p99_ms:.2f} ms"
        return f"{self.name:<44} {self.cpu_us:10.1f} us {self.rate:10.0f}/s{ratio}{tail}"


def tree(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, queue = [], [pid]
    while queue:
        found.append(queue.pop())
        queue += children.get(found[-1], [])
    return found


def cpu_seconds(pids: list[int]) -> float:
    """Return the user and system time that processes have used so far."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def resident_bytes(pids: list[int]) -> int:
    """Return the proportional set size of processes together."""
    total = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        match = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
        total += 0 if match is None else int(match[1]) * 1024
    return total


def pin(pid: int) -> list[int]:
    """Put a tree of processes on the server's core, every thread of it; return its pids."""
    pids = tree(pid)
    for one in pids:
        for thread in Path(f"/proc/{one}/task").iterdir():
            try:
                os.sched_setaffinity(int(thread.name), {SERVER_CORE})
            except ProcessLookupError:
                continue
    return pids


def wrk(
    name: str,
    pid: int,
    url: str,
    *,
    seconds: int = 4,
    connections: int = 32,
    script: Path | None = None,
    arguments: tuple[str, ...] = (),
    expected: str | None = None,
) -> Figure:
    """Load a server with wrk (keep-alive, one thread) and return its CPU time per request.

    Raises RuntimeError when answers were errors or none came: a figure of failures means nothing.
    """
    pids = pin(pid)
    command = ["taskset", "-c", str(LOAD_CORE), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    if script is not None:
        command += ["-s", str(script)]
    before, started = cpu_seconds(pids), time.monotonic()
    done = subprocess.run(
        [*command, url, "--", *arguments], capture_output=True, text=True, timeout=seconds + 60, check=True
    )
    elapsed, used = time.monotonic() - started, cpu_seconds(pids) - before
    text = done.stdout
    requests = int(re.search(r"(\d+) requests in", text)[1])
    if requests == 0 or "Non-2xx or 3xx" in text or "Socket errors" in text:
        raise RuntimeError(f"{name}: the load run failed:\n{text}{done.stderr}")
    if expected is not None and expected not in text:
        raise RuntimeError(f"{name}: expected {expected!r} in the load generator's words:\n{text}")
    return Figure(
        name, requests, used / requests * 1e6, requests / elapsed, _milliseconds(text, "50"), _milliseconds(text, "99")
    )


def _milliseconds(text: str, percentile: str) -> float | None:
    match = re.search(rf"^\s+{percentile}%\s+([\d.]+)(us|ms|s)$", text, re.MULTILINE)
    return None if match is None else float(match[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[match[2]]
