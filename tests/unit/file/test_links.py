# SPDX-License-Identifier: Apache-2.0
"""Symbolic links: those that stay inside are followed, and nothing leads outside."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ugr_file import FileEndpoint

from ugr.plugin import Call, IsADirectory, NotADirectory, NotFound, PermissionDenied, UgrError

OUTSIDE = b"this must never be seen"

INSIDE = ["f", "d/f", "./f", "d/../f", "d/./../d//f", "to_d/f", "d/to_root/d/f", "d/to_root/to_d/../f"]
ESCAPES = [
    "../outside/secret",
    "../root/f",
    "..",
    "../..",
    "d/../../outside/secret",
    "d/to_root/../outside/secret",
    "to_d/../../outside/secret",
    "/etc/passwd",
    "/",
    "out/secret",
    "absolute/secret",
]


@pytest.fixture
def tree(root: Path) -> Path:
    (root / "d").mkdir()
    (root / "f").write_bytes(b"top")
    (root / "d" / "f").write_bytes(b"below")
    (root / "to_d").symlink_to("d")
    (root / "d" / "to_root").symlink_to("..")
    (root / "out").symlink_to("../outside")
    (root / "absolute").symlink_to(root.parent / "outside")
    return root


@pytest.mark.parametrize("target", INSIDE)
def test_a_link_that_stays_inside_is_what_it_leads_to(
    endpoint: FileEndpoint, tree: Path, call: Call, target: str
) -> None:
    (tree / "link").symlink_to(target)
    expected = (tree / target).read_bytes()
    info = endpoint.stat("/link", call)
    assert (info.name, info.directory, info.size) == ("link", False, len(expected))
    assert info in list(endpoint.list("/", call))
    with endpoint.data("/link", call) as stream:
        assert stream.read() == expected


def test_a_link_to_a_directory_is_a_directory(endpoint: FileEndpoint, tree: Path, call: Call) -> None:
    assert endpoint.stat("/to_d", call).directory
    assert sorted(info.name for info in endpoint.list("/to_d", call)) == ["f", "to_root"]
    assert endpoint.stat("/to_d/to_root/to_d/f", call).size == len(b"below")
    with pytest.raises(NotADirectory):
        next(endpoint.list("/to_d/f", call))


@pytest.mark.parametrize("target", ESCAPES)
def test_a_link_that_leads_outside_is_not_shown_and_leads_nowhere(
    endpoint: FileEndpoint, tree: Path, call: Call, target: str
) -> None:
    (tree / "d" / "link").symlink_to(os.path.join("..", target) if not target.startswith("/") else target)
    for path in ("/d/link", "/d/link/secret", "/d/link/outside/secret"):
        with pytest.raises(NotFound):
            endpoint.stat(path, call)
        with pytest.raises(NotFound):
            endpoint.checksum(path, "md5", call)
        with pytest.raises(NotFound):
            next(endpoint.list(path, call))
        with pytest.raises(PermissionDenied):
            endpoint.data(path, call)
    assert "link" not in [info.name for info in endpoint.list("/d", call)]


@pytest.mark.parametrize("path", ["/..", "/../outside/secret", "/d/../../outside/secret", "/d/..", "/./f"])
def test_a_path_with_dots_is_refused_even_where_it_would_stay_inside(
    endpoint: FileEndpoint, tree: Path, call: Call, path: str
) -> None:
    with pytest.raises(NotFound):
        endpoint.stat(path, call)
    with pytest.raises(PermissionDenied):
        endpoint.data(path, call)


@pytest.mark.parametrize("target", ["link", "./link", "missing", "f/x", "f/..", "f/.", "f/"])
def test_a_link_to_nothing_is_not_shown(endpoint: FileEndpoint, tree: Path, call: Call, target: str) -> None:
    (tree / "link").symlink_to(target)
    with pytest.raises(NotFound):
        endpoint.stat("/link", call)
    assert "link" not in [info.name for info in endpoint.list("/", call)]


def test_a_chain_of_links_is_followed_as_far_as_linux_does(endpoint: FileEndpoint, tree: Path, call: Call) -> None:
    (tree / "l0").symlink_to("f")
    for number in range(1, 42):
        (tree / f"l{number}").symlink_to(f"l{number - 1}")
    assert endpoint.stat("/l39", call).size == 3
    assert (tree / "l39").stat().st_size == 3
    with pytest.raises(NotFound):
        endpoint.stat("/l40", call)


PIECES = st.sampled_from(["a", "b", "c", "..", ".", "", "outside", "root", "secret", "f"])
TARGETS = st.one_of(
    st.lists(PIECES, min_size=1, max_size=5).map("/".join).filter(bool),
    st.just("/etc/passwd"),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["", "a", "b"]), st.sampled_from(["a", "b", "c"]), TARGETS), max_size=8))
def test_whatever_links_there_are_only_files_inside_are_found_and_all_that_the_system_finds(
    endpoint: FileEndpoint, root: Path, links: list[tuple[str, str, str]]
) -> None:
    shutil.rmtree(root)
    (root / "a").mkdir(parents=True)
    (root / "b").mkdir()
    (root / "a" / "f").write_bytes(b"a/f")
    (root / "f").write_bytes(b"f")
    for directory, name, target in links:
        try:
            (root / directory / name).symlink_to(target)
        except OSError:
            continue  # the name is taken, or its directory is a link to nothing
    inside = {(status.st_dev, status.st_ino) for status in (path.lstat() for path in [root, *root.rglob("*")])}
    for names in itertools.chain.from_iterable(itertools.product(["a", "b", "c", "f"], repeat=n) for n in (1, 2, 3)):
        path = "/" + "/".join(names)
        call = Call.until(30)
        try:
            info = endpoint.stat(path, call)
        except NotFound:
            # Either the system finds nothing, or the way leads outside, or through an absolute link.
            if (root / path[1:]).exists():
                assert leaves(root, names)
            continue
        status = (root / path[1:]).stat()
        assert (status.st_dev, status.st_ino) in inside
        assert not leaves(root, names)
        if not info.directory:
            with endpoint.data(path, call) as stream:
                assert stream.read() == (root / path[1:]).read_bytes() != OUTSIDE


def leaves(root: Path, names: tuple[str, ...]) -> bool:
    """Say, resolving step by step with absolute paths, whether a way ever steps outside."""
    here, left, steps = str(root), list(names), 0
    while left and steps < 500:
        steps += 1
        name = left.pop(0)
        if name in ("", "."):
            continue
        if name == "..":
            here = os.path.dirname(here)
        elif os.path.islink(os.path.join(here, name)):
            target = os.readlink(os.path.join(here, name))
            if target.startswith("/"):
                return True
            left = target.split("/") + left
        else:
            here = os.path.join(here, name)
        if not (here + "/").startswith(str(root) + "/"):
            return True
    return False


def test_renaming_directories_and_links_meanwhile_never_leads_outside(
    endpoint: FileEndpoint, root: Path, tmp_path: Path
) -> None:
    """Race: a directory deep inside is moved up and down, and swapped with links that lead outside."""
    (root / "a" / "b" / "c").mkdir(parents=True)
    (root / "a" / "b" / "c" / "secret").write_bytes(b"inside")
    (root / "a" / "b" / "c" / "up").symlink_to("../../../a/b/c/../../../f")
    (root / "a" / "b" / "c" / "far").symlink_to("../../../../outside/secret")
    (root / "f").write_bytes(b"inside")
    stop = threading.Event()

    def juggle() -> None:
        while not stop.is_set():
            os.rename(root / "a" / "b" / "c", root / "c")
            os.symlink("../../../outside", root / "a" / "b" / "c")
            os.unlink(root / "a" / "b" / "c")
            os.symlink(tmp_path / "outside", root / "a" / "b" / "c")
            os.unlink(root / "a" / "b" / "c")
            os.rename(root / "c", root / "a" / "b" / "c")

    juggler = threading.Thread(target=juggle)
    juggler.start()
    seen = set()
    try:
        call = Call.until(1.5)
        while call.remaining():
            for path in ("/a/b/c/secret", "/a/b/c/up", "/a/b/c/far", "/c/far", "/c/secret"):
                with (
                    contextlib.suppress(NotFound, PermissionDenied),
                    endpoint.data(path, Call.until(30)) as stream,
                ):
                    seen.add(stream.read())
            for info in endpoint.list("/", Call.until(30)):
                assert info.name in ("a", "c", "f")
    finally:
        stop.set()
        juggler.join()
    assert seen == {b"inside"}


def replace_before_reading(monkeypatch: pytest.MonkeyPatch, path: Path, replace: Callable[[], object]) -> None:
    """Replace a file after it was looked at, and before it is opened to be read; once."""
    system_open = os.open
    pending = [replace]

    def replacing_open(name: str | bytes, flags: int, *rest: Any, **named: Any) -> int:
        if name == os.fsencode(path.name) and not flags & os.O_PATH and pending:
            path.unlink()
            pending.pop()()
        return system_open(name, flags, *rest, **named)

    monkeypatch.setattr(os, "open", replacing_open)


@pytest.mark.parametrize(
    ("replace", "error"),
    [
        (lambda path: path.symlink_to("../outside/secret"), PermissionDenied),
        (lambda path: path.symlink_to("missing"), NotFound),
        (lambda path: path.mkdir(), IsADirectory),
        (lambda path: os.mkfifo(path), NotFound),
        (lambda path: None, NotFound),
    ],
    ids=["link outside", "link to nothing", "directory", "fifo", "nothing"],
)
def test_a_file_that_is_replaced_between_looking_and_opening_is_looked_at_again(
    endpoint: FileEndpoint,
    tree: Path,
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
    replace: Callable[[Path], object],
    error: type[UgrError],
) -> None:
    replace_before_reading(monkeypatch, tree / "f", lambda: replace(tree / "f"))
    with pytest.raises(error):
        endpoint.data("/f", call)


def test_a_file_that_becomes_a_link_between_looking_and_opening_is_followed(
    endpoint: FileEndpoint, tree: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_before_reading(monkeypatch, tree / "f", lambda: (tree / "f").symlink_to("d/f"))
    with endpoint.data("/f", call) as stream:
        assert stream.read() == b"below"
