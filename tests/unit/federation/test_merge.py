# SPDX-License-Identifier: Apache-2.0
"""The rules by which copies agree, as a table."""

import re

import pytest

from ugr.errors import Conflict
from ugr.federation.answers import EndpointAnswer
from ugr.federation.merge import etag, merge
from ugr.model import FileInfo, Result


def found(endpoint, size=10, mtime=None, directory=False, **checksums):
    info = FileInfo("f", directory, None if directory else size, mtime, checksums)
    return EndpointAnswer(endpoint, Result.FOUND, info, 1.0)


def absent(endpoint):
    return EndpointAnswer(endpoint, Result.ABSENT)


def test_nothing_found_merges_to_nothing():
    assert merge("/f", [absent("a"), EndpointAnswer("b", Result.TIMED_OUT)]) is None
    assert merge("/f", []) is None


def test_agreeing_copies_are_all_holders():
    merged = merge("/d/f", [found("a", 7, 200.0), absent("b"), found("c", 7, 100.0)])
    assert merged.holders == ("a", "c")
    assert merged.info == FileInfo("f", size=7, mtime=100.0)
    assert merged.excluded == ()


@pytest.mark.parametrize(
    ("answers", "size", "holders"),
    [
        ([found("a", 1), found("b", 2), found("c", 2)], 2, ("b", "c")),
        ([found("a", 1, 50.0), found("b", 2, 60.0)], 2, ("b",)),
        ([found("a", 1, 70.0), found("b", 2, 60.0)], 1, ("a",)),
        ([found("a", 1), found("b", 2)], 2, ("b",)),
        ([found("a", 0, 90.0), found("b", 5, 10.0), found("c", 5, 10.0)], 5, ("b", "c")),
    ],
    ids=["most copies", "tie: newest", "tie: newest, other order", "no times: larger", "half written"],
)
def test_size_of_most_copies_is_believed_and_ties_go_to_the_newest(answers, size, holders):
    merged = merge("/f", answers)
    assert merged.info.size == size
    assert merged.holders == holders
    assert {item.endpoint for item in merged.excluded} == {a.endpoint for a in answers} - set(holders)


def test_excluded_copy_says_why():
    merged = merge("/f", [found("a", 1), found("b", 2), found("c", 2)])
    assert merged.excluded[0].endpoint == "a"
    assert merged.excluded[0].reason == "its copy has 1 bytes, 2 of 3 have 2"


def test_order_of_answers_does_not_change_the_statement():
    answers = [found("a", 1, 10.0), found("b", 2, 30.0), found("c", 2, 20.0)]
    forward, backward = merge("/f", answers), merge("/f", answers[::-1])
    assert forward.info == backward.info
    assert set(forward.holders) == set(backward.holders)


def test_directories_merge_and_the_newest_time_is_told():
    merged = merge("/d", [found("a", mtime=5.0, directory=True), found("b", mtime=9.0, directory=True)])
    assert merged.info == FileInfo("d", directory=True, mtime=9.0)
    assert merged.holders == ("a", "b")


def test_file_against_directory_is_a_conflict_naming_both():
    with pytest.raises(Conflict, match="a file on b and a directory on a"):
        merge("/d", [found("a", directory=True), found("b")])


def test_checksums_of_agreeing_copies_are_united():
    merged = merge("/f", [found("a", md5="aa"), found("b", adler32="00000001"), found("c", 11, sha1="cc")])
    assert merged.info.checksums == {"md5": "aa", "adler32": "00000001"}


def test_etag_is_strong_quoted_and_never_looks_like_an_md5():
    tag = etag("/f", FileInfo("f", size=3, mtime=1.0))
    assert re.fullmatch(r'"ugr-[0-9a-f]{20}"', tag)


def test_etag_changes_with_path_size_and_time_and_prefers_a_checksum():
    base = FileInfo("f", size=3, mtime=1.0)
    tags = {
        etag("/f", base),
        etag("/g", base),
        etag("/f", FileInfo("f", size=4, mtime=1.0)),
        etag("/f", FileInfo("f", size=3, mtime=2.0)),
    }
    assert len(tags) == 4
    with_sum = {etag("/f", FileInfo("f", size=3, mtime=time, checksums={"md5": "x"})) for time in (1.0, 2.0)}
    assert len(with_sum) == 1


def test_no_etag_where_too_little_is_known():
    assert etag("/f", FileInfo("f", size=3)) is None
    assert etag("/d", FileInfo("d", directory=True, mtime=1.0)) is None


def test_copies_of_one_size_whose_checksums_differ_are_not_one_file():
    answers = [found("a", 5, 9.0, md5="aa"), found("b", 5, 1.0, md5="bb"), found("c", 5, 1.0, md5="bb"), found("d", 5)]
    merged = merge("/f", answers)
    assert merged.holders == ("b", "c", "d")
    assert merged.info.checksums == {"md5": "bb"}
    assert [(item.endpoint, item.reason) for item in merged.excluded] == [
        ("a", "its md5 is another than that of 2 of 4 copies")
    ]


def test_tie_of_checksums_goes_to_the_newest():
    merged = merge("/f", [found("a", 5, 9.0, md5="aa"), found("b", 5, 1.0, md5="bb")])
    assert merged.holders == ("a",)
