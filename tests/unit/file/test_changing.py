# SPDX-License-Identifier: Apache-2.0
"""Deleting, making, moving, copying: names are never half there, links and the root stay."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from ugr_file import FileEndpoint, changes

from ugr.plugin import (
    AlreadyExists,
    BadRequest,
    Call,
    Conflict,
    DeadlineExceeded,
    IsADirectory,
    NotFound,
    PermissionDenied,
    UgrError,
)


@pytest.fixture
def tree(root: Path) -> Path:
    (root / "d" / "e").mkdir(parents=True)
    (root / "f").write_bytes(b"f")
    (root / "g").write_bytes(b"gg")
    (root / "d" / "h").write_bytes(b"hhh")
    (root / "link").symlink_to("f")
    (root / "out").symlink_to("../outside")
    os.mkfifo(root / "fifo")
    return root


def contents(root: Path) -> dict[str, bytes | None]:
    """Return every name with its bytes, None for what is not a plain file."""
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() and not path.is_symlink() else None
        for path in sorted(root.rglob("*"))
    }


def test_delete_removes_one_file_and_one_empty_directory(endpoint: FileEndpoint, tree: Path, call: Call) -> None:
    endpoint.delete("/f", call)
    endpoint.delete("/d/e", call)
    assert sorted(contents(tree)) == ["d", "d/h", "fifo", "g", "link", "out"]


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/x", NotFound),
        ("/x/y", NotFound),
        ("/f/x", NotFound),
        ("/fifo", NotFound),
        ("/out", NotFound),
        ("/out/secret", NotFound),
        ("/../outside/secret", NotFound),
        ("/link", PermissionDenied),
        ("/", PermissionDenied),
        ("/d", Conflict),
    ],
)
def test_delete_of_what_cannot_be_deleted_changes_nothing(
    endpoint: FileEndpoint, tree: Path, call: Call, path: str, error: type[UgrError]
) -> None:
    before = contents(tree.parent)
    with pytest.raises(error):
        endpoint.delete(path, call)
    assert contents(tree.parent) == before


def test_mkdir_makes_parents_too(endpoint: FileEndpoint, tree: Path, call: Call) -> None:
    endpoint.mkdir("/d/x/y/z", call)
    assert (tree / "d" / "x" / "y" / "z").is_dir()
    endpoint.mkdir("/d/e/new", call)
    assert (tree / "d" / "e" / "new").is_dir()


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/", AlreadyExists),
        ("/d", AlreadyExists),
        ("/f", AlreadyExists),
        ("/fifo", AlreadyExists),
        ("/out", AlreadyExists),
        ("/f/x", Conflict),
        ("/fifo/x", Conflict),
        ("/out/x", Conflict),
        ("/out/x/y", Conflict),
        ("/.ugr-x", BadRequest),
        ("/new\nline", BadRequest),
        ("/\udcff", BadRequest),
        ("/" + "n" * 256, BadRequest),
        ("/d/../x", BadRequest),
    ],
)
def test_mkdir_where_none_can_be_made_changes_nothing(
    endpoint: FileEndpoint, tree: Path, call: Call, path: str, error: type[UgrError]
) -> None:
    before = contents(tree.parent)
    with pytest.raises(error):
        endpoint.mkdir(path, call)
    assert contents(tree.parent) == before


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("target", ["/new", "/d/new"])
def test_move_of_a_file_leaves_it_at_the_target_only(
    endpoint: FileEndpoint, tree: Path, call: Call, target: str, overwrite: bool
) -> None:
    endpoint.move("/f", target, overwrite, call)
    assert (tree / target[1:]).read_bytes() == b"f"
    assert not (tree / "f").exists()
    assert not [name for name in contents(tree) if ".ugr-" in name]


@pytest.mark.parametrize("overwrite", [False, True])
def test_move_of_a_directory_takes_what_is_in_it(
    endpoint: FileEndpoint, tree: Path, call: Call, overwrite: bool
) -> None:
    endpoint.move("/d", "/new", overwrite, call)
    assert (tree / "new" / "h").read_bytes() == b"hhh"
    assert (tree / "new" / "e").is_dir()
    assert not (tree / "d").exists()


@pytest.mark.parametrize("verb", ["move", "copy"])
@pytest.mark.parametrize("target", ["/g", "/d", "/d/h", "/f"])
def test_an_existing_target_stays_without_overwrite(
    endpoint: FileEndpoint, tree: Path, call: Call, verb: str, target: str
) -> None:
    before = contents(tree)
    with pytest.raises(AlreadyExists):
        getattr(endpoint, verb)("/f", target, False, call)
    assert contents(tree) == before


@pytest.mark.parametrize("verb", ["move", "copy"])
def test_an_existing_file_is_replaced_with_overwrite(endpoint: FileEndpoint, tree: Path, call: Call, verb: str) -> None:
    getattr(endpoint, verb)("/f", "/g", True, call)
    assert (tree / "g").read_bytes() == b"f"
    assert (tree / "f").exists() == (verb == "copy")


@pytest.mark.parametrize("verb", ["move", "copy"])
def test_a_file_onto_itself_stays(endpoint: FileEndpoint, tree: Path, call: Call, verb: str) -> None:
    before = contents(tree)
    getattr(endpoint, verb)("/f", "/f", True, call)
    assert contents(tree) == before


def test_move_onto_another_name_of_the_same_file_leaves_one(endpoint: FileEndpoint, tree: Path, call: Call) -> None:
    (tree / "d" / "other").hardlink_to(tree / "f")
    endpoint.move("/f", "/d/other", True, call)
    assert not (tree / "f").exists()
    assert (tree / "d" / "other").read_bytes() == b"f"


REFUSED = [
    ("/x", "/new", NotFound),
    ("/fifo", "/new", NotFound),
    ("/out/secret", "/new", NotFound),
    ("/f", "/x/new", Conflict),
    ("/f", "/g/new", Conflict),
    ("/f", "/out/new", Conflict),
    ("/f", "/../outside/new", BadRequest),
    ("/f", "/.ugr-x", BadRequest),
    ("/f", "/", PermissionDenied),
    ("/f", "/link", PermissionDenied),
    ("/f", "/out", PermissionDenied),
    ("/f", "/d", IsADirectory),
]


@pytest.mark.parametrize("verb", ["move", "copy"])
@pytest.mark.parametrize(("source", "target", "error"), REFUSED)
def test_what_cannot_be_moved_or_copied_changes_nothing(
    endpoint: FileEndpoint, tree: Path, call: Call, verb: str, source: str, target: str, error: type[UgrError]
) -> None:
    before = contents(tree.parent)
    with pytest.raises(error):
        getattr(endpoint, verb)(source, target, True, call)
    assert contents(tree.parent) == before


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(
    ("source", "target", "error"),
    [
        ("/link", "/new", PermissionDenied),
        ("/", "/new", PermissionDenied),
        ("/d", "/d/e/new", Conflict),
        ("/d", "/f", UgrError),
        ("/d/e", "/d", UgrError),
    ],
)
def test_what_cannot_be_moved_changes_nothing(
    endpoint: FileEndpoint, tree: Path, call: Call, source: str, target: str, error: type[UgrError], overwrite: bool
) -> None:
    before = contents(tree)
    with pytest.raises(error) as caught:
        endpoint.move(source, target, overwrite, call)
    assert isinstance(caught.value, AlreadyExists | Conflict | PermissionDenied)
    assert contents(tree) == before


def test_copy_of_a_directory_is_refused(endpoint: FileEndpoint, tree: Path, call: Call) -> None:
    with pytest.raises(IsADirectory):
        endpoint.copy("/d", "/new", False, call)


@pytest.mark.parametrize("overwrite", [False, True])
def test_copy_leaves_the_bytes_at_both_names_and_nothing_else(
    endpoint: FileEndpoint, tree: Path, call: Call, overwrite: bool
) -> None:
    content = os.urandom(3 * changes.BLOCK + 17)
    (tree / "large").write_bytes(content)
    before = set(contents(tree))
    endpoint.copy("/large", "/d/copy", overwrite, call)
    assert (tree / "d" / "copy").read_bytes() == (tree / "large").read_bytes() == content
    assert set(contents(tree)) == before | {"d/copy"}
    assert not (tree / "d" / "copy").samefile(tree / "large")


def test_copy_follows_a_link_and_makes_a_file(endpoint: FileEndpoint, tree: Path, call: Call) -> None:
    endpoint.copy("/link", "/d/copy", False, call)
    assert not (tree / "d" / "copy").is_symlink()
    assert (tree / "d" / "copy").read_bytes() == b"f"


def test_copy_without_time_leaves_nothing_behind(endpoint: FileEndpoint, tree: Path) -> None:
    before = contents(tree)
    with pytest.raises(DeadlineExceeded):
        endpoint.copy("/f", "/new", False, Call.until(-1))
    assert contents(tree) == before


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EOPNOTSUPP])
def test_copy_works_where_the_kernel_cannot_copy_ranges(
    endpoint: FileEndpoint, tree: Path, call: Call, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*arguments: object) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "copy_file_range", refuse)
    content = os.urandom(2 * changes.BLOCK + 1)
    (tree / "large").write_bytes(content)
    endpoint.copy("/large", "/new", False, call)
    assert (tree / "new").read_bytes() == content


def test_a_full_disk_leaves_nothing_behind(
    endpoint: FileEndpoint, tree: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "copy_file_range", refuse)
    before = contents(tree)
    with pytest.raises(UgrError) as caught:
        endpoint.copy("/f", "/new", False, call)
    assert caught.value.code == "no-space"
    assert contents(tree) == before


@pytest.mark.parametrize("verb", ["move", "copy"])
def test_without_hard_links_an_existing_target_still_stays(
    endpoint: FileEndpoint, tree: Path, call: Call, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    def refuse(*arguments: object, **named: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(AlreadyExists):
        getattr(endpoint, verb)("/f", "/g", False, call)
    getattr(endpoint, verb)("/f", "/new", False, call)
    assert (tree / "new").read_bytes() == b"f"
    assert (tree / "g").read_bytes() == b"gg"
    assert (tree / "f").exists() == (verb == "copy")


def test_of_many_moves_to_one_new_name_exactly_one_wins(endpoint: FileEndpoint, root: Path, call: Call) -> None:
    for number in range(16):
        (root / f"{number}").write_bytes(b"%d" % number)
    outcomes: list[int | None] = []
    barrier = threading.Barrier(16)

    def move(number: int) -> None:
        barrier.wait()
        try:
            endpoint.move(f"/{number}", "/target", False, call)
        except AlreadyExists:
            outcomes.append(None)
        else:
            outcomes.append(number)

    threads = [threading.Thread(target=move, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [number for number in outcomes if number is not None]
    assert (root / "target").read_bytes() == b"%d" % winner
    assert len(list(root.iterdir())) == 16


def test_a_reader_never_sees_half_a_copy(endpoint: FileEndpoint, root: Path, call: Call) -> None:
    content = b"x" * (4 << 20)
    (root / "f").write_bytes(content)
    sizes: set[int | None] = set()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            for info in endpoint.list("/", Call.until(30)):
                sizes.add(info.size)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        for number in range(5):
            endpoint.copy("/f", f"/copy{number}", False, call)
    finally:
        done.set()
        watcher.join()
    assert sizes == {len(content)}


def test_writing_is_a_capability_only_when_writable(make: Callable[..., FileEndpoint]) -> None:
    read = {"checksum", "usage", "health", "data"}
    endpoint = make()
    assert {verb for verb, granted in endpoint.capabilities().items() if granted} == read | {
        "delete",
        "mkdir",
        "move",
        "copy",
    }
