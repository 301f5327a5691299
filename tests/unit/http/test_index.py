# SPDX-License-Identifier: Apache-2.0
"""Indexes in JSON and in HTML, in pieces of any size, from servers that cannot be trusted."""

import html
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ugr_http.index import MAX_ENTRY, MAX_REST, JsonIndex, PageIndex

from ugr.plugin import FileInfo, Misbehaved, Unavailable

WHEN = "Wed, 25 Nov 2026 18:43:00 GMT"
names = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="/"), min_size=1, max_size=20
)
showable = names.filter(lambda name: name not in (".", ".."))


def read(document: bytes, size: int = 7) -> list[FileInfo]:
    index = JsonIndex()
    found = [info for start in range(0, len(document), size) for info in index.feed(document[start : start + size])]
    index.close()
    return found


def links(page: bytes, size: int = 7, url: str = "http://h/data/dir/") -> list[tuple[str, bool]]:
    index = PageIndex(url)
    return [link for start in range(0, len(page), size) for link in index.feed(page[start : start + size])]


def nginx(*entries: dict) -> bytes:
    return ("[\n" + ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries) + "\n]\n").encode()


def test_files_and_directories_of_nginx():
    document = nginx(
        {"name": "d", "type": "directory", "mtime": WHEN},
        {"name": "f", "type": "file", "mtime": WHEN, "size": 3},
        {"name": "socket", "type": "other", "mtime": WHEN},
    )

    assert read(document) == [FileInfo("d", True, mtime=1795632180.0), FileInfo("f", size=3, mtime=1795632180.0)]


def test_files_and_directories_of_another_ugr():
    entries = [
        {"name": "d", "directory": True, "size": None, "mtime": None},
        {"name": "f", "directory": False, "size": 3, "mtime": 1.5},
    ]
    document = json.dumps({"path": '/a "b"', "entries": entries, "unasked": [], "missing": {}, "truncated": {}})

    assert read(document.encode()) == [FileInfo("d", True), FileInfo("f", size=3, mtime=1.5)]


def test_a_listing_that_another_ugr_calls_incomplete_is_so_here():
    document = b'{"path": "/", "entries": [], "unasked": ["cern"], "missing": {"ral": "timed out"}, "truncated": {}}'

    with pytest.raises(Unavailable, match=r"not complete \(cern, ral\)"):
        read(document)


@given(st.lists(st.tuples(showable, st.integers(0, 10**15)), unique_by=lambda item: item[0]), st.integers(1, 50))
def test_every_name_is_read_in_pieces_of_any_size(entries, size):
    document = nginx(*({"name": name, "type": "file", "size": length} for name, length in entries))

    assert read(document, size) == [FileInfo(name, size=length) for name, length in entries]


def test_a_name_comes_once():
    entry = {"name": "f", "type": "file", "size": 3}

    assert read(nginx(entry, entry)) == [FileInfo("f", size=3)]


def test_entries_that_cannot_be_names_are_counted():
    index = JsonIndex()
    document = nginx({"name": "a/b", "type": "file", "size": 1}, {"name": "..", "type": "directory"})

    assert list(index.feed(document.replace(b"a/b", b"\xff"))) == []
    assert index.hidden == 2


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b"", "ends before its end"),
        (b"<html>", "does not answer with an index"),
        (b'{"error": "x"}', "ends before its end"),
        (b"[1]", "not an entry"),
        (b'["f"]', "not an entry"),
        (b'[{"name": "f"}]', "no kind"),
        (b'[{"type": "file", "size": 1}]', "no name"),
        (b'[{"name": "f", "type": "file"}]', "no size"),
        (b'[{"name": "f", "type": "file", "size": -1}]', "no size"),
        (b'[{"name": "f", "type": "file", "size": true}]', "no size"),
        (b'[{"name": "f", "type": "file", "size": 1}', "ends before its end"),
        (b'[{"name": "f", ', "ends before its end"),
        (b"[] and more", "follows"),
        (b'{"path": "/", "entries": []', "not JSON"),
        (b'{"path": "/", "entries": [], "missing": ', "not JSON"),
        (b'{"path": "/", "entries": [], "missing": {}} x', "not JSON"),
        (b'[{"name": "' + b"x" * MAX_ENTRY + b'"', "longer than any name"),
        (b'{"path": "' + b"x" * MAX_ENTRY, "of a kind that is not known"),
        (b"[]" + b" " * (MAX_REST + 8), "too much"),
    ],
)
def test_what_is_no_index_is_refused(document, message):
    with pytest.raises(Misbehaved, match=message):
        read(document, 4096)


@given(st.lists(showable, unique=True), st.integers(1, 40))
def test_every_link_of_a_page_is_read_in_pieces_of_any_size(found, size):
    page = "".join(f'<tr><td><A class=x HREF="{html.escape(quote(name))}">{html.escape(name)}</A>' for name in found)

    assert links(page.encode(), size) == [(name, False) for name in found]


@pytest.mark.parametrize(
    "href", ["f", "./f", "/data/dir/f", "http://h/data/dir/f", "http://H:80/data/dir/f", "//h/data/dir/f", "f#top"]
)
def test_what_is_directly_below_is_a_name(href):
    assert links(f'<a href="{href}">'.encode()) == [("f", False)]


@pytest.mark.parametrize(
    "href",
    [
        *("../", "..", ".", "./", "/", "/data/", "/data/dir/", "/data/dir", "/data/directory/f", "/other/f", "d/f"),
        *("?C=N;O=D", "f?download", "#top", "", "mailto:a@h", "javascript:x", "http://other/data/dir/f"),
        *("https://h/data/dir/f", "http://[::1/f", "..%2f..%2fetc", "%2e%2e", "a%00b"),
    ],
)
def test_what_is_elsewhere_is_no_name(href):
    assert links(f'<a href="{href}">'.encode()) == []


def test_directories_end_in_a_slash_and_quotes_may_be_any():
    page = b"<a href=d/>x</a> <a title='<b>' href='e%20f/'>x</a> <a data-href=no>x</a> <abbr href=no> <a\nhref = g >"

    assert links(page) == [("d", True), ("e f", True), ("g", False)]


def test_icons_that_are_links_too_change_nothing():
    assert links(b'<a href="f"><img></a><a href="f">f</a>') == [("f", False)]


def test_a_link_that_does_not_end_is_refused():
    with pytest.raises(Misbehaved, match="does not end"):
        links(b"<a href='" + b"x" * 2 * MAX_ENTRY, 4096)
