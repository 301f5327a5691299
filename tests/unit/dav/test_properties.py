# SPDX-License-Identifier: Apache-2.0
"""Properties say what a resource is, in whichever way a storage tells it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ugr_dav.properties import LATEST, described, is_directory, moment, usage

from ugr.plugin import FileInfo, Misbehaved, Usage


@pytest.mark.parametrize(
    ("properties", "slash", "directory"),
    [
        ({"resourcetype": "collection"}, False, True),
        ({"resourcetype": ""}, True, False),
        ({"resourcetype": "", "mode": "040755"}, False, False),
        ({"mode": "040755"}, False, True),
        ({"mode": "42755"}, False, True),
        ({"mode": "0100644"}, True, False),
        ({"mode": "0755"}, True, True),
        ({"mode": "drwxr-xr-x"}, False, False),
        ({"iscollection": "1"}, False, True),
        ({"iscollection": "TRUE"}, False, True),
        ({"iscollection": "0"}, True, False),
        ({"getcontenttype": "httpd/unix-directory"}, False, True),
        ({"getcontenttype": "text/plain"}, False, False),
        ({}, True, True),
        ({}, False, False),
    ],
)
def test_a_directory_is_known_by_the_best_that_is_told(properties, slash, directory):
    assert is_directory(properties, slash=slash) is directory


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784111777.0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 784111777.0),
        ("Sun Nov  6 08:49:37 1994", 784111777.0),
        ("Sun, 06 Nov 1994 09:49:37 +0100", 784111777.0),
        ("Sun, 6 Nov 1994 08:49:37 UTC", 784111777.0),
        ("06 Nov 1994 08:49:37 GMT", 784111777.0),
        ("1994-11-06T08:49:37Z", 784111777.0),
        ("1994-11-06T08:49:37", 784111777.0),
        ("1994-11-06T09:49:37.5+01:00", 784111777.5),
        ("1994-11-06 08:49:37", 784111777.0),
        ("784111777", 784111777.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Mon, 01 Jan 1900 00:00:00 GMT", None),
        ("9" * 40, None),
        ("yesterday", None),
        ("Sun, 06 Nov 1994", None),
        ("Sun, 99 Nov 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 1994 25:61:61 GMT", None),
        ("", None),
    ],
)
def test_a_time_is_read_in_any_notation_that_storages_use(text, seconds):
    assert moment(text) == seconds


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_none(text):
    found = moment(text)
    assert found is None or 0 <= found <= LATEST


def test_a_file_has_a_length_and_a_directory_has_none():
    assert described({"getcontentlength": "0"}, "f", slash=False) == FileInfo("f", size=0)
    assert described({"resourcetype": "collection", "getcontentlength": "4096"}, "d", slash=False) == FileInfo(
        "d", directory=True
    )


@pytest.mark.parametrize("length", [None, "", "-1", "1e9", "0x10", "９", "1" * 30])
def test_a_file_without_a_sound_length_is_not_described(length):
    with pytest.raises(Misbehaved, match="how long"):
        described({} if length is None else {"getcontentlength": length}, "f", slash=False)


@pytest.mark.parametrize(
    ("properties", "space"),
    [
        ({"quota-used-bytes": "12", "quota-available-bytes": "0"}, Usage(12, 0)),
        ({"quota-used-bytes": "12", "quota-available-bytes": "-3"}, Usage(12, None)),
        ({"quota-available-bytes": "many"}, Usage(None, None)),
        ({}, Usage(None, None)),
    ],
)
def test_space_that_is_not_told_is_unknown(properties, space):
    assert usage(properties) == space
