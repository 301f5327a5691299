# SPDX-License-Identifier: Apache-2.0
"""The page about files that are missing: each answer that it shows is one that ugr gives.

The service is brought into the state that the page tells of, and asked what it asks.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.docs.blocks import DOCS, blocks
from tests.docs.shell import Shell, follow
from tests.servers.process import wait_for
from tests.servers.ugr import Ugr
from ugr.testing import DrunkServer

PAGE = DOCS / "howto/find-a-missing-file.rst"

QUICK = """
[cache]
negative_ttl = 100ms
partial_ttl = 100ms
[health]
interval = 100ms
retry_interval = 100ms
timeout = 500ms
recoveries = 1
"""
"""What is only for the test's patience."""

FILES = {
    "cern": {"atlas/raw/run-0001.dat": 262144, "atlas/raw/run-0004.dat": 1000, "private/f": 1},
    "triumf": {"atlas/raw/run-0001.dat": 262144, "atlas/raw/run-0002.dat": 4096, "atlas/raw/run-0004.dat": 131072},
}
"""Endpoint -> path -> length."""


class Federation:
    """The page's federation; its states are the words of the page."""

    def __init__(self, place: Path, drunk: DrunkServer) -> None:
        self.place = place
        self.drunk = drunk
        self.drunk.serve("/data/", b"[]")
        for endpoint, files in FILES.items():
            for path, length in files.items():
                file = place / endpoint / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(b"x" * length)
        shutil.copystat(place / "cern/atlas/raw/run-0001.dat", place / "triumf/atlas/raw/run-0001.dat")
        address = drunk.url.removeprefix("http://")
        here = {"/srv/": f"{place}/", "https://www.example.org": drunk.url, "www.example.org:443": address}
        (text,) = (block.text for block in blocks("ini") if block.page == PAGE)
        self.ugr = Ugr(place, Shell(place, here).translated(text) + QUICK, name="ugr-missing-file")
        here |= {":8080": f":{self.ugr.port}", "journalctl -u ugr": f"cat {self.ugr.log}"}
        self.shell = Shell(place, here, env={"UGR_CONFIG": str(self.ugr.file)})

    @property
    def states(self) -> Mapping[str, Callable[[], None]]:
        """What has to be done when the page says that something is so."""
        return {
            "all is well": self.well,
            "triumf is taken away": self.away,
            "triumf is taken away, and remembered": self.remembered,
            "desy refuses": lambda: self.misbehaving("denied"),
            "desy is silent": lambda: self.misbehaving("silent"),
        }

    def well(self) -> None:
        """Undo everything."""
        self.drunk.sober_up()
        if (self.place / "away").exists():
            (self.place / "away").rename(self.place / "triumf")
        assert wait_for(lambda: self.down() == [], limit=10.0)

    def away(self) -> None:
        """Take a directory away, and wait until the service knows."""
        (self.place / "triumf").rename(self.place / "away")
        assert wait_for(lambda: self.down() == ["triumf"], limit=10.0)

    def remembered(self) -> None:
        """The same, after somebody asked for a file there."""
        assert self.ugr.ask("/fed/atlas/raw/run-0002.dat").status == 302
        self.away()

    def misbehaving(self, behaviour: str) -> None:
        """Have the web server misbehave."""
        self.well()
        self.drunk.behave(behaviour)

    def down(self) -> list[str]:
        """Return the endpoints that the service believes to be down."""
        answer = self.ugr.ask("/-/endpoints", headers={"Accept": "application/json"})
        return [found["name"] for found in json.loads(answer.body)["endpoints"] if found["state"] == "down"]


@pytest.fixture
def federation(tmp_path: Path) -> Iterator[Federation]:
    """Serve it."""
    with DrunkServer() as drunk:
        made = Federation(tmp_path, drunk)
        with made.ugr:
            yield made


def test_the_answers_are_those_that_the_page_shows(federation: Federation) -> None:
    typed = follow(PAGE, federation.shell, federation.states)
    assert typed == 14
