# SPDX-License-Identifier: Apache-2.0
"""What the plugin changes in containers."""

from __future__ import annotations

import zlib

import pytest

from ugr.plugin import AlreadyExists, Conflict, IsADirectory, NoSpace, NotFound

NAMES = ["plain", "with space", "plus+per%20cent", "ü?#&=;:日本語"]


@pytest.fixture
def here(site):
    return site()


def test_a_file_is_deleted_and_a_missing_one_is_not_found(here):
    for name in NAMES:
        here.put(f"d/{name}")
        here.put(f"d/{name}.keep")
        here.ask("delete", f"/d/{name}")
        with pytest.raises(NotFound):
            here.ask("delete", f"/d/{name}")
    assert sorted(here.objects()) == sorted(f"d/{name}.keep" for name in NAMES)


def test_a_directory_is_made_once_and_deleted_when_it_is_empty(here):
    here.ask("mkdir", "/a/b c")
    assert here.objects() == ["a/b c/"]
    for taken in ("/a/b c", "/a", "/"):
        with pytest.raises(AlreadyExists):
            here.ask("mkdir", taken)
    here.put("a/b c/file")
    for full in ("/a/b c", "/a"):
        with pytest.raises(Conflict, match="not empty"):
            here.ask("delete", full)
    here.ask("delete", "/a/b c/file")
    here.ask("delete", "/a/b c")
    assert here.objects() == []


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_has_bytes_and_metadata_and_leaves_the_original(here, name):
    here.put(f"from/{name}", name.encode(), headers={"X-Object-Meta-Adler32": "0a1b2c3d"})
    here.ask("copy", f"/from/{name}", f"/to/{name}", False)
    assert sorted(here.objects()) == sorted([f"from/{name}", f"to/{name}"])
    assert here.read(f"to/{name}") == name.encode()
    assert here.ask("checksum", f"/to/{name}", "adler32") == "0a1b2c3d"


@pytest.mark.parametrize("name", NAMES)
def test_a_move_leaves_nothing_behind(here, name):
    here.put(f"from/{name}", name.encode())
    here.ask("move", f"/from/{name}", f"/to/{name}", False)
    assert here.objects() == [f"to/{name}"]
    assert here.read(f"to/{name}") == name.encode()


@pytest.mark.parametrize("verb", ["copy", "move"])
def test_an_existing_target_is_replaced_only_on_demand(here, verb):
    here.put("new", b"new")
    here.put("old", b"old")
    with pytest.raises(AlreadyExists):
        here.ask(verb, "/new", "/old", False)
    assert here.read("old") == b"old"
    here.ask(verb, "/new", "/old", True)
    assert here.read("old") == b"new"


@pytest.mark.parametrize("verb", ["copy", "move"])
def test_what_cannot_be_copied_is_refused_and_nothing_changes(here, verb):
    here.put("file", b"file")
    here.put("dir/inside", b"inside")
    for source, target, error in (
        ("/nothing", "/new", NotFound),
        ("/dir", "/new", IsADirectory),
        ("/file", "/dir", IsADirectory),
        ("/file", "/file", Conflict),
    ):
        with pytest.raises(error):
            here.ask(verb, source, target, True)
    assert sorted(here.objects()) == ["dir/inside", "file"]


def test_a_copy_that_the_quota_does_not_allow_is_no_space(here):
    here.put("file", b"x" * 60)
    here.client.post_container(here.container, {"X-Container-Meta-Quota-Bytes": "100"})
    with pytest.raises(NoSpace):
        here.ask("copy", "/file", "/copy", False)
    assert here.objects() == ["file"]


def test_a_checksum_is_kept_beside_what_else_is_known_and_goes_with_the_content(here):
    headers = {"X-Object-Meta-Owner": "me", "Content-Encoding": "gzip", "X-Delete-At": "4000000000"}
    here.put("file", b"hello", headers=headers, content_type="text/plain")
    before = here.client.head_object(here.container, "file")
    adler32 = f"{zlib.adler32(b'hello'):08x}"
    here.ask("store_checksum", "/file", "adler32", adler32)
    assert here.ask("checksum", "/file", "adler32") == adler32
    after = here.client.head_object(here.container, "file")
    assert after["x-object-meta-adler32"] == adler32
    for kept in ("x-object-meta-owner", "content-encoding", "x-delete-at", "content-type", "etag", "content-length"):
        assert after[kept] == before[kept], kept
    here.put("file", b"other")
    assert set(here.ask("stat", "/file").checksums) == {"md5"}
