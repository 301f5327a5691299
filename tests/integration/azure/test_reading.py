# SPDX-License-Identifier: Apache-2.0
"""Files and directories of containers, as the plugin sees them."""

from __future__ import annotations

import hashlib
import time
import zlib

import pytest

from tests.integration.ceph.conftest import Fetched
from tests.integration.opened import NAMES
from ugr.plugin import FileInfo, Intent, NotADirectory, NotFound, Unsupported

DATA = b"hello federation"


def test_a_file_has_size_time_and_md5(site):
    here = site()
    before = time.time()
    here.put("d/file", DATA)
    info = here.ask("stat", "/d/file")
    assert (info.name, info.directory, info.size) == ("file", False, 16)
    assert info.mtime == pytest.approx(before, abs=3)
    assert info.checksums == {"md5": hashlib.md5(DATA).hexdigest()}


def test_stat_and_list_agree_on_everything(site):
    here = site()
    here.put("file", DATA, metadata={"adler32": f"{zlib.adler32(DATA):08x}"})
    assert here.list("/") == [here.ask("stat", "/file")]
    assert set(here.ask("stat", "/file").checksums) == {"md5", "adler32"}


def test_a_file_that_came_in_blocks_has_no_md5(site):
    here = site()
    blob = here.client.get_blob_client("blocks")
    for block in ("a", "b"):
        blob.stage_block(block, DATA)
    blob.commit_block_list(["a", "b"])
    info = here.ask("stat", "/blocks")
    assert (info.size, info.checksums) == (32, {})
    assert here.list("/") == [info]
    with pytest.raises(Unsupported, match="md5"):
        here.ask("checksum", "/blocks", "md5")


def test_directories_are_those_with_blobs_in_them_and_those_with_a_marker(site):
    here = site()
    here.put("made/by/key")
    here.put("marked/", b"")
    assert here.ask("stat", "/made/by") == FileInfo("by", directory=True)
    assert here.ask("stat", "/marked") == FileInfo("marked", directory=True)
    assert here.ask("stat", "/") == FileInfo("", directory=True)
    assert here.list("/marked") == []
    assert here.names("/made") == {"by/"}


def test_what_hadoop_marks_as_a_directory_is_one(site):
    here = site()
    here.put("hadoop", b"", metadata={"hdi_isfolder": "true"})
    here.put("hadoop/file")
    here.put("empty", b"", metadata={"hdi_isfolder": "true"})
    assert here.names() == {"hadoop/", "empty/"}
    assert here.ask("stat", "/empty") == FileInfo("empty", directory=True)
    assert here.list("/empty") == []
    here.ask("delete", "/empty")
    assert here.blobs() == ["hadoop", "hadoop/file"]


def test_names_that_begin_like_others_are_not_mixed_up(site):
    here = site()
    for name in ("ab", "a.b", "a/b/c", "abc/d"):
        here.put(name)
    for missing in ("/a/b/c/d", "/a/bb", "/abcd", "/abc/d/e", "/A"):
        with pytest.raises(NotFound):
            here.ask("stat", missing)
    assert here.names() == {"a/", "a.b", "ab", "abc/"}


def test_a_missing_name_is_not_found_and_a_file_is_not_a_directory(site):
    here = site()
    here.put("file")
    for verb in (here.list, lambda path: here.ask("stat", path)):
        with pytest.raises(NotFound):
            verb("/nothing")
    with pytest.raises(NotADirectory):
        here.list("/file")


def test_a_file_hides_a_directory_of_its_name(site):
    here = site()
    for name in ("both", "both/inside", "both.txt"):
        here.put(name)
    assert not here.ask("stat", "/both").directory
    assert here.names() == {"both", "both.txt"}


def test_every_name_that_was_put_is_found_listed_and_read(site):
    here = site()
    for number, name in enumerate(NAMES):
        here.put(f"dir {name}/{name}", f"bytes {number}".encode())
    assert here.names() == {f"dir {name}/" for name in NAMES}
    for number, name in enumerate(NAMES):
        path, data = f"/dir {name}/{name}", f"bytes {number}".encode()
        assert here.ask("stat", path).size == len(data)
        assert here.names(f"/dir {name}") == {name}
        read = Fetched(here.redirect(path).url)
        assert (read.status, read.body) == (200, data), name


def test_every_name_is_written_through_a_redirect(site):
    here = site()
    for name in NAMES:
        location = here.redirect(f"/new/{name}", Intent.PUT)
        assert Fetched(location.url, "PUT", name.encode(), **dict(location.headers)).status == 201
    assert sorted(here.blobs()) == sorted(f"new/{name}" for name in NAMES)


def test_a_name_with_a_backslash_is_not_taken_for_one_with_a_slash(site):
    here = site()
    here.put("a/b")
    with pytest.raises(NotFound, match="does not keep"):
        here.ask("stat", "/a\\b")


def test_a_prefix_is_the_root_of_the_endpoint(site):
    here = site()
    for name in ("data/run 1/f", "database", "other"):
        here.put(name)
    inside = site(container=here.container, prefix="/data/run 1")
    assert [(info.name, info.size) for info in inside.list("/")] == [("f", 1)]
    assert Fetched(inside.redirect("/f").url).body == b"x"
    with pytest.raises(NotFound):
        inside.ask("stat", "/other")
    with pytest.raises(NotFound):
        site(container=here.container, prefix="data").ask("stat", "/base")


def test_a_large_directory_comes_page_by_page_and_whole(site):
    here = site(page=50)
    names = {f"f{number:03}" for number in range(120)}
    for name in names:
        here.put(f"big/{name}", b"")
    here.put("big/sub/x")
    _ = here.methods
    assert here.names("/big") == names | {"sub/"}
    assert here.methods == ["GET"] * 3
    assert len(here.list("/big", most=10)) == 10
    assert here.methods == ["GET"]


def test_a_question_costs_what_it_must(site):
    here = site()
    here.put("d/file")
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
