# SPDX-License-Identifier: Apache-2.0
"""Files and directories of real buckets, as the plugin sees them."""

from __future__ import annotations

import hashlib
import time

import pytest

from tests.integration.opened import Fetched
from ugr.plugin import FileInfo, Intent, NotADirectory, NotFound, Unsupported

NAMES = [
    "plain",
    "with space",
    " leading and trailing ",
    "plus+plus",
    "percent%20%2F%",
    "hash#question?and&semi;colon:equals=comma,",
    "quotes'\"ticks`",
    "brackets[]{}()<>|\\^",
    "star*dollar$at@bang!tilde~",
    "..hidden",
    "...",
    "åßç Ωμέγα 日本語 🦉",
    "e\u0301 decomposed",
    "é composed",
    "mc16_13TeV:AOD.123._000001.pool.root.1",
    "a" * 255,
]


def test_a_file_has_size_time_and_md5(site):
    here = site()
    before = time.time()
    here.put("d/file", b"hello federation")
    info = here.ask("stat", "/d/file")
    assert (info.name, info.directory, info.size) == ("file", False, 16)
    assert info.mtime == pytest.approx(before, abs=3)
    assert info.mtime == int(info.mtime)
    assert info.checksums == {"md5": hashlib.md5(b"hello federation").hexdigest()}


def test_stat_and_list_agree_on_size_and_time(site):
    here = site()
    here.put("file", b"12345")
    stat, (listed,) = here.ask("stat", "/file"), here.list("/")
    assert (listed.size, listed.mtime) == (stat.size, stat.mtime)


def test_the_md5_of_a_file_uploaded_in_parts_is_unknown(site):
    here = site()
    upload = here.client.create_multipart_upload(Bucket=here.bucket, Key="parts")["UploadId"]
    part = here.client.upload_part(Bucket=here.bucket, Key="parts", UploadId=upload, PartNumber=1, Body=b"part")
    here.client.complete_multipart_upload(
        Bucket=here.bucket,
        Key="parts",
        UploadId=upload,
        MultipartUpload={"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]},
    )
    assert here.ask("stat", "/parts").checksums == {}
    with pytest.raises(Unsupported, match="md5"):
        here.ask("checksum", "/parts", "md5")


def test_the_md5_of_a_whole_file_is_its_checksum_and_other_algorithms_are_unsupported(site):
    here = site()
    here.put("file", b"hello")
    assert here.ask("checksum", "/file", "md5") == hashlib.md5(b"hello").hexdigest()
    with pytest.raises(Unsupported, match="adler32"):
        here.ask("checksum", "/file", "adler32")
    with pytest.raises(NotFound):
        here.ask("checksum", "/nothing", "md5")


def test_directories_are_those_with_keys_in_them_and_those_with_a_marker(site):
    here = site()
    here.put("made/by/key")
    here.put("marked/", b"")
    directory = FileInfo("by", directory=True)
    assert here.ask("stat", "/made/by") == directory
    assert here.ask("stat", "/marked") == FileInfo("marked", directory=True)
    assert here.ask("stat", "/") == FileInfo("", directory=True)
    assert here.list("/marked") == []
    assert here.list("/made") == [directory]


def test_names_that_begin_like_others_are_not_mixed_up(site):
    here = site()
    for key in ("ab", "a.b", "a/b/c", "abc/d"):
        here.put(key)
    for missing in ("/a/b/c/d", "/a/bb", "/abcd", "/abc/d/", "/A"):
        with pytest.raises(NotFound):
            here.ask("stat", missing.rstrip("/") if missing != "/abc/d/" else "/abc/d/e")
    assert sorted((info.name, info.directory) for info in here.list("/")) == [
        ("a", True),
        ("a.b", False),
        ("ab", False),
        ("abc", True),
    ]


def test_a_missing_name_is_not_found_and_a_file_is_not_a_directory(site):
    here = site()
    here.put("file")
    for verb in (here.list, lambda path: here.ask("stat", path)):
        with pytest.raises(NotFound):
            verb("/nothing")
    with pytest.raises(NotADirectory):
        here.list("/file")
    with pytest.raises(NotFound):
        here.ask("stat", "/file/below")


def test_an_empty_bucket_is_an_empty_directory(site):
    assert site().list("/") == []


def test_a_name_too_long_for_s3_is_not_found(site):
    with pytest.raises(NotFound, match="1024 bytes"):
        site().ask("stat", "/" + "x" * 1025)


def test_a_file_hides_a_directory_of_its_name(site):
    here = site()
    for key in ("both", "both/inside", "both.txt"):
        here.put(key)
    assert not here.ask("stat", "/both").directory
    assert [(info.name, info.directory) for info in here.list("/")] == [("both", False), ("both.txt", False)]


def test_every_name_that_was_put_is_found_listed_and_read(site):
    here = site()
    for number, name in enumerate(NAMES):
        here.put(f"dir {name}/{name}", f"bytes {number}".encode())
    assert {info.name for info in here.list("/")} == {f"dir {name}" for name in NAMES}
    for number, name in enumerate(NAMES):
        path, data = f"/dir {name}/{name}", f"bytes {number}".encode()
        assert here.ask("stat", path).size == len(data)
        assert [info.name for info in here.list(f"/dir {name}")] == [name]
        read = Fetched(here.redirect(path).url)
        assert (read.status, read.body) == (200, data), name


def test_every_name_is_written_through_a_redirect(site):
    here = site()
    for name in NAMES:
        assert Fetched(here.redirect(f"/new/{name}", Intent.PUT).url, "PUT", name.encode()).status == 200
    assert sorted(here.keys()) == sorted(f"new/{name}" for name in NAMES)


def test_keys_that_are_no_paths_are_left_out_and_do_no_harm(site, caplog):
    here = site()
    for key in ("ok", "a//b", "/led", "tab\there", "new\nline", "../up", "./dot", "dir/..", "ends//"):
        here.put(key)
    assert sorted(info.name for info in here.list("/")) == ["a", "dir", "ends", "ok"]
    assert here.list("/a") == []
    assert here.list("/dir") == []
    assert here.ask("stat", "/a").directory
    assert "5 keys in / cannot be names" in caplog.text


def test_a_prefix_is_the_root_of_the_endpoint(site):
    here = site()
    for key in ("data/run 1/f", "database", "other"):
        here.put(key)
    inside = site(bucket=here.bucket, prefix="/data/run 1")
    assert [(info.name, info.size) for info in inside.list("/")] == [("f", 1)]
    assert inside.ask("stat", "/f").size == 1
    assert Fetched(inside.redirect("/f").url).body == b"x"
    with pytest.raises(NotFound):
        inside.ask("stat", "/other")
    with pytest.raises(NotFound):
        site(bucket=here.bucket, prefix="data").ask("stat", "/base")


def test_a_large_directory_comes_page_by_page_and_whole(site):
    here = site()
    names = [f"f{number:05}" for number in range(2500)]
    here.put_empty([f"/big/{name}" for name in names])
    here.put("big/sub/x")
    _ = here.methods
    listed = here.list("/big")
    assert [info.name for info in listed] == [*names, "sub"]
    assert {info.size for info in listed[:-1]} == {0}
    assert here.methods == ["GET"] * 3
    assert len(here.list("/big", most=10)) == 10
    assert here.methods == ["GET"]


def test_a_question_costs_what_it_must(site):
    here = site()
    for key in ("d/file", "d/other"):
        here.put(key)
    asked = {}
    for path in ("/d/file", "/d", "/", "/nothing"):
        try:
            here.ask("stat", path)
        except NotFound:
            pass
        asked[path] = here.methods
    assert asked == {"/d/file": ["HEAD"], "/d": ["HEAD", "GET"], "/": ["GET"], "/nothing": ["HEAD", "GET"]}
    here.redirect("/d/file")
    assert here.methods == []


def test_the_other_gateways_of_the_cluster_show_the_same(site):
    here = site(0)
    here.put("d/file", b"abc")
    there = site(1, bucket=here.bucket)
    assert there.ask("stat", "/d/file") == here.ask("stat", "/d/file")
