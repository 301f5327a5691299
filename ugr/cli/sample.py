# SPDX-License-Identifier: Apache-2.0
"""The federation of ``ugr demo``: three directories with some files in common, and their settings.

Knows: what lies where. Refuses to know: how it is served.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

WHICH = "which-copy.txt"
"""A file whose copies say where they are. They are equally long, so that they count as copies."""


@dataclass(frozen=True, slots=True)
class Place:
    """One endpoint of the demonstration: where it is, and the addresses of the clients near it."""

    position: str
    clients: str


PLACES: Mapping[str, Place] = {
    "geneva": Place("46.23, 6.05", "127.0.1.0/24"),
    "vancouver": Place("49.25, -123.23", "127.0.2.0/24"),
    "victoria": Place("48.46, -123.31", "127.0.3.0/24"),
}

EVERYWHERE = tuple(PLACES)

FILES: Mapping[str, tuple[tuple[str, ...], int]] = {
    "atlas/raw/run-0001.dat": (EVERYWHERE, 256 << 10),
    "atlas/raw/run-0002.dat": (("geneva", "vancouver"), 128 << 10),
    "atlas/raw/run-0003.dat": (("victoria",), 64 << 10),
    "atlas/simulated/events 2026.dat": (("geneva", "victoria"), 96 << 10),
    "belle2/première mesure.dat": (("vancouver", "victoria"), 32 << 10),
    "belle2/notes.txt": (("vancouver",), 512),
}
"""Path -> the endpoints that have it, and its length in bytes."""

README = """\
This is the demonstration of ugr: one namespace over three directories.

The same path on two endpoints is one file with two copies. A client is sent to the closest.
"""


def make(directory: Path, host: str, port: int) -> Path:
    """Fill an empty directory; return the path of the configuration in it."""
    changed = time.time() // 60 * 60
    for name in PLACES:
        _write(directory / name / "README.txt", README.encode(), changed)
        _write(directory / name / WHICH, f"You were sent to {name.capitalize()}.".ljust(31).encode() + b"\n", changed)
    for path, (endpoints, length) in FILES.items():
        for name in endpoints:
            _write(directory / name / path, _content(path, length), changed)
    (directory / "run").mkdir(mode=0o700)
    config = directory / "ugr.conf"
    config.write_text(settings(directory, host, port), encoding="utf-8")
    return config


def _write(path: Path, content: bytes, changed: float) -> None:
    """Write one copy; all copies of a file have the same time of change."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (changed, changed))


def _content(path: str, length: int) -> bytes:
    """Return bytes that are the same for every copy of a file."""
    if path.endswith(".txt"):
        line = f"{path}: lines that mean nothing\n".encode()
        return (line * (length // len(line) + 1))[:length]
    return hashlib.shake_128(path.encode()).digest(length)


def settings(directory: Path, host: str, port: int) -> str:
    """Return the configuration."""
    blocks = [
        "# The demonstration of ugr. Change it, and start it again with: ugr serve -c THIS_FILE",
        f"[ugr]\nlisten = {host}:{port}\nruntime_dir = {_value(directory / 'run')}\nworkers = 1\n"
        f"log_level = warning\naccess_log = {_value(directory / 'access.log')}",
        "# Quick, so that an endpoint that is taken away is noticed while you look.\n"
        "[health]\ninterval = 1s\nretry_interval = 500ms\nfailures = 2\nrecoveries = 2",
        "[cache]\nttl = 30s\nnegative_ttl = 2s\nlisting_ttl = 5s",
        "[acl:/]\nread = anonymous\nlist = anonymous",
        "[endpoint:*]\ntype = file",
    ]
    for name, place in PLACES.items():
        blocks.append(f"[endpoint:{name}]\npath = {_value(directory / name)}\nposition = {place.position}")
    for name, place in PLACES.items():
        blocks.append(f"[network:{name}]\naddresses = {place.clients}\nposition = {place.position}")
    return "\n\n".join(blocks) + "\n"


def _value(path: Path) -> str:
    """Return a path as a value of the configuration, whatever is in it."""
    return f'"{path}"'
