# SPDX-License-Identifier: Apache-2.0
"""What the file endpoint shows of a directory, and what it does not."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ugr_file import FileEndpoint

from ugr.plugin import (
    BadRequest,
    Call,
    DeadlineExceeded,
    Duration,
    FileInfo,
    Intent,
    IsADirectory,
    Location,
    NotADirectory,
    NotFound,
    PermissionDenied,
    Refused,
    Transfer,
    Unsupported,
    Url,
)

MTIME = 1_600_000_000.25


@pytest.fixture
def tree(root: Path) -> Path:
    (root / "d" / "e").mkdir(parents=True)
    (root / "d" / "f").write_bytes(b"12345")
    (root / "empty").write_bytes(b"")
    os.utime(root / "d" / "f", (MTIME, MTIME))
    return root


def names(endpoint: FileEndpoint, path: str, call: Call) -> list[str]:
    return sorted(info.name for info in endpoint.list(path, call))


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_stat_of_a_file_tells_name_size_and_time(endpoint: FileEndpoint, tree: Path, call: Call) -> None:
    assert endpoint.stat("/d/f", call) == FileInfo("f", size=5, mtime=MTIME)
    assert endpoint.stat("/empty", call).size == 0


def test_stat_of_a_directory_has_no_size(endpoint: FileEndpoint, tree: Path, call: Call) -> None:
    info = endpoint.stat("/d", call)
    assert (info.name, info.directory, info.size) == ("d", True, None)
    assert info.mtime == (tree / "d").stat().st_mtime


def test_the_root_is_a_directory_without_a_name(endpoint: FileEndpoint, tree: Path, call: Call) -> None:
    info = endpoint.stat("/", call)
    assert (info.name, info.directory) == ("", True)


@pytest.mark.parametrize("path", ["/x", "/d/x", "/x/y", "/d/f/x", "/" + "n" * 300, "/d/" + "é" * 200])
def test_stat_of_what_is_not_there_raises_not_found(endpoint: FileEndpoint, tree: Path, call: Call, path: str) -> None:
    with pytest.raises(NotFound):
        endpoint.stat(path, call)


def test_list_tells_what_stat_tells(endpoint: FileEndpoint, tree: Path, call: Call) -> None:
    (tree / "d" / ".hidden").write_bytes(b"h")
    (tree / "d" / "Ünïcödé name").write_bytes(b"uu")
    entries = list(endpoint.list("/d", call))
    assert sorted(info.name for info in entries) == [".hidden", "e", "f", "Ünïcödé name"]
    assert all(info == endpoint.stat(f"/d/{info.name}", call) for info in entries)


def test_list_of_an_empty_directory_yields_nothing(endpoint: FileEndpoint, tree: Path, call: Call) -> None:
    assert list(endpoint.list("/d/e", call)) == []


@pytest.mark.parametrize(("path", "error"), [("/x", NotFound), ("/d/f/x", NotFound), ("/d/f", NotADirectory)])
def test_list_of_what_is_no_directory_raises(
    endpoint: FileEndpoint, tree: Path, call: Call, path: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        next(endpoint.list(path, call))


def test_names_that_are_not_text_are_neither_listed_nor_found(endpoint: FileEndpoint, root: Path, call: Call) -> None:
    for name in (b"\xff\xfe", b"caf\xe9", b"new\nline", b"tab\t", b"esc\x1b[0m", b"del\x7f", "c1\x85".encode()):
        Path(os.fsdecode(bytes(root) + b"/" + name)).touch()
    assert names(endpoint, "/", call) == []
    for path in ("/\udcff\udcfe", "/caf\udce9", "/new\nline", "/tab\t", "/del\x7f", "/c1\x85"):
        with pytest.raises(NotFound):
            endpoint.stat(path, call)


def test_temporary_names_are_neither_listed_nor_found(endpoint: FileEndpoint, root: Path, call: Call) -> None:
    (root / ".ugr-0123").write_bytes(b"half")
    (root / ".ugr-dir").mkdir()
    (root / ".ugr-dir" / "f").touch()
    (root / "link").symlink_to(".ugr-0123")
    assert names(endpoint, "/", call) == []
    for path in ("/.ugr-0123", "/.ugr-dir/f", "/link"):
        with pytest.raises(NotFound):
            endpoint.stat(path, call)


def test_fifos_and_sockets_are_no_files(endpoint: FileEndpoint, root: Path, call: Call) -> None:
    os.mkfifo(root / "fifo")
    os.mknod(root / "socket", stat.S_IFSOCK | 0o600)
    (root / "link").symlink_to("fifo")
    assert names(endpoint, "/", call) == []
    for path in ("/fifo", "/socket", "/link"):
        with pytest.raises(NotFound):
            endpoint.stat(path, call)
        with pytest.raises(NotFound):
            endpoint.data(path, call)


def test_a_device_is_no_file(endpoint: FileEndpoint, call: Call) -> None:
    devices = FileEndpoint("dev", type(endpoint.options)(path="/dev"))
    with pytest.raises(NotFound):
        devices.stat("/null", call)
    assert "null" not in names(devices, "/", call)


def test_a_name_that_vanishes_during_a_listing_is_left_out(endpoint: FileEndpoint, root: Path, call: Call) -> None:
    for number in range(100):
        (root / f"{number}").touch()
    entries = endpoint.list("/", call)
    first = next(entries).name
    for number in range(100):
        (root / f"{number}").unlink()
    assert [info.name for info in entries] == []
    assert first.isdigit()


def test_a_listing_is_lazy_and_lets_go_of_everything_when_closed(
    endpoint: FileEndpoint, root: Path, call: Call
) -> None:
    (root / "a" / "b").mkdir(parents=True)
    for number in range(50):
        (root / "a" / "b" / f"{number}").touch()
    before = descriptors()
    entries = endpoint.list("/a/b", call)
    next(entries)
    assert descriptors() > before
    entries.close()  # type: ignore[attr-defined]
    assert descriptors() == before


def test_a_listing_ends_when_its_time_is_over(endpoint: FileEndpoint, root: Path) -> None:
    (root / "f").touch()
    with pytest.raises(DeadlineExceeded):
        list(endpoint.list("/", Call.until(-1)))


def test_no_verb_leaves_a_descriptor_open(endpoint: FileEndpoint, tree: Path, call: Call) -> None:
    (tree / "link").symlink_to("d/../d/f")
    (tree / "out").symlink_to("../outside/secret")
    before = descriptors()
    for path in ("/", "/d", "/d/f", "/link", "/out", "/x", "/d/f/x"):
        for verb in (endpoint.stat, endpoint.usage, lambda path, call: endpoint.checksum(path, "md5", call)):
            try:
                verb(path, call)
            except (NotFound, IsADirectory):
                continue
    endpoint.health(call)
    list(endpoint.list("/", call))
    assert descriptors() == before


def test_data_opens_the_bytes(endpoint: FileEndpoint, tree: Path, call: Call) -> None:
    with endpoint.data("/d/f", call) as stream:
        assert stream.read() == b"12345"
        assert os.get_blocking(stream.fileno())


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/", IsADirectory),
        ("/d", IsADirectory),
        ("/x", NotFound),
        ("/d/f/x", NotFound),
        ("/../outside/secret", PermissionDenied),
    ],
)
def test_data_of_what_is_no_file_raises(
    endpoint: FileEndpoint, tree: Path, call: Call, path: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        endpoint.data(path, call)


@pytest.mark.parametrize("intent", [Intent.GET, Intent.HEAD])
def test_readers_are_served_here_without_a_public_url(endpoint: FileEndpoint, call: Call, intent: Intent) -> None:
    assert endpoint.redirect("/d/f", intent, Transfer(), call) == Location("", method=intent, served_here=True)


@pytest.mark.parametrize("intent", [Intent.GET, Intent.HEAD])
def test_url_of_data_served_here_is_good_for_as_long_as_the_endpoint_says(
    make: Callable[..., FileEndpoint], call: Call, intent: Intent
) -> None:
    expires = make(url_lifetime=Duration(120.0)).redirect("/d/f", intent, Transfer(), call).expires
    assert expires is not None
    assert 110 < expires - time.time() <= 120


@pytest.mark.parametrize("intent", [Intent.GET, Intent.HEAD])
def test_readers_are_sent_to_the_public_url(make: Callable[..., FileEndpoint], call: Call, intent: Intent) -> None:
    endpoint = make(public_url=Url("https://disk.example.org/data"))
    location = endpoint.redirect("/a b/100%/é?#&", intent, Transfer(), call)
    assert location == Location("https://disk.example.org/data/a%20b/100%25/%C3%A9%3F%23%26", method=intent)


@pytest.mark.parametrize("intent", [Intent.PUT, Intent.DELETE])
def test_nobody_is_sent_here_to_write(endpoint: FileEndpoint, call: Call, intent: Intent) -> None:
    with pytest.raises(Unsupported, match=intent.value):
        endpoint.redirect("/f", intent, Transfer(), call)


def test_a_path_that_no_url_can_express_is_a_bad_request(make: Callable[..., FileEndpoint], call: Call) -> None:
    endpoint = make(public_url=Url("https://disk.example.org"))
    with pytest.raises(BadRequest, match="UTF-8"):
        endpoint.redirect("/\udcff", Intent.GET, Transfer(), call)


def test_usage_is_that_of_the_file_system(endpoint: FileEndpoint, tree: Path, call: Call) -> None:
    space = os.statvfs(tree)
    usage = endpoint.usage("/d/f", call)
    assert usage.used is not None
    assert usage.free is not None
    assert usage.used + usage.free <= space.f_blocks * space.f_frsize
    assert abs(usage.free - space.f_bavail * space.f_frsize) < 1 << 30


VERBS: list[Callable[[FileEndpoint, Call], object]] = [
    lambda endpoint, call: endpoint.stat("/", call),
    lambda endpoint, call: endpoint.stat("/f", call),
    lambda endpoint, call: list(endpoint.list("/", call)),
    lambda endpoint, call: endpoint.delete("/f", call),
    lambda endpoint, call: endpoint.mkdir("/new", call),
    lambda endpoint, call: endpoint.move("/f", "/g", True, call),
    lambda endpoint, call: endpoint.copy("/f", "/g", True, call),
    lambda endpoint, call: endpoint.checksum("/f", "md5", call),
    lambda endpoint, call: endpoint.usage("/", call),
    lambda endpoint, call: endpoint.health(call),
    lambda endpoint, call: endpoint.data("/f", call),
]


@pytest.mark.parametrize("verb", VERBS)
def test_a_missing_root_is_an_endpoint_that_does_not_answer(
    endpoint: FileEndpoint, root: Path, call: Call, verb: Callable[[FileEndpoint, Call], object]
) -> None:
    root.rmdir()
    with pytest.raises(Refused, match="directory cannot be opened"):
        verb(endpoint, call)


@pytest.mark.parametrize("verb", VERBS)
def test_an_empty_mount_point_is_an_endpoint_that_does_not_answer(
    make: Callable[..., FileEndpoint], root: Path, call: Call, verb: Callable[[FileEndpoint, Call], object]
) -> None:
    with pytest.raises(Refused, match=r"\.ugr-mounted is missing"):
        verb(make(marker=".ugr-mounted"), call)
    assert list(root.iterdir()) == []


def test_a_root_that_is_a_file_is_an_endpoint_that_does_not_answer(
    endpoint: FileEndpoint, root: Path, call: Call
) -> None:
    root.rmdir()
    root.touch()
    with pytest.raises(Refused):
        endpoint.health(call)
    with pytest.raises(Refused):
        endpoint.stat("/f", call)


def test_with_its_marker_an_endpoint_is_healthy_and_absence_is_believed(
    make: Callable[..., FileEndpoint], root: Path, call: Call
) -> None:
    (root / ".ugr-mounted").touch()
    endpoint = make(marker=".ugr-mounted")
    endpoint.health(call)
    assert list(endpoint.list("/", call)) == []
    with pytest.raises(NotFound):
        endpoint.stat("/f", call)


def test_the_root_is_opened_anew_each_time(endpoint: FileEndpoint, root: Path, call: Call) -> None:
    endpoint.health(call)
    root.rename(root.with_name("old"))
    root.mkdir()
    (root / "f").touch()
    assert names(endpoint, "/", call) == ["f"]


def test_process_without_free_descriptors_is_busy_and_the_endpoint_is_not_to_blame(monkeypatch, tmp_path):
    import errno
    import os

    from ugr_file.tree import Tree

    from ugr.plugin import Busy

    def full(*_: object, **__: object) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    tree = Tree(str(tmp_path), None)
    monkeypatch.setattr("ugr_file.tree.os.open", full)
    with pytest.raises(Busy), tree.at("/"):
        pass
