# SPDX-License-Identifier: Apache-2.0
"""Keys make a tree: what the verbs say of it and do to it, however listings are cut."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.unit.objects.bucket import Bucket, BucketEndpoint
from ugr.plugin import (
    AlreadyExists,
    BadRequest,
    Call,
    Conflict,
    EndpointError,
    FileInfo,
    IsADirectory,
    Misbehaved,
    NotADirectory,
    NotFound,
    Unsupported,
)
from ugr.plugin.objects import Object


def ask(bucket: Bucket, verb: str, *arguments: Any, **options: Any) -> Any:
    endpoint = BucketEndpoint(bucket, **options)

    async def asked() -> Any:
        answer = getattr(endpoint, verb)(*arguments, Call.until(5))
        return [info async for info in answer] if hasattr(answer, "__anext__") else await answer

    return asyncio.run(asked())


def names(bucket: Bucket, path: str = "/", **options: Any) -> list[str]:
    return [info.name + "/" * info.directory for info in ask(bucket, "list", path, **options)]


def marked(key: str) -> Bucket:
    """Return a bucket with an object that stands for a directory, without a slash."""
    bucket = Bucket("other")
    bucket.objects[key] = Object(key, 0, directory=True)
    return bucket


def test_a_file_is_its_object():
    assert ask(Bucket("d/file"), "stat", "/d/file") == FileInfo("file", size=6)


@pytest.mark.parametrize("bucket", [Bucket("d/file"), Bucket("d/"), Bucket("d/", "d/file"), marked("d")])
def test_a_directory_is_there_when_anything_is_in_it_or_marks_it(bucket):
    assert ask(bucket, "stat", "/d") == FileInfo("d", directory=True)


def test_a_missing_name_is_not_found_and_costs_two_questions():
    bucket = Bucket("d/file", "dx")
    with pytest.raises(NotFound):
        ask(bucket, "stat", "/d/fil")
    assert bucket.asked == ["head", "page"]


def test_a_missing_bucket_is_no_absence():
    bucket = Bucket()
    bucket.there = False
    for verb, *arguments in (
        ("stat", "/"),
        ("stat", "/f"),
        ("list", "/"),
        ("list", "/d"),
        ("delete", "/f"),
        ("mkdir", "/d"),
        ("checksum", "/f", "md5"),
        ("copy", "/a", "/b", True),
    ):
        with pytest.raises(EndpointError, match="no bucket"):
            ask(bucket, verb, *arguments)


def test_a_name_that_no_key_can_have_is_not_found():
    for path in ("/" + "x" * 20, "/back\\slash"):
        for verb in ("stat", "list", "delete"):
            with pytest.raises(NotFound):
                ask(Bucket("f"), verb, path, longest=10)


def test_a_name_that_no_key_can_have_cannot_be_written():
    for verb in ("copy", "move"):
        with pytest.raises((BadRequest, NotFound)):
            ask(Bucket("f"), verb, "/f", "/a\\b", True)
    with pytest.raises(NotFound):
        ask(Bucket("f"), "mkdir", "/a\\b")


@pytest.mark.parametrize("hollow", [0, 2])
@pytest.mark.parametrize("most", [1, 2, 3, 1000])
def test_a_listing_is_whole_however_it_is_cut(most, hollow):
    bucket = Bucket("a", "a.b", "a/x", "b/c/d", "b/e", "c/", "z", most=most, hollow=hollow)
    assert sorted(names(bucket)) == ["a", "a.b", "b/", "c/", "z"]
    assert sorted(names(bucket, "/b")) == ["c/", "e"]
    assert names(bucket, "/c") == []
    with pytest.raises(NotFound):
        names(bucket, "/nothing")
    with pytest.raises(NotADirectory):
        names(bucket, "/z")


@pytest.mark.parametrize("hollow", [0, 2])
def test_pages_of_nothing_hide_nothing(hollow):
    bucket = Bucket("d/a", "d/b", "e/", hollow=hollow)
    assert ask(bucket, "stat", "/d").directory
    with pytest.raises(Conflict):
        ask(bucket, "delete", "/d")
    ask(bucket, "delete", "/e")
    assert set(bucket.objects) == {"d/a", "d/b"}


def test_a_directory_whose_marker_has_a_page_of_its_own_is_not_empty():
    bucket = Bucket("d/", "d/file", most=1)
    with pytest.raises(Conflict, match="not empty"):
        ask(bucket, "delete", "/d")
    assert set(bucket.objects) == {"d/", "d/file"}


def test_a_listing_that_does_not_advance_ends():
    class Stuck(Bucket):
        async def page(self, *arguments: Any, **how: Any) -> Any:
            page = await super().page(*arguments, **how)
            page.token = "0,0"
            return page

    with pytest.raises(Misbehaved, match="does not advance"):
        names(Stuck("a"))
    with pytest.raises(Misbehaved, match="does not advance"):
        ask(Stuck("a"), "stat", "/missing")


def test_an_object_that_stands_for_a_directory_is_one_everywhere():
    bucket = marked("d")
    bucket.objects["d/file"] = Object("d/file", 1)
    bucket.objects["e"] = Object("e", 0, directory=True)
    assert sorted(names(bucket)) == ["d/", "e/", "other"]
    assert names(bucket, "/e") == []
    for verb, *arguments in (("checksum", "/e", "md5"), ("copy", "/e", "/f", False), ("copy", "/other", "/e", True)):
        with pytest.raises(IsADirectory):
            ask(bucket, verb, *arguments)
    with pytest.raises(AlreadyExists):
        ask(bucket, "mkdir", "/e")
    with pytest.raises(Conflict):
        ask(bucket, "delete", "/d")
    ask(bucket, "delete", "/e")
    assert set(bucket.objects) == {"other", "d", "d/file"}


def test_a_directory_that_is_marked_in_both_ways_goes_as_a_whole():
    bucket = marked("d")
    bucket.objects["d/"] = Object("d/", 0)
    ask(bucket, "delete", "/d")
    assert set(bucket.objects) == {"other"}


def test_delete_takes_the_file_and_nothing_else():
    bucket = Bucket("d/a", "d/a.b", "d/a/below")
    ask(bucket, "delete", "/d/a")
    assert set(bucket.objects) == {"d/a.b", "d/a/below"}
    with pytest.raises(NotFound):
        ask(bucket, "delete", "/d/b")
    with pytest.raises(Conflict, match="root"):
        ask(bucket, "delete", "/")


def test_mkdir_marks_and_takes_no_name_that_is_there():
    bucket = Bucket("f", "d/x")
    ask(bucket, "mkdir", "/a/b c")
    assert set(bucket.objects) == {"f", "d/x", "a/b c/"}
    for taken in ("/", "/f", "/d", "/a", "/a/b c"):
        with pytest.raises(AlreadyExists):
            ask(bucket, "mkdir", taken)


@pytest.mark.parametrize("verb", ["copy", "move"])
def test_what_cannot_be_copied_is_refused_and_nothing_changes(verb):
    bucket = Bucket("file", "dir/inside", "taken")
    for source, target, overwrite, error in (
        ("/nothing", "/new", True, NotFound),
        ("/dir", "/new", True, IsADirectory),
        ("/", "/new", True, IsADirectory),
        ("/file", "/dir", True, IsADirectory),
        ("/file", "/", True, IsADirectory),
        ("/file", "/file", True, Conflict),
        ("/file", "/taken", False, AlreadyExists),
        ("/file", "/dir", False, AlreadyExists),
    ):
        with pytest.raises(error):
            ask(bucket, verb, source, target, overwrite)
    assert "copy" not in bucket.asked
    assert "delete" not in bucket.asked


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_move_is_a_copy_and_a_deletion(overwrite):
    bucket = Bucket("from", *(["to"] if overwrite else []))
    ask(bucket, "move", "/from", "/to", overwrite)
    assert set(bucket.objects) == {"to"}


def test_a_prefix_is_the_root():
    bucket = Bucket("data/run 1/f", "database", "other")
    assert names(bucket, prefix="/data/run 1") == ["f"]
    assert ask(bucket, "stat", "/f", prefix="data/run 1/").size == 12
    with pytest.raises(NotFound):
        ask(bucket, "stat", "/base", prefix="data")


def test_an_empty_bucket_is_an_empty_directory_and_healthy():
    assert names(Bucket()) == []
    assert ask(Bucket(), "health") is None
    assert ask(Bucket(), "stat", "/") == FileInfo("", directory=True)


def test_a_checksum_that_was_kept_is_returned():
    bucket = Bucket("f")
    ask(bucket, "store_checksum", "/f", "adler32", "0a1b2c3d")
    assert ask(bucket, "checksum", "/f", "adler32") == "0a1b2c3d"
    with pytest.raises(Unsupported, match="sha256"):
        ask(bucket, "checksum", "/f", "sha256")


def test_a_checksum_that_is_known_already_is_not_kept_again():
    bucket = Bucket("f")
    for _ in range(2):
        ask(bucket, "store_checksum", "/f", "adler32", "0a1b2c3d")
    assert bucket.asked.count("keep") == 1


@pytest.mark.parametrize(
    ("algorithm", "value", "error"),
    [
        ("whirlpool", "00", Unsupported),
        ("adler32", "0A1B2C3D", BadRequest),
        ("adler32", "a1b2c3d", BadRequest),
        ("adler32", "0a1b2c3d\n", BadRequest),
        ("md5", "0a1b2c3d", BadRequest),
    ],
)
def test_only_checksums_are_kept(algorithm, value, error):
    bucket = Bucket("f")
    with pytest.raises(error):
        ask(bucket, "store_checksum", "/f", algorithm, value)
    assert bucket.asked == []


def test_a_directory_has_no_checksum():
    for verb, *arguments in (("checksum", "md5"), ("store_checksum", "adler32", "0a1b2c3d")):
        for path in ("/", "/d"):
            with pytest.raises(IsADirectory):
                ask(Bucket("d/f"), verb, path, *arguments)
        with pytest.raises(NotFound):
            ask(Bucket("d/f"), verb, "/e", *arguments)


def test_an_endpoint_that_is_closed_says_so():
    endpoint = BucketEndpoint(Bucket())
    asyncio.run(endpoint.close())
    with pytest.raises(EndpointError, match="not open"):
        asyncio.run(endpoint.health(Call.until(1)))
