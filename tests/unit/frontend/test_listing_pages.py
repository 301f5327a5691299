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

BOARD = ("/-/endpoints", "Endpoints")


class Page(HTMLParser):
    """Collects the links, the text of links, how many elements there are, and the names of their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self.count = 0
        self.attributes: set[str] = set()
        self._open: str | None = None
        self._text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.count += 1
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
        BOARD,
        ("/fed/", "../"),
        ("/fed/atlas/sub/", "sub/"),
        ("/fed/atlas/a%20b&%3Cc%3E'%22%C3%A9%25", hard),
        ("/fed/atlas/f", "f"),
    ]


def test_root_has_no_way_up(ask: Client) -> None:
    assert page(ask("GET", "/fed/")).links == [BOARD, ("/fed/atlas/", "atlas/")]


def test_breadcrumb_leads_to_every_directory_above(world: World, ask: Client) -> None:
    world.namespace.file("/a/b c/d/f")
    links = page(ask("GET", "/fed/a/b%20c/d/")).links
    assert links[:3] == [("/fed/", "fed"), ("/fed/a/", "a"), ("/fed/a/b%20c/", "b c")]
    assert links[3:] == [BOARD, ("/fed/a/b%20c/", "../"), ("/fed/a/b%20c/d/f", "f")]


def test_sizes_dates_and_the_count_are_shown_for_people_and_exactly(world: World, ask: Client) -> None:
    world.namespace.file("/atlas/large", 1610612736)
    text = ask("GET", "/fed/atlas/").text
    assert '<td title="7 bytes">7 B' in text
    assert '<td title="1,610,612,736 bytes">1.5 GiB' in text
    assert '<td title="1994-11-06 08:49:37 UTC">1994-11-06 08:49' in text
    assert "<p>4 entries, 1.5 GiB.</p>" in text


def test_what_is_unknown_is_shown_as_nothing(world: World, ask: Client) -> None:
    world.namespace.tree = {"/": FileInfo("", directory=True), "/f": FileInfo("f")}
    assert '<tr><td><a href="/fed/f">f</a><td><td>\n' in ask("GET", "/fed/").text


def test_name_that_could_deceive_is_shown_with_its_characters_escaped(world: World, ask: Client) -> None:
    world.namespace.tree = {"/": FileInfo("", directory=True)}
    for name in ("evil\u202egpj.exe", "two\nlines", "lone\ud800"):
        world.namespace.tree["/" + name] = FileInfo(name, size=1)
    shown = [text for _, text in page(ask("GET", "/fed/")).links]
    assert shown == ["Endpoints", "evil\\u202egpj.exe", "lone\\ud800", "two\\nlines"]


def test_page_says_what_it_misses(world: World, ask: Client) -> None:
    world.namespace.unasked = ("triumf",)
    world.namespace.missing = {"ral": "timed out <b>"}
    world.namespace.truncated = {"cern": 10}
    answer = ask("GET", "/fed/atlas/")
    assert answer["Ugr-Unasked"] == "triumf"
    assert "Not asked, because it is down: triumf. What only it has is not shown." in answer.text
    assert "Missing what ral has: timed out &lt;b&gt;." in answer.text
    assert "Cut off after 10 entries of cern." in answer.text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=15).filter(lambda name: "/" not in name))
def test_no_name_whatever_escapes_from_its_place(world: World, ask: Client, name: str) -> None:
    world.namespace.tree = {"/": FileInfo("", directory=True), "/d": FileInfo("d", directory=True)}
    world.namespace.tree["/d/" + name] = FileInfo(name, size=1)
    parsed = page(ask("GET", "/fed/d/"))
    world.namespace.tree = {"/": FileInfo("", directory=True), "/d": FileInfo("d", directory=True)}
    world.namespace.tree["/d/plain"] = FileInfo("plain", size=1)
    plain = page(ask("GET", "/fed/d/"))
    assert (parsed.count, parsed.attributes) == (plain.count, plain.attributes)
    assert len(parsed.links) == 4
    assert parsed.links[3][0].startswith("/fed/d/")
    if name.isprintable():
        assert (unquote(parsed.links[3][0]), parsed.links[3][1]) == ("/fed/d/" + name, name)


def named(policy: str, kind: str, text: str) -> bool:
    """Say whether a policy allows this very text and nothing else of its kind."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"; {kind} 'sha256-{digest}';" in policy


@pytest.mark.parametrize(
    ("target", "scripts"),
    [
        ("/", 0), ("/fed/atlas/", 1), ("/-/endpoints", 1), ("/-/locate", 0), ("/-/locate?path=/atlas/f", 0),
        ("/fed/none", 0), ("/elsewhere", 0),
    ],
)  # fmt: skip
def test_every_page_forbids_everything_but_its_own_style_and_script(ask: Client, target: str, scripts: int) -> None:
    answer = ask("GET", target, {"Accept": "text/html"})
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style is not None
    policy = answer["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert named(policy, "style-src", style[1])
    found = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    assert len(found) == scripts
    assert all(named(policy, "script-src", script) for script in found)
    assert "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'" in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert "style" not in page(answer).attributes
    assert not any(attribute.startswith("on") for attribute in page(answer).attributes)
    assert "url(" not in style[1]
    assert "http:" not in style[1]


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
    text = ask("GET", "/fed/empty/").text
    assert "<p>0 entries.</p>" in text
    assert "This directory is empty." in text
    world.namespace.unasked = ("triumf",)
    assert "No endpoint that answered has anything here." in ask("GET", "/fed/empty/").text


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
    found = [text for _, text in page(answer).links[3:]]
    assert found == (sorted(names) if ordered else names)
    assert (f"<p>{count:,} entries, {pages.size(count)}, in no order.</p>" in answer.text) is not ordered
    assert (f"<p>{count:,} entries, {pages.size(count)}.</p>" in answer.text) is ordered


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
    ("seconds", "text"),
    [
        (None, ""), (0, "1970-01-01 00:00"), (MTIME, "1994-11-06 08:49"), (253402300799, "9999-12-31 23:59"),
        (253402300800, ""), (1e30, ""), (-1, ""),
    ],
)  # fmt: skip
def test_time_for_people(seconds: float | None, text: str) -> None:
    assert pages.when(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s"), (0.2, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (172800, "2 d"), (1e7, "115 d")],
)
def test_how_long_for_people(seconds: float, text: str) -> None:
    assert pages.lasting(seconds) == text
