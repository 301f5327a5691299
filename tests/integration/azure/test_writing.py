# SPDX-License-Identifier: Apache-2.0
"""What the plugin changes in containers."""

from __future__ import annotations

import zlib

import pytest

from ugr.plugin import AlreadyExists, Conflict, IsADirectory, NotFound

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
    assert sorted(here.blobs()) == sorted(f"d/{name}.keep" for name in NAMES)


def test_a_file_with_snapshots_is_kept_and_the_reason_told(here):
    here.put("file")
    here.client.get_blob_client("file").create_snapshot()
    with pytest.raises(Conflict, match="snapshots"):
        here.ask("delete", "/file")
    assert here.blobs() == ["file"]


def test_a_file_that_somebody_leased_is_kept_and_the_reason_told(here):
    here.put("file")
    here.client.get_blob_client("file").acquire_lease()
    with pytest.raises(Conflict, match="lease"):
        here.ask("delete", "/file")


def test_a_directory_is_made_once_and_deleted_when_it_is_empty(here):
    here.ask("mkdir", "/a/b c")
    assert here.blobs() == ["a/b c/"]
    for taken in ("/a/b c", "/a", "/"):
        with pytest.raises(AlreadyExists):
            here.ask("mkdir", taken)
    here.put("a/b c/file")
    for full in ("/a/b c", "/a"):
        with pytest.raises(Conflict, match="not empty"):
            here.ask("delete", full)
    here.ask("delete", "/a/b c/file")
    here.ask("delete", "/a/b c")
    assert here.blobs() == []


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_has_bytes_and_metadata_and_leaves_the_original(here, name):
    here.put(f"from/{name}", name.encode(), metadata={"adler32": "0a1b2c3d"})
    here.ask("copy", f"/from/{name}", f"/to/{name}", False)
    assert sorted(here.blobs()) == sorted([f"from/{name}", f"to/{name}"])
    assert here.read(f"to/{name}") == name.encode()
    assert here.ask("checksum", f"/to/{name}", "adler32") == "0a1b2c3d"


@pytest.mark.parametrize("name", NAMES)
def test_a_move_leaves_nothing_behind(here, name):
    here.put(f"from/{name}", name.encode())
    here.ask("move", f"/from/{name}", f"/to/{name}", False)
    assert here.blobs() == [f"to/{name}"]
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
    assert sorted(here.blobs()) == ["dir/inside", "file"]


def test_a_checksum_is_kept_beside_what_else_is_known_and_goes_with_the_content(here):
    here.put("file", b"hello", metadata={"owner": "me"})
    adler32 = f"{zlib.adler32(b'hello'):08x}"
    here.ask("store_checksum", "/file", "adler32", adler32)
    assert here.ask("checksum", "/file", "adler32") == adler32
    blob = here.client.get_blob_client("file").get_blob_properties()
    assert blob.metadata == {"owner": "me", "adler32": adler32}
    here.put("file", b"other")
    assert "adler32" not in here.ask("stat", "/file").checksums
