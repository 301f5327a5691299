# SPDX-License-Identifier: Apache-2.0
"""A federation of two directories, and a third that is away, served as an administrator serves it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.process import wait_for
from tests.servers.ugr import Ugr, serving

WORKERS = 3
CHANGED = 1_790_000_000
ODD = "odd & <name> 'with' \"quotes\" é 50%.txt"
LONG = "long-" + "0123456789" * 20 + ".root"
MANY = 2000


@dataclass(frozen=True)
class Site:
    """The service, and where its access log is."""

    ugr: Ugr
    log: Path


def fill(directory: Path) -> None:
    """Make the files of both endpoints."""
    for place in ("geneva", "victoria"):
        top = directory / place
        (top / "atlas/raw/2026").mkdir(parents=True)
        (top / "empty").mkdir()
        (top / "many").mkdir()
        for name, size in (("b.root", 3_000_000), ("a.root", 5), ("c.txt", 0), (ODD, 1234), (LONG, 2048)):
            _write(top / "atlas/raw" / name, size, CHANGED + size)
        for number in range(MANY):
            _write(top / f"many/file-{number:05d}", 0, CHANGED - number)


def _write(path: Path, size: int, changed: float) -> None:
    with path.open("wb") as stream:
        stream.truncate(size)
    os.utime(path, (changed, changed))


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve it with several workers."""
    directory = tmp_path_factory.mktemp("pages")
    fill(directory)
    log = directory / "access.log"
    configuration = f"""
[health]
interval = 500ms
retry_interval = 200ms
failures = 1
[acl:/]
read = anonymous
list = anonymous
[endpoint:geneva]
type = file
path = {directory}/geneva
position = 46.23, 6.05
[endpoint:victoria]
type = file
path = {directory}/victoria
position = 48.46, -123.31
[endpoint:taipei]
type = file
path = {directory}/taipei
mount = /atlas
position = 25.03, 121.56
"""
    with serving(directory, configuration, name="pages", workers=WORKERS, options=f"access_log = {log}") as ugr:
        asked = {"Accept": "application/json"}
        assert wait_for(lambda: b'"down"' in ugr.ask("/-/endpoints", headers=asked).body, limit=20.0)
        yield Site(ugr, log)
