# SPDX-License-Identifier: Apache-2.0
"""Paths have keys, and keys that cannot be names are known."""

from __future__ import annotations

import pytest
from ugr_s3.names import Names, last, place

from ugr.names import speakable
from ugr.plugin import BadRequest


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
    names = Names(prefix)
    assert (names.key(path), names.directory(path)) == (key, directory)


@pytest.mark.parametrize(("prefix", "directory"), [("/", ""), ("/data", "data/"), ("data/x/", "data/x/")])
def test_the_root_is_the_prefix(prefix, directory):
    assert Names(prefix).directory("/") == directory


def test_a_name_longer_than_s3_allows_is_refused_in_bytes_not_characters():
    assert Names("/").key("/" + "ü" * 512) == "ü" * 512
    with pytest.raises(BadRequest, match="1024 bytes"):
        Names("/").key("/" + "ü" * 513)
    with pytest.raises(BadRequest, match="1024 bytes"):
        Names("/prefix").key("/" + "ü" * 512)


def test_text_that_is_not_unicode_is_refused():
    with pytest.raises(BadRequest, match="Unicode"):
        Names("/").key("/\udc80")


@pytest.mark.parametrize("name", ["a", "...", "a b", " ", "ü", "a\u00a0b", "日本", "..a", "%2F", "+"])
def test_names_that_paths_allow_are_shown(name):
    assert speakable(name)


@pytest.mark.parametrize("name", ["", ".", "..", "a\nb", "\0", "\x7f", "\x85", "a\u2028b"])
def test_names_that_paths_do_not_allow_are_not_shown(name):
    assert not speakable(name)


@pytest.mark.parametrize(("path", "expected"), [("/", ""), ("/a", "a"), ("/a/b", "b")])
def test_the_last_component_is_the_name(path, expected):
    assert last(path) == expected


@pytest.mark.parametrize(
    ("url", "virtual", "origin", "root"),
    [
        ("https://s3.example.org", False, "https://s3.example.org", "/bucket"),
        ("https://s3.example.org/base", False, "https://s3.example.org", "/base/bucket"),
        ("https://s3.example.org:8443", True, "https://bucket.s3.example.org:8443", ""),
        ("https://s3.example.org/base", True, "https://bucket.s3.example.org", "/base"),
    ],
)
def test_a_bucket_is_in_the_path_or_in_the_host(url, virtual, origin, root):
    where = place(url, "bucket", virtual=virtual)
    assert (where.origin, where.root) == (origin, root)
    assert where.origin.endswith(f"//{where.host}")


def test_a_bucket_of_a_tenant_is_encoded():
    assert place("https://s3.example.org", "tenant:bucket", virtual=False).root == "/tenant%3Abucket"
