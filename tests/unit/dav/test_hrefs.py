# SPDX-License-Identifier: Apache-2.0
"""Paths become URLs and hrefs become names, and back, however a storage writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ugr_dav.hrefs import Names, Place, Spelling

from ugr.plugin import EndpointError, NotFound

PLACE = Place("https://dav.example.org/store/a%20b/d%25?authz=x")


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/", "https://dav.example.org/st%20ore/"),
        ("/f", "https://dav.example.org/st%20ore/f"),
        ("/a b/100%/what?#&+;=~é", "https://dav.example.org/st%20ore/a%20b/100%25/what%3F%23%26%2B%3B%3D~%C3%A9"),
    ],
)
def test_a_url_is_percent_encoded(path, url):
    names = Names("https://dav.example.org/st%20ore/")
    assert names.url(path) == url
    assert names.directory(path) == url.removesuffix("/") + "/"
    assert names.plain(path) == f"https://dav.example.org/st ore{path}"


def test_a_name_that_is_not_unicode_is_nowhere():
    with pytest.raises(NotFound):
        Names("https://dav.example.org").url("/\ud800")


@pytest.mark.parametrize("path", ["/" + "ü" * 128, "/a/" + "x" * 256, "/a" * 2049])
def test_a_name_longer_than_file_systems_allow_is_nowhere(path):
    names = Names("https://dav.example.org")
    for url in (names.url, names.directory):
        with pytest.raises(NotFound, match="longer than file systems allow"):
            url(path)


@pytest.mark.parametrize("path", ["/" + "ü" * 127, "/a" * 2047, "/" + "/".join(["x" * 255] * 15)])
def test_a_name_as_long_as_file_systems_allow_is_asked_for(path):
    assert Names("https://dav.example.org").directory(path).startswith("https://dav.example.org/")


@pytest.mark.parametrize(
    "href",
    [
        "/store/a%20b/d%25",
        "/store/a%20b/d%25/",
        "/store/a b/d%",
        "//store//a%20b///d%25//",
        "/%73tore/a%20b/d%25",
        "https://dav.example.org/store/a%20b/d%25",
        "http://another.example.net:8443/store/a b/d%/",
        "davs://dav.example.org/store/a%20b/d%25",
        "\n   /store/a%20b/d%25\n  ",
    ],
)
def test_a_place_knows_itself(href):
    assert PLACE.same(href)
    assert PLACE.inside(href) is None


@pytest.mark.parametrize(
    ("href", "last"),
    [
        ("/store/a%20b/d%25/f", "f"),
        ("/store/a b/d%/f g", "f g"),
        ("/store/a b/d%/sub/", "sub"),
        ("https://x.example.net/store/a%20b/d%25/100%25", "100%25"),
        ("f.root", "f.root"),
        ("./f.root", "f.root"),
        ("/store/a%20b/d%25/..", ".."),
        ("/store/a%20b/d%25/x://y", EndpointError),
        ("/store/a%20b/d%25/f/g", EndpointError),
        ("/store/a%20b/f", EndpointError),
        ("/store/a%20b", EndpointError),
        ("/store/a%20b/d%25%ff/f", EndpointError),
        ("/", EndpointError),
    ],
)
def test_a_place_knows_what_is_inside(href, last):
    if isinstance(last, str):
        assert PLACE.inside(href) == last
    else:
        with pytest.raises(last):
            PLACE.inside(href)


def test_a_place_knows_its_neighbours():
    assert PLACE.beside("/store/a%20b/d")
    assert PLACE.beside("/store/a b/other/")
    assert not PLACE.beside("/store/d%25")


@pytest.mark.parametrize(
    ("raw", "encodes", "name"),
    [
        ("plain", True, "plain"),
        ("plain", False, "plain"),
        ("plain", None, "plain"),
        ("a%20b", True, "a b"),
        ("a%20b", False, "a%20b"),
        ("%41", False, "%41"),
        ("%41", True, "A"),
        ("caf%C3%A9", True, "café"),
        ("caf%c3%a9", True, "café"),
        ("café", True, "café"),
        ("a%2fb", True, None),
        ("a%2fb", False, "a%2fb"),
        ("%2e%2e", True, None),
        ("..", False, None),
        ("%e9", True, None),
        ("%00", True, None),
        ("a\ufffdb", False, None),
        ("what?", False, None),
        ("what%3F", True, "what?"),
        ("", True, None),
    ],
)
def test_a_name_is_read_as_the_storage_writes_it(raw, encodes, name):
    spelling = Spelling()
    spelling.encodes = encodes
    assert spelling.read(raw) == name


def test_only_a_name_with_an_escape_is_doubtful_and_only_until_it_is_known():
    spelling = Spelling()
    assert not spelling.doubtful("plain name")
    assert spelling.doubtful("a%20b")
    spelling.encodes = True
    assert not spelling.doubtful("a%20b")


def test_a_percent_that_encodes_nothing_settles_it():
    spelling = Spelling()
    assert not spelling.doubtful("100%")
    assert spelling.encodes is False
    assert spelling.read("100%25") == "100%25"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_href_is_inside_or_not(href):
    try:
        last = PLACE.inside(href)
    except EndpointError:
        return
    assert last is None or (last and "/" not in last)
