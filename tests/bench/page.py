# SPDX-License-Identifier: Apache-2.0
"""The figures of one run as a page of the reference.

Knows: build/bench.json, reStructuredText. Refuses to know: measuring.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

HEAD = """\
Performance
===========

What one run of ``make bench`` measured; that command writes this page. CPU is user and system time of all processes of
the server for one request. The server has one core and the load generator (wrk, 32 kept connections) the other, where
there are two. Rates and times depend on whatever else the machine does, CPU much less; the ratio to nginx answering
``return 302`` in the same run is what can be compared from machine to machine.

No access log of nginx, no TLS; ugr writes its access log. Endpoints of cold redirects are object stores played by
nginx, which have every object.
"""


def page(results: Mapping[str, Any]) -> str:
    """Return the page for the results of a run."""
    figures = results["figures"]
    nginx = figures[0]["cpu_us"]
    rows = [
        (row["name"], _cpu(row["cpu_us"]), f"{row['cpu_us'] / nginx:,.1f}", f"{row['rate']:,.0f}", _times(row))
        for row in figures
    ]
    crowds = [
        (row["name"], f"{row['answers']:,}", f"{row['busy']:,}", _times(row), _cpu(row["cpu_us"]))
        for row in results["crowds"]
    ]
    great, signing = results["great_listing"], results["signing"]
    return "\n".join(
        [
            HEAD,
            *_table(("Request", "CPU", "x nginx", "per second", "p50, p99"), rows),
            "Many clients\n------------\n",
            "A worker lets in as many waiting requests as it has threads for; the next are told to come again (503),",
            "so that what needs no waiting is always answered.\n",
            *_table(("Clients", "Answers", "of them 503", "p50, p99", "CPU"), crowds),
            "Size\n----\n",
            "* A listing of 100,000 entries from three endpoints, cold: first byte after "
            f"{great['first_byte_ms']:.0f} ms, all after {great['whole_s']:.1f} s, {great['extra_mb']:.0f} MB more "
            "memory with names and files remembered.",
            f"* A remembered file, of a million with three copies each: {results['entry_bytes']:.0f} bytes.",
            f"* A signed S3 URL: {signing['ours']:.1f} us; boto3 takes {signing['boto']:.0f} us, "
            f"{signing['boto'] / signing['ours']:.0f} times as much.",
            "",
        ]
    )


def write(source: Path, target: Path) -> None:
    """Write the page of the results in ``source``."""
    target.write_text(page(json.loads(source.read_text(encoding="utf-8"))), encoding="utf-8")


def _cpu(microseconds: float | None) -> str:
    if microseconds is None:
        return ""
    return f"{microseconds:.1f} us" if microseconds < 10_000 else f"{microseconds / 1000:.0f} ms"


def _times(row: Mapping[str, Any]) -> str:
    return "" if row["p50_ms"] is None else f"{row['p50_ms']:.2f} ms, {row['p99_ms']:.2f} ms"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in (head, *rows):
        lines += [f"   {'* -' if number == 0 else '  -'} {cell}".rstrip() for number, cell in enumerate(row)]
    return [*lines, ""]
