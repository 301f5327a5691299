# SPDX-License-Identifier: Apache-2.0
"""Two federations, each an endpoint of the other, and one that is its own.

Every request between them passes an nginx that counts.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.servers.nginx import Nginx
from tests.servers.process import HOST, free_ports, wait_for
from tests.servers.ugr import Reply, Ugr, ask

CONFIGURATION = """
public_url = http://{host}:{own}
runtime_dir = {directory}/run
[acl:/]
read = anonymous
list = anonymous
[cache]
negative_ttl = 10s
[health]
interval = 1s
retry_interval = 200ms
[network:clients]
addresses = 127.0.0.0/8
prefer = peer
[endpoint:disk]
type = file
path = {directory}/data
[endpoint:peer]
type = http
url = http://{host}:{other}/fed
index = json
metalink = {metalink}
"""

SERVER = """
server {{
    listen {host}:{port};
    location / {{ proxy_pass http://{host}:{behind}; proxy_set_header Host $http_host; }}
}}
"""


@dataclass(frozen=True)
class Pair:
    """A and B, each of which prefers the other as the place of a file that both have."""

    urls: dict[str, str]
    nginx: Nginx
    root: Path

    def put(self, name: str, *where: str) -> None:
        for side in where:
            (self.root / side / "data" / name).write_text(f"on {side}", encoding="utf-8")

    def passed(self, name: str, expected: int) -> list[str]:
        """Return the statuses of all requests about a name, those of clients included; nginx writes them afterwards."""

        def seen() -> list[str]:
            return [re.search(r'" (\d+) ', line)[1] for line in self.nginx.requests if f"/fed/{name}" in line]

        wait_for(lambda: len(seen()) >= expected, limit=5)
        time.sleep(0.05)
        return seen()

    def get(self, side: str, name: str) -> Reply:
        return ask(f"{self.urls[side]}/fed/{name}")

    def followed(self, side: str, name: str) -> tuple[Reply, list[str]]:
        """Return what a client ends up with, and where it was sent on the way."""
        reply, ways = self.get(side, name), []
        while reply.status in (301, 302) and len(ways) < 10:
            ways.append(reply.location)
            reply = ask(reply.location)
        return reply, ways


@contextmanager
def federated(root: Path, metalink: str) -> Iterator[Pair]:
    """Serve two federations for the length of a ``with`` block."""
    ports = dict(zip("ab", free_ports(2), strict=True))
    sides = {}
    for side, other in ("ab", "ba"):
        directory = root / side
        (directory / "data").mkdir(parents=True)
        (directory / "run").mkdir()
        text = CONFIGURATION.format(
            host=HOST, own=ports[side], other=ports[other], directory=directory, metalink=metalink
        )
        sides[side] = Ugr(directory, text, name=f"ugr-{side}")
    servers = "".join(SERVER.format(host=HOST, port=ports[side], behind=sides[side].port) for side in "ab")
    urls = {side: f"http://{HOST}:{port}" for side, port in ports.items()}
    with Nginx(root, servers, port=ports["a"], name="nginx-pair") as nginx, sides["a"], sides["b"]:
        # the first to start has found the other down
        assert wait_for(lambda: all(state(url, "peer")["state"] == "up" for url in urls.values()), limit=10)
        yield Pair(urls, nginx, root)


def state(url: str, endpoint: str) -> dict[str, Any]:
    """Return what a service says of one of its endpoints."""
    told = json.loads(ask(f"{url}/-/endpoints", headers={"Accept": "application/json"}).body)
    return next(found for found in told["endpoints"] if found["name"] == endpoint)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with federated(tmp_path_factory.mktemp("pair"), "yes") as pair:
        yield pair


def test_a_name_that_nobody_has_is_looked_for_once_in_each_and_not_found(pair: Pair) -> None:
    started = time.monotonic()
    reply = pair.get("a", "missing")

    assert reply.status == 404
    assert time.monotonic() - started < 1.0
    assert sorted(pair.passed("missing", 3)) == ["404", "404", "508"]


def test_nor_is_there_a_storm_when_nobody_says_that_the_other_is_a_federation(tmp_path: Path) -> None:
    with federated(tmp_path, "no") as pair:
        assert pair.get("a", "missing").status == 404
        assert len(pair.passed("missing", 3)) == 3
        pair.put("of-a", "a")
        assert pair.followed("a", "of-a")[0].body == b"on a"
        assert pair.followed("b", "of-a")[0].body == b"on a"


def test_many_names_that_nobody_has_are_no_storm(pair: Pair) -> None:
    for number in range(20):
        assert pair.get("ab"[number % 2], f"none-{number}").status == 404
    assert len(pair.passed("none-", 60)) == 60


def test_a_file_of_the_other_is_found_and_the_client_gets_it(pair: Pair) -> None:
    pair.put("of-b", "b")
    reply, ways = pair.followed("a", "of-b")

    assert (reply.status, reply.body) == (200, b"on b")
    assert ways[0].startswith(f"{pair.urls['b']}/fed/of-b")
    assert len(ways) == 2


def test_what_one_is_told_on_the_way_it_does_not_believe_for_others(pair: Pair) -> None:
    pair.put("of-a", "a")
    assert pair.followed("a", "of-a")[0].body == b"on a"
    reply, _ = pair.followed("b", "of-a")

    assert (reply.status, reply.body) == (200, b"on a")


def test_listings_show_both(pair: Pair) -> None:
    pair.put("listed-a", "a")
    pair.put("listed-b", "b")
    for side in "ab":
        reply = ask(f"{pair.urls[side]}/fed/", headers={"Accept": "application/json"})

        assert reply.status == 200
        assert {b"listed-a", b"listed-b"} <= set(re.findall(rb"listed-\w", reply.body))
        assert b'"missing": {}' in reply.body


def test_a_directory_of_the_other_is_one(pair: Pair) -> None:
    (pair.root / "b" / "data" / "dir").mkdir(exist_ok=True)

    assert ask(f"{pair.urls['a']}/fed/dir", "PROPFIND", headers={"Depth": "0"}).body.count(b"<D:collection") == 1


def test_a_file_that_both_have_is_given_by_the_one_that_the_client_is_sent_to(pair: Pair) -> None:
    pair.put("of-both", "a", "b")
    for side, other in ("ab", "ba"):
        pair.get(side, "of-both")
        reply, ways = pair.followed(side, "of-both")

        assert reply.body == f"on {other}".encode()
        assert len(ways) == 2


def test_a_federation_that_is_its_own_endpoint_is_told_and_finds_nothing_there(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "f").write_text("here", encoding="utf-8")
    (tmp_path / "run").mkdir()
    (own,) = free_ports(1)
    text = CONFIGURATION.format(host=HOST, own=own, other=own, directory=tmp_path, metalink="yes")
    ugr = Ugr(tmp_path, text, name="ugr-own")
    server = SERVER.format(host=HOST, port=own, behind=ugr.port)
    with Nginx(tmp_path, server, port=own, name="nginx-own") as nginx, ugr:
        assert ask(f"http://{HOST}:{own}/fed/missing").status == 404
        assert ask(f"http://{HOST}:{own}/fed/f").status == 302
        assert len([line for line in nginx.requests if "/fed/missing" in line]) <= 2

        def told() -> bool:
            return b"this very federation" in ask(f"{ugr.url}/-/endpoints", headers={"Accept": "application/json"}).body

        assert wait_for(told, limit=10)


@pytest.mark.parametrize("via", ["one,two,three,four,five", "no spaces", "", "x" * 65])
def test_names_that_cannot_be_are_refused(pair: Pair, via: str) -> None:
    reply = ask(f"{pair.urls['a']}/fed/f", headers={"Ugr-Via": via, "Accept": "application/json"})

    assert reply.status == 508
    assert b'"loop"' in reply.body
