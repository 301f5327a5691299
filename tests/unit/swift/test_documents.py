# SPDX-License-Identifier: Apache-2.0
"""Listings and headers of Swift become objects; what is not one is Misbehaved."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ugr_swift.documents import described, page_of

from tests.unit.objects.scripted import answer
from ugr.plugin import Answer, Misbehaved
from ugr.plugin.objects import Object

MD5 = "5d41402abc4b2a76b9719d911017c592"


def page(*entries: Any) -> Any:
    return page_of(json.dumps(entries).encode())


def entry(name: str = "f", size: Any = 5, **more: Any) -> dict[str, Any]:
    given = {"name": name, "bytes": size, "hash": MD5, "content_type": "x", "last_modified": "1994-11-06T08:49:37.9"}
    return given | more


def test_an_object_has_name_size_and_time():
    found = page(entry("a&b ü"))
    assert list(found.objects()) == [Object("a&b ü", 5, 784111777.0)]
    assert (found.token, found.empty) == ("a&b ü", False)


def test_prefixes_are_prefixes_and_the_last_name_of_all_is_the_token():
    found = page(entry("a"), {"subdir": "d/"}, entry("e"), {"subdir": "f/"})
    assert list(found.prefixes()) == ["d/", "f/"]
    assert [one.key for one in found.objects()] == ["a", "e"]
    assert found.token == "f/"


@pytest.mark.parametrize("body", [b"", b"[]"])
def test_a_page_of_nothing_is_the_last(body):
    found = page_of(body)
    assert (found.empty, found.token) == (True, None)


def test_objects_that_seem_empty_are_unsure_unless_they_mark_directories():
    found = page(
        entry("full"),
        entry("empty", 0),
        entry("d/", 0),
        entry("m", 0, content_type="application/directory"),
        entry("\ud800", 0),
    )
    assert found.unsure() == ["empty"]
    looked_up = found.sure({"empty": Object("empty", 100, segmented=True)})
    assert [one and one.size for one in looked_up.objects()] == [5, 100, 0, 0, None]


def test_a_name_that_is_no_text_is_none():
    assert next(page(entry("\ud800"), {"subdir": "\udfff/"}, entry("z")).objects()) is None
    assert list(page({"subdir": "\udfff/"}, entry("z")).prefixes()) == [None]
    with pytest.raises(Misbehaved, match="next page"):
        _ = page(entry("\ud800")).token


@pytest.mark.parametrize(
    ("content_type", "size", "directory"),
    [
        ("application/directory", 0, True),
        ("application/directory; charset=utf-8", 0, True),
        ("application/directory", 1, False),
        ("text/plain", 0, False),
        (None, 0, False),
    ],
)
def test_an_object_may_stand_for_a_directory(content_type, size, directory):
    assert next(page(entry(size=size, content_type=content_type)).objects()).directory is directory
    headers = {"content_length": str(size)} | ({"content_type": content_type} if content_type else {})
    assert described("f", answer(200, **headers)).directory is directory


@pytest.mark.parametrize("size", [None, -1, 5.0, "5", True])
def test_an_object_without_size_is_misbehaviour(size):
    with pytest.raises(Misbehaved, match="no size"):
        list(page(entry(size=size)).objects())


@pytest.mark.parametrize("text", [None, "", "yesterday", 5])
def test_a_time_that_is_none_is_unknown(text):
    assert next(page(entry(last_modified=text)).objects()).mtime is None


@pytest.mark.parametrize(
    "body", [b"<html>", b"{}", b"[1]", b"null", b"[" * 100_000, b'[{"bytes": 1}]', b'[{"subdir": 5}]', b"\xff\xfe"]
)
def test_what_is_no_listing_is_misbehaviour(body):
    with pytest.raises(Misbehaved):
        _ = (list(page_of(body).objects()), page_of(body).token)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"etag": MD5}, {"md5": MD5}),
        ({"etag": f'"{MD5}"'}, {"md5": MD5}),
        ({"etag": MD5.upper()}, {"md5": MD5}),
        ({"etag": f"{MD5}-3"}, {}),
        ({"etag": f'"{MD5}"', "x_static_large_object": "True"}, {}),
        ({"etag": f'"{MD5}"', "x_object_manifest": "c/segments"}, {}),
        ({"etag": MD5, "x_object_meta_md5": "0" * 32}, {"md5": MD5}),
        ({"x_static_large_object": "true", "x_object_meta_md5": "0" * 32}, {"md5": "0" * 32}),
        ({"x_object_meta_adler32": "0A1B2C3D", "x_object_meta_color": "0a1b2c3d"}, {"adler32": "0a1b2c3d"}),
        ({}, {}),
    ],
)
def test_the_entity_tag_is_a_checksum_only_when_it_must_be(headers, expected):
    assert described("f", answer(200, content_length="5", **headers)).checksums == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x_timestamp": "784111777.99999", "last_modified": "Sun, 06 Nov 1994 08:49:38 GMT"}, 784111777.0),
        ({"last_modified": "Sun, 06 Nov 1994 08:49:37 GMT"}, 784111777.0),
        ({"x_timestamp": "nan", "last_modified": "Sun, 06 Nov 1994 08:49:37 GMT"}, 784111777.0),
        ({"x_timestamp": "soon"}, None),
        ({}, None),
    ],
)
def test_times_are_rounded_down_as_in_listings(headers, expected):
    assert described("f", answer(200, content_length="5", **headers)).mtime == expected


def test_a_static_large_object_is_segmented_and_a_missing_length_is_misbehaviour():
    assert described("f", answer(200, content_length="5", x_static_large_object="True")).segmented
    with pytest.raises(Misbehaved, match="how long"):
        described("f", Answer(200, ()))
