# SPDX-License-Identifier: Apache-2.0
"""Paths, URLs, and what references mean."""

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ugr_http.names import Names, is_slash_form, led, resolved

from ugr.names import speakable
from ugr.plugin import BadRequest


def test_a_url_is_the_root_and_the_encoded_path():
    names = Names("https://www.example.org/data/")

    assert names.url("/a b/100%/ü?#") == "https://www.example.org/data/a%20b/100%25/%C3%BC%3F%23"
    assert names.url("/") == "https://www.example.org/data/"


def test_a_directory_has_a_slash():
    names = Names("https://www.example.org")

    assert names.directory("/dir") == "https://www.example.org/dir/"
    assert names.directory("/") == "https://www.example.org/"


def test_a_path_that_is_not_unicode_has_no_url():
    with pytest.raises(BadRequest):
        Names("https://www.example.org").url("/\udcff")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_every_name_survives_the_way_there_and_back(name):
    url = Names("http://h/data").url(f"/{name}")

    assert url.isascii()
    assert unquote(urlsplit(url).path) == f"/data/{name}"


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("b", "http://h/d/b"),
        ("b;", "http://h/d/b;"),
        ("./x:y;", "http://h/d/x:y;"),
        ("../b", "http://h/b"),
        ("/b#part", "http://h/b"),
        ("//other/b", "http://other/b"),
        ("https://other/b?q", "https://other/b?q"),
        ("?q", "http://h/d/a?q"),
        ("", "http://h/d/a"),
    ],
)
def test_references_mean_what_they_say(reference, expected):
    assert resolved("http://h/d/a", reference) == expected


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/with space/ü", "http://h/with%20space/%C3%BC"),
        ("/100%25", "http://h/100%25"),
        ("https://other", "https://other/"),
        ("ftp://other/", None),
        ("http://user:password@other/", None),
        ("http://[::1/", None),
        ("javascript:alert(1)", None),
    ],
)
def test_a_location_leads_to_a_url_that_can_be_sent(location, expected):
    assert led("http://h/d/a", location) == expected


def test_only_an_added_slash_is_a_slash_form():
    assert is_slash_form("http://h/a%20b", "http://h:8080/a b/")
    assert is_slash_form("http://h/a", "https://other/a/")
    assert not is_slash_form("http://h/a", "http://h/a")
    assert not is_slash_form("http://h/a", "http://h/login/?next=/a/")
    assert not is_slash_form("http://h/a", "http://h/a/?next")


def test_names_that_can_be_shown():
    assert [name for name in ("a", ".a", "a b", "", ".", "..", "a/b", "a\n", "a\udcff") if speakable(name)] == [
        "a",
        ".a",
        "a b",
    ]
