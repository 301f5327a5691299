# SPDX-License-Identifier: Apache-2.0
"""A directory under test, and the ways in which a file system fails: gone, silent, refusing, broken.

The failing ones are real file systems, mounted over the directory: as much of the kernel's FUSE
protocol as failing takes. Where none can be mounted (no root, no /dev/fuse) the suite skips what
needs them.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import select
import stat
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from ugr_file import FileEndpoint, FileOptions

from ugr.testing import DirectoryStore

_LIBC = ctypes.CDLL(None, use_errno=True)
_MNT_DETACH = 2

# The structures of linux/fuse.h, version 7.31.
_REQUEST = struct.Struct("<IIQQ16x")  # fuse_in_header: length, opcode, unique, node
_REPLY = struct.Struct("<IiQ")  # fuse_out_header: length, error, unique
_INIT_OUT = struct.Struct("<IIIIHHI40x")  # fuse_init_out: major, minor, readahead, flags, ..., max_write
_ATTRIBUTES = struct.Struct("<QQQ36xIIIIIII")  # fuse_attr: inode, size, blocks, times, mode, links, ..., block size
_LOOKUP_OUT = struct.Struct("<QQQQII")  # fuse_entry_out without attributes: node, generation, validities
_GETATTR_OUT = struct.Struct("<QII")  # fuse_attr_out without attributes: validity
_OPEN_OUT = struct.Struct("<QII")
_READ_IN = struct.Struct("<QQ")  # fuse_read_in: handle, offset
_ENTRY = struct.Struct("<QQII")  # fuse_dirent: inode, next offset, length of name, type

_INIT = 26
_UNANSWERED = frozenset({2, 36, 42})  # FORGET, INTERRUPT, BATCH_FORGET
_ROOT, _DIRECTORY, _FILE = 1, 2, 3

Answers = Callable[[int, int, bytes], "bytes | int | None"]
"""Opcode, node and rest of a request -> the body of the reply, an error number, or None for silence."""


def silence(opcode: int, node: int, rest: bytes) -> bytes | int | None:
    """Answer nothing, not even the mount."""
    return None


def failing(error: int) -> Answers:
    """Answer everything with an error."""
    return lambda opcode, node, rest: mounting(opcode) or error


def stalling(opcode: int, node: int, rest: bytes) -> bytes | int | None:
    """Show directories in the root and files in those; after the first few entries of a listing, nothing more."""
    below = _DIRECTORY if node == _ROOT else _FILE
    match opcode:
        case 1:  # LOOKUP
            return _LOOKUP_OUT.pack(below, 0, 60, 60, 0, 0) + _attributes(below)
        case 3:  # GETATTR
            return _GETATTR_OUT.pack(60, 0, 0) + _attributes(node)
        case 27:  # OPENDIR
            return _OPEN_OUT.pack(0, 0, 0)
        case 28:  # READDIR
            return None if _READ_IN.unpack_from(rest)[1] else b"".join(_entry(number) for number in range(1, 9))
        case 29:  # RELEASEDIR
            return b""
    return mounting(opcode) or errno.ENOSYS


def mounting(opcode: int) -> bytes | None:
    """Answer the kernel's greeting."""
    return _INIT_OUT.pack(7, 31, 0, 0, 0, 0, 4096) if opcode == _INIT else None


def _attributes(node: int) -> bytes:
    mode = stat.S_IFREG | 0o644 if node == _FILE else stat.S_IFDIR | 0o755
    return _ATTRIBUTES.pack(node, 4, 1, mode, 1, os.geteuid(), os.getegid(), 0, 4096, 0)


def _entry(number: int) -> bytes:
    name = f"entry-{number:05}".encode()
    return _ENTRY.pack(number, number, len(name), 8) + name.ljust((len(name) + 7) // 8 * 8, b"\0")


class TroubleMount:
    """A file system mounted over a directory; closing it fails whatever still waits for an answer."""

    def __init__(self, directory: Path, answers: Answers) -> None:
        self._directory = os.fsencode(directory)
        self._answers = answers
        with contextlib.ExitStack() as undo:
            self._device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
            undo.callback(os.close, self._device)
            options = f"fd={self._device},rootmode=40000,user_id={os.geteuid()},group_id={os.getegid()},allow_other"
            if _LIBC.mount(b"ugr-test", self._directory, b"fuse", 0, options.encode()):
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            undo.pop_all()
        self._ending, self._end = os.pipe()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @staticmethod
    @cache
    def possible() -> bool:
        """Say whether such file systems can be mounted here."""
        with tempfile.TemporaryDirectory() as directory:
            try:
                TroubleMount(Path(directory), silence).close()
            except OSError:
                return False
            return True

    def close(self) -> None:
        """Unmount; the kernel gives up on a file system whose device is closed."""
        _LIBC.umount2(self._directory, _MNT_DETACH)
        os.close(self._end)
        self._thread.join(5)
        os.close(self._ending)
        os.close(self._device)

    def _serve(self) -> None:
        while True:
            ready, _, _ = select.select([self._device, self._ending], [], [])
            if self._ending in ready:
                return
            try:
                request = os.read(self._device, 1 << 17)
            except OSError as error:
                if error.errno == errno.ENODEV:
                    return  # unmounted
                raise
            _, opcode, unique, node = _REQUEST.unpack_from(request)
            reply = None if opcode in _UNANSWERED else self._answers(opcode, node, request[_REQUEST.size :])
            if isinstance(reply, int):
                os.write(self._device, _REPLY.pack(_REPLY.size, -reply, unique))
            elif reply is not None:
                os.write(self._device, _REPLY.pack(_REPLY.size + len(reply), 0, unique) + reply)


class DiskStore(DirectoryStore):
    """A directory that can be taken away."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._path = root
        self._away = root.with_name("away")
        self._mounts: list[TroubleMount] = []

    def down(self) -> None:
        """Take the directory away, as when a file system is not mounted and has no mount point."""
        self._path.rename(self._away)

    def up(self) -> None:
        """Put the directory back, unmount what was mounted over it."""
        while self._mounts:
            self._mounts.pop().close()
        if self._away.exists():
            self._away.rename(self._path)

    def escape(self, path: str) -> None:
        """Make a link to a file that is outside."""
        outside = self._path.with_name("outside")
        outside.write_bytes(b"not for anybody")
        Path(self._local(path)).symlink_to(os.path.relpath(outside, Path(self._local(path)).parent))


class MountedStore(DiskStore):
    """A directory that can fail as a mounted file system does."""

    def hang(self) -> None:
        """Answer nothing, as NFS without its server."""
        self._mounts.append(TroubleMount(self._path, silence))

    def stall(self) -> None:
        """Answer everything but the rest of a listing."""
        self._mounts.append(TroubleMount(self._path, stalling))

    def deny(self) -> None:
        """Refuse everything."""
        self._mounts.append(TroubleMount(self._path, failing(errno.EACCES)))

    def garble(self) -> None:
        """Fail everything."""
        self._mounts.append(TroubleMount(self._path, failing(errno.EIO)))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DiskStore]:
    root = tmp_path / "root"
    root.mkdir()
    store = MountedStore(root) if TroubleMount.possible() else DiskStore(root)
    yield store
    store.up()


@pytest.fixture
def endpoint(store: DiskStore) -> FileEndpoint:
    return FileEndpoint("disk", FileOptions(path=store.root, writable=True))
