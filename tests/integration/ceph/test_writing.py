# SPDX-License-Identifier: Apache-2.0
"""What the plugin changes in real buckets."""

from __future__ import annotations

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
    assert sorted(here.keys()) == sorted(f"d/{name}.keep" for name in NAMES)


def test_a_directory_is_made_once_and_deleted_when_it_is_empty(here):
    here.ask("mkdir", "/a/b c")
    assert here.keys() == ["a/b c/"]
    assert here.ask("stat", "/a/b c").directory
    with pytest.raises(AlreadyExists):
        here.ask("mkdir", "/a/b c")
    with pytest.raises(AlreadyExists):
        here.ask("mkdir", "/a")
    with pytest.raises(AlreadyExists):
        here.ask("mkdir", "/")
    here.put("a/b c/file")
    with pytest.raises(Conflict, match="not empty"):
        here.ask("delete", "/a/b c")
    with pytest.raises(Conflict, match="not empty"):
        here.ask("delete", "/a")
    here.ask("delete", "/a/b c/file")
    here.ask("delete", "/a/b c")
    assert here.keys() == []


def test_a_directory_cannot_be_made_where_a_file_is(here):
    here.put("file")
    with pytest.raises(AlreadyExists):
        here.ask("mkdir", "/file")


def test_the_root_cannot_be_deleted(here):
    with pytest.raises(Conflict):
        here.ask("delete", "/")


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_has_the_bytes_and_leaves_the_original(here, name):
    here.put(f"from/{name}", name.encode())
    here.ask("copy", f"/from/{name}", f"/to/{name}", False)
    assert sorted(here.keys()) == sorted([f"from/{name}", f"to/{name}"])
    assert here.client.get_object(Bucket=here.bucket, Key=f"to/{name}")["Body"].read() == name.encode()


@pytest.mark.parametrize("name", NAMES)
def test_a_move_leaves_nothing_behind(here, name):
    here.put(f"from/{name}", name.encode())
    here.ask("move", f"/from/{name}", f"/to/{name}", False)
    assert here.keys() == [f"to/{name}"]
    assert here.client.get_object(Bucket=here.bucket, Key=f"to/{name}")["Body"].read() == name.encode()


@pytest.mark.parametrize("verb", ["copy", "move"])
def test_an_existing_target_is_replaced_only_on_demand(here, verb):
    here.put("new", b"new")
    here.put("old", b"old")
    with pytest.raises(AlreadyExists):
        here.ask(verb, "/new", "/old", False)
    assert here.client.get_object(Bucket=here.bucket, Key="old")["Body"].read() == b"old"
    assert sorted(here.keys()) == ["new", "old"]
    here.ask(verb, "/new", "/old", True)
    assert here.client.get_object(Bucket=here.bucket, Key="old")["Body"].read() == b"new"


@pytest.mark.parametrize("verb", ["copy", "move"])
def test_what_cannot_be_copied_is_refused_and_nothing_changes(here, verb):
    here.put("file", b"file")
    here.put("dir/inside", b"inside")
    for source, target, error in (
        ("/nothing", "/new", NotFound),
        ("/dir", "/new", IsADirectory),
        ("/", "/new", IsADirectory),
        ("/file", "/dir", IsADirectory),
        ("/file", "/", IsADirectory),
        ("/file", "/file", Conflict),
    ):
        with pytest.raises(error):
            here.ask(verb, source, target, True)
    assert sorted(here.keys()) == ["dir/inside", "file"]
