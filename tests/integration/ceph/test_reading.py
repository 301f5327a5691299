# SPDX-License-Identifier: Apache-2.0
"""Files and directories of real buckets, as the plugin sees them."""

from __future__ import annotations

import hashlib

import pytest

from tests.integration.objects import ReadingTests
from ugr.plugin import NotFound, Unsupported


class TestReading(ReadingTests):
    """What is the same on every object storage."""


def test_the_md5_of_a_file_uploaded_in_parts_is_unknown(site):
    here = site()
    upload = here.client.create_multipart_upload(Bucket=here.container, Key="parts")["UploadId"]
    part = here.client.upload_part(Bucket=here.container, Key="parts", UploadId=upload, PartNumber=1, Body=b"part")
    here.client.complete_multipart_upload(
        Bucket=here.container,
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


def test_a_name_too_long_for_s3_is_not_found(site):
    with pytest.raises(NotFound, match="1024 bytes"):
        site().ask("stat", "/" + "x" * 1025)


def test_keys_that_are_no_paths_are_left_out_and_do_no_harm(site, caplog):
    here = site()
    for key in ("ok", "a//b", "/led", "tab\there", "new\nline", "../up", "./dot", "dir/..", "ends//"):
        here.put(key)
    assert sorted(info.name for info in here.list("/")) == ["a", "dir", "ends", "ok"]
    assert here.list("/a") == []
    assert here.list("/dir") == []
    assert here.ask("stat", "/a").directory
    assert "5 keys in / cannot be names" in caplog.text


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


def test_the_other_gateways_of_the_cluster_show_the_same(site):
    here = site()
    here.put("d/file", b"abc")
    there = site(gateway=1, container=here.container)
    assert there.ask("stat", "/d/file") == here.ask("stat", "/d/file")
