# SPDX-License-Identifier: Apache-2.0
"""The small things that object storages share: names, codes, headers, refusals, options."""

from __future__ import annotations

import hmac
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ugr.names import speakable
from ugr.plugin import Answer, BadRequest, Busy, Misbehaved, NoSpace, NotFound, PermissionDenied
from ugr.plugin.objects import (
    Mac,
    Names,
    ObjectOptions,
    Row,
    ahead,
    by_status,
    encoded,
    http_date,
    iso_date,
    kept_digests,
    last,
    length,
    md5_of_tag,
    object_faults,
    refusal,
)

NOW = 1_700_000_000.0
MD5 = "d41d8cd98f00b204e9800998ecf8427e"


@pytest.mark.parametrize(
    ("prefix", "path", "key", "directory"),
    [
        ("/", "/a/b", "a/b", "a/b/"),
        ("", "/a", "a", "a/"),
        ("/data", "/a", "data/a", "data/a/"),
        ("data/run2/", "/a/b", "data/run2/a/b", "data/run2/a/b/"),
    ],
)
def test_a_path_has_a_key_and_a_directory(prefix, path, key, directory):
    names = Names(prefix, longest=1024)
    assert (names.key(path), names.directory(path)) == (key, directory)


@pytest.mark.parametrize(("prefix", "directory"), [("/", ""), ("/data", "data/"), ("data/x/", "data/x/")])
def test_the_root_is_the_prefix(prefix, directory):
    assert Names(prefix, longest=1024).directory("/") == directory


def test_a_name_may_be_as_long_as_the_storage_allows_in_its_own_unit():
    assert Names("/", longest=1024).key("/" + "ü" * 512) == "ü" * 512
    with pytest.raises(BadRequest, match="1024 bytes"):
        Names("/", longest=1024).key("/" + "ü" * 513)
    with pytest.raises(BadRequest, match="1024 bytes"):
        Names("/prefix", longest=1024).key("/" + "ü" * 512)
    assert Names("/", longest=1024, in_characters=True).key("/" + "ü" * 1024) == "ü" * 1024
    with pytest.raises(BadRequest, match="1024 characters"):
        Names("/", longest=1024, in_characters=True).key("/" + "ü" * 1025)


def test_text_that_is_not_unicode_and_characters_that_are_changed_are_refused():
    with pytest.raises(BadRequest, match="Unicode"):
        Names("/", longest=1024).key("/\udc80")
    with pytest.raises(BadRequest, match="does not keep"):
        Names("/", longest=1024, forbidden="\\").key("/a\\b")
    assert Names("/", longest=1024).key("/a\\b") == "a\\b"


@pytest.mark.parametrize("odd", ["\ufffe", "\uffff", "\x01", "\x7f", "\x85", "\u2028"])
def test_a_name_with_what_no_name_may_have_has_no_key(odd):
    with pytest.raises(BadRequest, match="control characters or non-characters"):
        Names("/", longest=1024).key(f"/dir/a{odd}b")
    assert Names("/", longest=1024).key("/\ufffd\ufdd0\U0001fffe") == "\ufffd\ufdd0\U0001fffe"


@pytest.mark.parametrize("name", ["a", "...", "a b", " ", "ü", "a\u00a0b", "日本", "..a", "%2F", "+"])
def test_names_that_paths_allow_are_shown(name):
    assert speakable(name)


@pytest.mark.parametrize("name", ["", ".", "..", "a\nb", "\0", "\x7f", "\x85", "a\u2028b"])
def test_names_that_paths_do_not_allow_are_not_shown(name):
    assert not speakable(name)


@pytest.mark.parametrize(("path", "expected"), [("/", ""), ("/a", "a"), ("/a/b", "b")])
def test_the_last_component_is_the_name(path, expected):
    assert last(path) == expected


def test_keys_are_encoded_but_for_slashes():
    assert encoded("a b/ü+%~") == "a%20b/%C3%BC%2B%25~"


@given(st.binary(max_size=300), st.binary(max_size=300), st.sampled_from(["sha1", "sha256", "sha512"]))
def test_a_code_is_that_of_the_standard_library(key, message, algorithm):
    mac = Mac(key, algorithm)
    assert mac.digest(message) == hmac.digest(key, message, algorithm)
    assert mac.digest(message) == hmac.digest(key, message, algorithm)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784111777.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Sun, 06 Nev 1994 08:49:37 GMT", None),
        ("Sunday, 06-Nov-94 08:49:37 GMT", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_dates_are_seconds_or_unknown(text, expected):
    assert http_date(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1994-11-06T08:49:37.999Z", 784111777.0),
        ("1994-11-06T08:49:37", 784111777.0),
        ("1994-11-06T10:49:37+02:00", 784111777.0),
        ("0001-01-01T00:00:00+10:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (784111777, None),
    ],
)
def test_iso_dates_are_whole_seconds_or_unknown(text, expected):
    assert iso_date(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("0", 0), ("5368709120", 5368709120), ("-1", None), ("1_0", None), ("٣", None), ("", None)]
)
def test_a_length_is_a_plain_number_or_unknown(text, expected):
    assert length(Answer(200, (("content-length", text),))) == expected


def test_a_missing_length_is_unknown_not_zero():
    assert length(Answer(200, ())) is None


def test_what_looks_like_a_checksum_is_one_and_nothing_else():
    metadata = [
        ("Adler32", "0A1B2C3D"),
        ("crc32", "123"),
        ("md5", "z" * 32),
        ("sha256", "ab" * 32),
        ("author", "0a1b2c3d"),
    ]
    assert kept_digests(metadata) == {"adler32": "0a1b2c3d", "sha256": "ab" * 32}


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        (f'"{MD5}"', MD5),
        (MD5, MD5),
        (f'"{MD5.upper()}"', MD5),
        (f'"{MD5}-3"', None),
        (f'W/"{MD5}"', None),
        ('"0x8D4BCC2E4835CD0"', None),
        (f'"{MD5}0"', None),
        (f'"{MD5}"\n', None),
        (None, None),
    ],
)
def test_a_tag_of_32_hex_digits_looks_like_an_md5(tag, expected):
    assert md5_of_tag(tag) == expected


@pytest.mark.parametrize(
    ("status", "error"), [(403, PermissionDenied), (429, Busy), (503, Busy), (507, NoSpace), (418, Misbehaved)]
)
def test_a_status_alone_has_a_meaning(status, error):
    assert type(refusal(Answer(status, ()), by_status(status), NOW)) is error


def test_a_refusal_says_what_was_answered_and_what_would_help():
    found = refusal(Answer(404, ()), Row(NotFound, "look elsewhere"), NOW, code="Gone", more=" (far away)")
    assert found.message == "the storage answered 404 Gone: look elsewhere (far away)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("999999", 3600.0),
        ("soon", None),
        ("-1", None),
        (formatdate(NOW + 60, usegmt=True), 60.0),
        (formatdate(NOW - 60, usegmt=True), 0.0),
    ],
)
def test_patience_is_seconds_within_reason(text, expected):
    found = refusal(Answer(503, (("retry-after", text),)), by_status(503), NOW)
    assert found.retry_after == expected


def test_clocks_that_differ_are_told_by_how_much_and_which_way():
    late, early = (Answer(403, (("date", formatdate(NOW + by, usegmt=True)),)) for by in (7200, -7200))
    assert ahead(late, NOW) == " (ours is 7200 s behind)"
    assert ahead(early, NOW) == " (ours is 7200 s ahead)"
    assert ahead(early, NOW, least=10_000) == ""
    assert ahead(Answer(403, ()), NOW) == ""


@pytest.mark.parametrize(
    ("prefix", "fault"),
    [("/a//b", "empty, . or .."), ("/../b", "empty, . or .."), ("/a\tb", "control characters"), ("/a/b", None)],
)
def test_a_prefix_is_a_path(prefix, fault):
    faults = object_faults(ObjectOptions(url="https://example.org", prefix=prefix))
    assert (faults == []) if fault is None else (fault in faults[0])
