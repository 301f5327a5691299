# SPDX-License-Identifier: Apache-2.0
"""Files and directories of containers, as the plugin sees them."""

from __future__ import annotations

import zlib

import pytest

from tests.integration.objects import ReadingTests
from ugr.plugin import FileInfo, NotFound, Unsupported

DATA = b"hello federation"


class TestReading(ReadingTests):
    """What is the same on every object storage."""


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


def test_what_hadoop_marks_as_a_directory_is_one(site):
    here = site()
    here.put("hadoop", b"", metadata={"hdi_isfolder": "true"})
    here.put("hadoop/file")
    here.put("empty", b"", metadata={"hdi_isfolder": "true"})
    assert here.names() == {"hadoop/", "empty/"}
    assert here.ask("stat", "/empty") == FileInfo("empty", directory=True)
    assert here.list("/empty") == []
    here.ask("delete", "/empty")
    assert here.objects() == ["hadoop", "hadoop/file"]


def test_a_name_with_a_backslash_is_not_taken_for_one_with_a_slash(site):
    here = site()
    here.put("a/b")
    with pytest.raises(NotFound, match="does not keep"):
        here.ask("stat", "/a\\b")


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
