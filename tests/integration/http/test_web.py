# SPDX-License-Identifier: Apache-2.0
"""What a real nginx makes of our questions, in the ways in which administrators configure it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.nginx import Nginx
from tests.servers.process import HOST, free_ports
from ugr.errors import Misbehaved, NotFound, PermissionDenied
from ugr.model import FileInfo

SERVERS = """
server {{
    listen {host}:{one};
    root {root};
    location / {{ autoindex on; autoindex_format json; }}
    location /moved/ {{ rewrite ^/moved/(.*)$ http://{host}:{two}/data/$1 redirect; }}
    location /circle/ {{ return 302 /circle/; }}
    location /headless/ {{ if ($request_method = HEAD) {{ return 405; }} alias {root}/data/; }}
    location /rangeless/ {{ if ($request_method = HEAD) {{ return 403; }} max_ranges 0; alias {root}/data/; }}
    location /html/ {{ alias {root}/data/; autoindex on; }}
    location /own/ {{ alias {root}/own/; index index.html; autoindex on; autoindex_format json; }}
    location /closed/ {{ alias {root}/data/; }}
}}
server {{
    listen {host}:{two};
    root {root};
    add_header Digest "adler32=0a0b0c0d";
}}
"""


@dataclass(frozen=True)
class Site:
    one: str
    two: str
    nginx: Nginx


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    place = tmp_path_factory.mktemp("web")
    one, two = free_ports(2)
    for name, data in {
        "data/f": b"three",
        "data/big": b"x" * (1 << 22),
        "data/d/g": b"",
        "own/index.html": b"hi",
    }.items():
        file = place / "root" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    text = SERVERS.format(host=HOST, one=one, two=two, root=place / "root")
    with Nginx(place, text, port=one, name="nginx-web") as nginx:
        yield Site(f"http://{HOST}:{one}", f"http://{HOST}:{two}", nginx)


def test_a_file_has_its_size_and_time(site: Site, ask) -> None:
    file = Path(site.nginx.place) / "root" / "data" / "f"

    assert ask(site.one, "stat", "/data/f") == FileInfo("f", size=5, mtime=float(int(file.stat().st_mtime)))


def test_a_redirect_to_another_server_is_followed(site: Site, ask) -> None:
    found = ask(f"{site.one}/moved", "stat", "/f")

    assert (found.size, found.checksums) == (5, {"adler32": "0a0b0c0d"})
    with pytest.raises(NotFound):
        ask(f"{site.one}/moved", "stat", "/gone")


def test_a_circle_of_redirects_is_left(site: Site, ask) -> None:
    with pytest.raises(Misbehaved, match="in a circle"):
        ask(f"{site.one}/circle", "stat", "/f")


@pytest.mark.parametrize("way", ["headless", "rangeless"])
def test_without_head_or_ranges_sizes_are_known_and_nothing_is_downloaded(site: Site, ask, way: str) -> None:
    before = len(site.nginx.requests)

    assert ask(f"{site.one}/{way}", "stat", "/big").size == 1 << 22
    assert ask(f"{site.one}/{way}", "stat", "/f").size == 5
    assert ask(f"{site.one}/{way}", "stat", "/d").directory
    with pytest.raises(NotFound):
        ask(f"{site.one}/{way}", "stat", "/gone")
    sent = [int(re.search(r'" \d+ (\d+) "', line)[1]) for line in site.nginx.requests[before:] if "GET" in line]
    assert max(sent) < 1 << 22


def test_the_empty_file_has_no_first_byte(site: Site, ask) -> None:
    assert ask(f"{site.one}/headless", "stat", "/d/g").size == 0


@pytest.mark.parametrize(("url", "index"), [("data", "json"), ("html", "html")])
def test_both_kinds_of_index_say_the_same(site: Site, ask, url: str, index: str) -> None:
    found = ask(f"{site.one}/{url}", "list", "/", index=index)

    assert {(info.name, info.directory, info.size) for info in found} == {
        ("f", False, 5),
        ("big", False, 1 << 22),
        ("d", True, None),
    }


def test_a_page_of_the_administrators_own_is_no_index_in_json(site: Site, ask) -> None:
    with pytest.raises(Misbehaved, match="of another kind"):
        ask(f"{site.one}/own", "list", "/", index="json")


def test_a_directory_without_an_index_is_there_and_cannot_be_listed(site: Site, ask) -> None:
    assert ask(f"{site.one}/closed", "stat", "/d").directory
    assert ask(f"{site.one}/closed", "stat", "/").directory
    with pytest.raises(PermissionDenied, match="does not list"):
        ask(f"{site.one}/closed", "list", "/d", index="json")
