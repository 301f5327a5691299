# SPDX-License-Identifier: Apache-2.0
"""A file that the processes of one host share by mapping it into their memory.

Knows: how such a file is made, recognised and replaced. Refuses to know: what is in it.

The first ``HEADER`` bytes say what the file is, the number of its layout, and during which run of
the machine it was made. A file that is too short, of another kind, layout or run of the machine,
or somebody else's, is replaced by a fresh one in a single step: nobody ever maps half a file. Who
has the old one mapped keeps valid memory, and hears of the new one from ``replaced``.

``words`` are aligned and native, so that reading or writing one of them is a single access: a word
is never seen half written. The file never leaves its host.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import secrets
import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ugr.errors import ConfigError

HEADER = 64
"""Bytes at the start that are this module's; what follows is the owner's."""

WORD = 8
"""Bytes of a word."""

_HEAD = struct.Struct("=8sQ16s")
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Layout:
    """What a file must be: eight bytes that name it, a number that changes with its layout, its least size.

    ``fill`` is given the memory of a fresh file, zeroed, before anybody else can see it. ``extent``
    says from the words of a file how many bytes it should have; one that has less does not fit.
    """

    magic: bytes
    number: int
    size: int
    fill: Callable[[memoryview], None] | None = None
    extent: Callable[[memoryview], int] | None = None

    def head(self) -> bytes:
        """Return how such a file begins in this run of the machine."""
        return _HEAD.pack(self.magic, self.number, _boot())


class MappedFile:
    """One file, mapped; ``open`` gives one. Memory once handed out stays valid for who holds it."""

    def __init__(self, path: Path, descriptor: int) -> None:
        status = os.fstat(descriptor)
        self.path = path
        self._descriptor = descriptor
        self._identity = (status.st_dev, status.st_ino)
        self.memory, self.words = _map(descriptor, status.st_size)

    @classmethod
    def open(cls, path: Path, layout: Layout) -> MappedFile:
        """Open the file, making or replacing it when there is none that fits. Raises ConfigError."""
        try:
            with _alone_in(path.parent):
                descriptor = _existing(path, layout, {os.geteuid()})
                return cls(path, _fresh(path, layout) if descriptor is None else descriptor)
        except OSError as error:
            raise ConfigError(
                f"[ugr] runtime_dir = {path.parent}: {path.name} in it cannot be used: {error.strerror}; "
                "it must be a directory on a disk of this host that ugr may write"
            ) from error

    @classmethod
    def existing(cls, path: Path, layout: Layout) -> MappedFile | None:
        """Open a file that fits, also one of the directory's owner; None when there is none. Makes nothing."""
        try:
            with _alone_in(path.parent):
                descriptor = _existing(path, layout, {os.geteuid(), path.parent.stat().st_uid})
                return None if descriptor is None else cls(path, descriptor)
        except OSError:
            return None

    def replaced(self) -> bool:
        """Say whether the path no longer leads to this file, or the file was cut off."""
        try:
            status = os.stat(self.path, follow_symlinks=False)
        except OSError:
            return True
        return (status.st_dev, status.st_ino) != self._identity or status.st_size < len(self.memory)

    def grow(self, size: int) -> None:
        """Make the file at least ``size`` bytes long, and map all of it. Raises OSError."""
        if size > len(self.memory):
            os.posix_fallocate(self._descriptor, 0, size)
            self.remap()

    def remap(self) -> None:
        """Map what others have added."""
        size = os.fstat(self._descriptor).st_size
        if size > len(self.memory):
            self.memory, self.words = _map(self._descriptor, size)

    def close(self) -> None:
        """Let go of the file; memory that somebody still holds stays. Safe to call twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _map(descriptor: int, size: int) -> tuple[memoryview, memoryview]:
    memory = memoryview(mmap.mmap(descriptor, size - size % WORD))
    return memory, memory.cast("Q")


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """Keep other processes from making files there meanwhile."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _existing(path: Path, layout: Layout, owners: set[int]) -> int | None:
    """Return a descriptor of the file if it is what it should be, and one of ``owners``' own."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None  # there is none, or it is nothing that can be used: it is replaced
    if _fits(descriptor, layout, owners):
        return descriptor
    os.close(descriptor)
    return None


def _fits(descriptor: int, layout: Layout, owners: set[int]) -> bool:
    status = os.fstat(descriptor)
    head = layout.head()
    if not stat.S_ISREG(status.st_mode) or status.st_uid not in owners or status.st_size < layout.size:
        return False
    if os.pread(descriptor, len(head), 0) != head:
        return False
    if layout.extent is None:
        return True
    _, words = _map(descriptor, status.st_size)
    # its owner may be at work: a file grows first, and then says so
    return layout.extent(words) <= os.fstat(descriptor).st_size


def _fresh(path: Path, layout: Layout) -> int:
    """Make a file and put it in the place of whatever is there; return its descriptor."""
    making = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(making, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        # allocated, not sparse: a full disk is an error here, and not a signal in the middle of a write
        os.posix_fallocate(descriptor, 0, layout.size)
        memory, _ = _map(descriptor, layout.size)
        head = layout.head()
        memory[: len(head)] = head
        if layout.fill is not None:
            layout.fill(memory)
        os.replace(making, path)
    except BaseException:
        os.close(descriptor)
        making.unlink(missing_ok=True)
        raise
    return descriptor


def _boot() -> bytes:
    """Return 16 bytes that are others after each start of the machine; zeros where it has none."""
    try:
        return bytes.fromhex(_BOOT.read_text(encoding="ascii").strip().replace("-", ""))
    except (OSError, ValueError):
        return bytes(16)
