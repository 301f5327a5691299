# SPDX-License-Identifier: Apache-2.0
"""Directories for people and scripts."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.frontend.fake import MTIME, Answer, Client, World
from ugr.errors import Unavailable
from ugr.frontend import listing, pages
from ugr.model import FileInfo


class Page(HTMLParser):
    """Collects the links, the text of links, and every element that could run or fetch something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self._open: str | None = None
        self._text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "a":
            self._open, self._text = dict(attrs).get("href") or "", ""

    def handle_data(self, data: str) -> None:
        """Collect text."""
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        """Note a link."""
        if tag == "a" and self._open is not None:
            self.links.append((self._open, self._text))


def page(answer: Answer) -> Page:
    """Parse a page."""
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    return Page(answer.text)


def test_page_links_up_and_to_every_entry_directories_first(ask: Client) -> None:
    hard = "a b&<c>'\"é%"
    assert page(ask("GET", "/fed/atlas/")).links == [
        ("/fed/", "fed"),
        ("/fed/", "../"),
        ("/fed/atlas/sub/", "sub/"),
        ("/fed/atlas/a%20b&%3Cc%3E'%22%C3%A9%25", hard),
        ("/fed/atlas/f", "f"),
    ]


def test_root_has_no_way_up(ask: Client) -> None:
    assert page(ask("GET", "/fed/")).links == [("/fed/atlas/", "atlas/")]


def test_breadcrumb_leads_to_every_directory_above(world: World, ask: Client) -> None:
    world.namespace.file("/a/b c/d/f")
    links = page(ask("GET", "/fed/a/b%20c/d/")).links
    assert links[:4] == [("/fed/", "fed"), ("/fed/a/", "a"), ("/fed/a/b%20c/", "b c"), ("/fed/a/b%20c/", "../")]


def test_sizes_dates_and_the_count_are_shown(ask: Client) -> None:
    text = ask("GET", "/fed/atlas/").text
    assert 'title="7 bytes">7 B</td>' in text
    assert "1994-11-06 08:49:37" in text
    assert "<p>3 entries.</p>" in text


def test_page_says_what_it_misses(world: World, ask: Client) -> None:
    world.namespace.unasked = ("triumf",)
    world.namespace.missing = {"ral": "timed out <b>"}
    world.namespace.truncated = {"cern": 10}
    answer = ask("GET", "/fed/atlas/")
    assert answer["Ugr-Unasked"] == "triumf"
    assert "Not asked, because it is down: triumf." in answer.text
    assert "Missing what ral has: timed out &lt;b&gt;." in answer.text
    assert "Cut off after 10 entries of cern." in answer.text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=15).filter(lambda name: "/" not in name))
def test_no_name_whatever_escapes_from_its_place(world: World, ask: Client, name: str) -> None:
    world.namespace.tree = {"/": FileInfo("", directory=True), "/d": FileInfo("d", directory=True)}
    world.namespace.tree["/d/" + name] = FileInfo(name, size=1)
    parsed = page(ask("GET", "/fed/d/"))
    assert len(parsed.links) == 3
    assert parsed.elements.isdisjoint({"script", "img", "iframe", "object", "link", "svg"})
    assert not any(attribute.startswith("on") for attribute in parsed.attributes)
    assert parsed.links[2][0].startswith("/fed/d/")
    if name.isprintable():
        assert (unquote(parsed.links[2][0]), parsed.links[2][1]) == ("/fed/d/" + name, name)


@pytest.mark.parametrize("target", ["/", "/fed/atlas/", "/-/endpoints", "/-/locate", "/-/locate?path=/atlas/f"])
def test_every_page_forbids_everything_but_its_own_style(ask: Client, target: str) -> None:
    answer = ask("GET", target)
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = answer["Content-Security-Policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; ")
    assert "frame-ancestors 'none'" in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert "style" not in page(answer).attributes
    assert "url(" not in style[1]


def test_home_page_names_the_prefix(ask: Client) -> None:
    assert ("/fed/", "/fed/") in page(ask("GET", "/")).links
    assert ask("HEAD", "/").body == b""


def test_json_has_the_entries_and_what_is_missing(world: World, ask: Client) -> None:
    world.namespace.unasked = ("triumf",)
    world.namespace.missing = {"ral": "timed out"}
    world.namespace.truncated = {"cern": 10}
    answer = ask("GET", "/fed/atlas/", {"Accept": "application/json"})
    assert answer["Content-Type"] == "application/json"
    told = json.loads(answer.body)
    assert sorted(told["entries"], key=lambda entry: str(entry["name"])) == [
        {"name": "a b&<c>'\"é%", "directory": False, "size": 7, "mtime": MTIME},
        {"name": "f", "directory": False, "size": 5, "mtime": MTIME},
        {"name": "sub", "directory": True, "size": None, "mtime": None},
    ]
    del told["entries"]
    assert told == {"path": "/atlas", "unasked": ["triumf"], "missing": {"ral": "timed out"}, "truncated": {"cern": 10}}


def test_empty_directory_is_empty_in_both_forms(world: World, ask: Client) -> None:
    world.namespace.tree["/empty"] = FileInfo("empty", directory=True)
    assert json.loads(ask("GET", "/fed/empty", {"Accept": "application/json"}).body)["entries"] == []
    assert "<p>0 entries.</p>" in ask("GET", "/fed/empty/").text


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_listing_that_fails_early_has_a_status_and_later_breaks_off(world: World, ask: Client, accept: str) -> None:
    world.namespace.listing_error = Unavailable("silent")
    assert ask("GET", "/fed/atlas/", {"Accept": accept}).status == 503
    for number in range(listing.SORTED + 2000):
        world.namespace.tree[f"/big/{number}"] = FileInfo(str(number), size=1)
    world.namespace.tree["/big"] = FileInfo("big", directory=True)
    world.namespace.batch = 500
    status, _, blocks = ask.open(ask.environ("GET", "/fed/big/", {"Accept": accept}, b""))
    assert status == 200
    with pytest.raises(Unavailable):
        b"".join(blocks)
    blocks.close()


@pytest.mark.parametrize(("count", "ordered"), [(listing.SORTED, True), (listing.SORTED + 1, False)])
def test_large_directory_is_sent_as_it_comes_and_says_so(world: World, ask: Client, count: int, ordered: bool) -> None:
    world.namespace.batch = 1000
    world.namespace.tree["/big"] = FileInfo("big", directory=True)
    names = [f"f{number:05d}" for number in reversed(range(count))]
    for name in names:
        world.namespace.tree[f"/big/{name}"] = FileInfo(name, size=1)
    answer = ask("GET", "/fed/big/")
    found = [text for _, text in page(answer).links[2:]]
    assert found == (sorted(names) if ordered else names)
    assert (f"{count} entries, in no order." in answer.text) is not ordered


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, ""), (0, "0 B"), (1, "1 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"),
        (1048575, "1.0 MiB"), (5 << 30, "5.0 GiB"), (1 << 70, "1024.0 EiB"),
    ],
)  # fmt: skip
def test_size_for_people(count: int | None, text: str) -> None:
    assert pages.size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, ""), (0, "1970-01-01 00:00:00"), (MTIME, "1994-11-06 08:49:37"), (1e30, "")]
)
def test_time_for_people(seconds: float | None, text: str) -> None:
    assert pages.when(seconds) == text
