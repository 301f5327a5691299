# SPDX-License-Identifier: Apache-2.0
"""Crowds: a hung endpoint with many cold clients, many kept connections, a million remembered names.

Knows: load. Refuses to know: which server it loads.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.measure import cpu_seconds, pin, resident_bytes
from tests.servers.process import HOST


@dataclass(frozen=True)
class Crowd:
    """What one crowd met. Times are milliseconds; ``busy`` counts the answers 503."""

    name: str
    answers: int
    busy: int
    p50_ms: float
    p99_ms: float
    cpu_us: float | None = None

    def row(self) -> str:
        """Return it as a line of a table."""
        cpu = "" if self.cpu_us is None else f", {self.cpu_us:.1f} us CPU each"
        times = f"p50 {self.p50_ms:.2f} ms, p99 {self.p99_ms:.2f} ms"
        return f"{self.name:<44} {self.answers:8} answers, {self.busy} of them 503: {times}{cpu}"


class _Client:
    """One kept connection that asks one thing after another."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def get(self, path: str) -> int:
        """Ask and return the status; bodies are read and thrown away."""
        if self._writer is None or self._reader is None:
            self._reader, self._writer = await asyncio.open_connection(HOST, self._port)
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line[15:])
        await self._reader.readexactly(length)
        if b"\r\nconnection: close" in head.lower():
            self.close()
        return int(head[9:12])

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


async def _ask(client: _Client, paths: Iterator[str], until: float, pause: float, met: list[tuple[float, int]]) -> None:
    while time.monotonic() < until:
        started = time.monotonic()
        status = await client.get(next(paths))
        met.append((time.monotonic() - started, status))
        if pause or status == 503:
            await asyncio.sleep(pause or 0.05)
    client.close()


def _crowd(name: str, met: list[tuple[float, int]], cpu: float | None = None) -> Crowd:
    times = sorted(seconds for seconds, status in met if status != 503) or [0.0]
    busy = sum(status == 503 for _, status in met)
    each = None if cpu is None else cpu / max(1, len(met)) * 1e6
    return Crowd(name, len(met), busy, times[len(times) // 2] * 1e3, times[int(len(times) * 0.99)] * 1e3, each)


def _cold(number: int) -> Iterator[str]:
    count = 0
    while True:
        count += 1
        yield f"/fed/cold/{number}/{count}"


def _same(path: str) -> Iterator[str]:
    while True:
        yield path


def hung(port: int, *, clients: int = 200, seconds: float = 9.0) -> list[Crowd]:
    """Let ``clients`` ask for cold names while one more asks for a remembered one; return both crowds."""

    async def run() -> list[Crowd]:
        until = time.monotonic() + seconds
        cold: list[tuple[float, int]] = []
        warm: list[tuple[float, int]] = []
        await asyncio.gather(
            *(_ask(_Client(port), _cold(number), until, 0.0, cold) for number in range(clients)),
            _ask(_Client(port), _same("/fed/warm"), until, 0.02, warm),
        )
        return [
            _crowd(f"one of five endpoints hangs, {clients} cold clients", cold),
            _crowd("the same: a client of a remembered file", warm),
        ]

    return asyncio.run(run())


def kept(name: str, pid: int, port: int, path: str, *, connections: int = 1000, seconds: float = 5.0) -> Crowd:
    """Keep many connections, each asking now and then; return what they met, with the server's CPU time."""
    pids = pin(pid)

    async def run() -> list[tuple[float, int]]:
        met: list[tuple[float, int]] = []
        clients = [_Client(port) for _ in range(connections)]
        for client in clients:
            await client.get(path)
        until = time.monotonic() + seconds
        rest = [random.uniform(0.3, 0.7) for _ in clients]
        await asyncio.gather(
            *(_ask(client, _same(path), until, pause, met) for client, pause in zip(clients, rest, strict=True))
        )
        return met

    before = cpu_seconds(pids)
    met = asyncio.run(run())
    return _crowd(name, met, cpu_seconds(pids) - before)


def entry_bytes(entries: int = 1_000_000) -> tuple[float, float]:
    """Return bytes per remembered file (3 copies, names of 58 characters), and seconds of one full collection."""
    from ugr.config.settings import CacheSettings
    from ugr.federation.cache import Cache, Entry

    cache = Cache(CacheSettings(max_entries=4 * entries))
    gc.collect()
    before = resident_bytes([os.getpid()])
    now = time.monotonic()
    for number in range(entries):
        path = f"/atlas/data18_13TeV/AOD.20418/AOD.20418._{number:08}.root.1"
        cache.store(path, Entry(True, 7, now, now + 600.0, size=number, mtime=1.7e9 + number, holders=7))
    used = resident_bytes([os.getpid()]) - before
    started = time.process_time()
    gc.collect()
    return used / entries, time.process_time() - started
