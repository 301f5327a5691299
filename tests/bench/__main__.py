# SPDX-License-Identifier: Apache-2.0
"""``make bench``: print CPU time per request, each figure beside nginx in the same run.

Writes the same figures to build/bench.json. Needs wrk and nginx (Debian packages of those names).
Asserts no time: machines differ; the ratio to nginx on the same machine is what can be compared.
"""

from __future__ import annotations

import http.client
import json
import shutil
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from tests.bench import bench_signing, crowd, page
from tests.bench.measure import CORES, Figure, cpu_seconds, pin, resident_bytes, tree, wrk
from tests.bench.stage import file_federation, peer, s3_federation, stores
from tests.servers.memcached import Memcached
from tests.servers.process import HOST, ROOT
from tests.servers.relay import Relay
from tests.servers.ugr import Ugr

WARM_PATHS = 1000
ENTRIES = 10_000
GREAT = 100_000

CYCLE = """
local n = 0
local limit = tonumber("%d")
request = function()
    n = (n + 1) %% limit
    return wrk.format("GET", string.format("%s/file%%09d", n))
end
"""


def script(directory: Path, prefix: str, limit: int) -> Path:
    """Write a wrk script that asks for ``prefix/fileN``, N from 0 to ``limit`` in a circle."""
    path = directory / f"cycle-{limit}.lua"
    path.write_text(CYCLE % (limit, prefix))
    return path


def redirects(directory: Path, reference: Figure) -> list[Figure]:
    """Measure cached and cold redirects over 3 and 10 object stores."""
    figures = []
    for count in (3, 10):
        place = directory / f"s3-{count}"
        place.mkdir()
        nginx, ports = stores(place, count)
        with nginx, Ugr(place, s3_federation(ports, place), name=f"bench-ugr-{count}") as ugr:
            if count == 3:
                warm = script(place, "/fed/warm", WARM_PATHS)
                wrk("warming", ugr.pid, ugr.url, seconds=2, script=warm)
                figures.append(wrk("redirect, cached, 1,000 files", ugr.pid, ugr.url, script=warm))
                print(figures[-1].row(reference), flush=True)
            cold = script(place, f"/fed/cold{count}", 100_000_000)
            figures.append(wrk(f"redirect, cold, {count} endpoints", ugr.pid, ugr.url, script=cold))
            print(figures[-1].row(reference), flush=True)
            print(f"{'':<44} {resident_bytes(tree(ugr.pid)) / 1e6:10.0f} MB resident (PSS) after it")
    return figures


def shared(directory: Path, reference: Figure) -> list[Figure]:
    """Measure redirects that this worker has forgotten and memcached has not: L1 miss, L2 hit."""
    place = directory / "shared"
    place.mkdir()
    nginx, ports = stores(place, 3)
    with nginx, Memcached("bench-memcached") as memcached:
        configuration = s3_federation(ports, place) + f"\n[cache]\nmax_entries = 200\nmemcached = {memcached.address}\n"
        configuration += "memcached_timeout = 1s\n"
        with Ugr(place, configuration, name="bench-shared") as ugr:
            warm = script(place, "/fed/warm", WARM_PATHS)
            wrk("warming", ugr.pid, ugr.url, seconds=3, script=warm)
            before = memcached.stat("cmd_set")
            figure = wrk("redirect, L1 miss and L2 hit, 1,000 files", ugr.pid, ugr.url, script=warm)
            if memcached.stat("cmd_set") - before > figure.requests // 100:
                raise RuntimeError("the endpoints were asked: memcached did not know the files")
            print(figure.row(reference), flush=True)
            cold = wrk(
                "redirect, cold, 3 endpoints, kept in memcached",
                ugr.pid, ugr.url, script=script(place, "/fed/cold", 100_000_000),
            )
            print(cold.row(reference), flush=True)
    return [figure, cold]


def listings(directory: Path) -> list[Figure]:
    """Measure PROPFIND, depth 1, of 10,000 entries on three endpoints, cold and remembered."""
    place = directory / "files"
    place.mkdir()
    configuration = file_federation(place, ENTRIES)
    figures = []
    for name, lifetime, pause, rounds in (("cold", "1s", 1.5, 5), ("remembered", "10m", 0.0, 15)):
        with Ugr(place, f"{configuration}\n[cache]\nlisting_ttl = {lifetime}\n", name=f"bench-{name}") as ugr:
            pids = pin(ugr.pid)
            propfind(ugr.port)
            used, took = 0.0, []
            for _ in range(rounds):
                time.sleep(pause)
                before, started = cpu_seconds(pids), time.monotonic()
                propfind(ugr.port)
                took.append(time.monotonic() - started)
                time.sleep(min(pause, 0.3))  # what is done after the last byte belongs to the request
                used += cpu_seconds(pids) - before
            took.sort()
            median, worst = took[len(took) // 2] * 1000, took[-1] * 1000
            title = f"PROPFIND 1 of {ENTRIES:,} entries, 3 endpoints, {name}"
            figures.append(Figure(title, rounds, used / rounds * 1e6, rounds / sum(took), median, worst))
            print(figures[-1].row(), flush=True)
    return figures


def crowds(directory: Path) -> list[crowd.Crowd]:
    """Measure what many clients meet: one endpoint of five hung, and 1,000 kept connections beside nginx."""
    place = directory / "crowd"
    place.mkdir()
    nginx, ports = stores(place, 5)
    met = []
    with nginx, Relay(ports[-1]) as relay:
        configuration = s3_federation([*ports[:-1], relay.port], place).replace("enabled = no", "interval = 10s")
        with Ugr(place, configuration, name="bench-crowd") as ugr:
            ugr.ask("/fed/warm")
            time.sleep(0.5)
            met.append(crowd.kept("1,000 kept connections, remembered file", ugr.pid, ugr.port, "/fed/warm"))
            relay.hang()
            met += crowd.hung(ugr.port)
    with peer(place) as reference:
        met.append(crowd.kept("nginx, 1,000 kept connections", reference.pid, reference.port, "/x"))
    for one in met:
        print(one.row(), flush=True)
    return met


def great(directory: Path) -> dict[str, float]:
    """Measure a listing of 100,000 entries from three endpoints: first byte, all of it, memory on top."""
    place = directory / "great"
    place.mkdir()
    with Ugr(place, file_federation(place, GREAT), name="bench-great") as ugr:
        propfind(ugr.port, "/fed/", 2)
        before = resident_bytes(tree(ugr.pid))
        first, whole = propfind(ugr.port, "/fed/big/", GREAT + 1)
        figures = {
            "first_byte_ms": first * 1000,
            "whole_s": whole,
            "extra_mb": (resident_bytes(tree(ugr.pid)) - before) / 1e6,
        }
    words = (
        "first byte {first_byte_ms:.0f} ms, all in {whole_s:.1f} s, {extra_mb:.0f} MB more, names and files remembered"
    )
    print(f"{f'PROPFIND 1 of {GREAT:,} entries, cold':<44} {words.format(**figures)}", flush=True)
    return figures


def propfind(port: int, path: str = "/fed/big/", expected: int = ENTRIES + 1) -> tuple[float, float]:
    """Ask once and read all of it; return the seconds to the first byte of the body, and to the last.

    Raises RuntimeError unless it has every entry.
    """
    connection = http.client.HTTPConnection(HOST, port, timeout=120)
    started = time.monotonic()
    connection.request("PROPFIND", path, headers={"Depth": "1"})
    answer = connection.getresponse()
    body = answer.read(1)
    first = time.monotonic() - started
    body += answer.read()
    connection.close()
    found = body.count(b":response>") // 2
    if answer.status != 207 or found != expected:
        raise RuntimeError(f"PROPFIND {path}: status {answer.status}, {found} responses")
    return first, time.monotonic() - started


def main() -> int:
    """Measure everything; return the exit code."""
    missing = [
        name for name in ("wrk", "nginx") if shutil.which(name) is None and not Path(f"/usr/sbin/{name}").exists()
    ]
    if missing:
        print(f"the benchmark needs {' and '.join(missing)} (Debian packages of those names)", file=sys.stderr)
        return 1
    print(f"CPU time of the whole server per request; server on core {CORES[0]}, load on core {CORES[-1]}")
    with tempfile.TemporaryDirectory(prefix="ugr-bench-") as name:
        directory = Path(name)
        with peer(directory) as nginx:
            reference = wrk("nginx, return 302", nginx.pid, f"http://{HOST}:{nginx.port}/x")
        print(reference.row(), flush=True)
        figures = [reference, *redirects(directory, reference), *shared(directory, reference), *listings(directory)]
        many, listing = crowds(directory), great(directory)
    remembered, collecting = crowd.entry_bytes()
    print(f"{'1,000,000 remembered files':<44} {remembered:10.0f} B each; a full collection takes {collecting:.3f} s")
    cost = bench_signing.measure()
    print(f"{'signed S3 URL':<44} {cost.ours:10.1f} us; boto3 {cost.boto:.0f} us, {cost.ratio:.0f} times as much")
    out = ROOT / "build" / "bench.json"
    out.parent.mkdir(exist_ok=True)
    results = {
        "figures": [asdict(figure) for figure in figures],
        "crowds": [asdict(one) for one in many],
        "great_listing": listing,
        "entry_bytes": remembered,
        "signing": asdict(cost),
    }
    out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    target = ROOT / "docs" / "reference" / "performance.rst"
    page.write(out, target)
    print(f"written: {out.relative_to(ROOT)}, {target.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
