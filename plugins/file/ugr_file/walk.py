# SPDX-License-Identifier: Apache-2.0
"""Walking a directory tree that cannot be left.

Knows: directory descriptors, names, symbolic links. Refuses to know: endpoints, verbs.

A path is walked one name at a time: each directory is opened relative to the descriptor of the one
before, and the system never follows a link for us. Links are read and followed here: a relative
one may lead anywhere inside the tree, an absolute one or one that leads above the root leads
nowhere. ".." is the descriptor that the walk came through, not what the file system says now: who
renames directories meanwhile changes which files are found, but cannot lead the walk outside.

What is in the tree but not shown counts as absent: names that are not UTF-8 or contain control
characters, names that start with ``.ugr-`` (unfinished copies, a marker), sockets, FIFOs, devices,
and links that lead nowhere.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

from ugr.plugin import speakable

RESERVED = ".ugr-"
LONGEST_NAME = 255
MAX_LINKS = 40
"""Links followed for one path, as many as Linux follows."""

_DIRECTORY = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_DIRECTORY
_ANYTHING = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


class Absent(FileNotFoundError):
    """The name is not there, or not shown."""

    def __init__(self) -> None:
        super().__init__(errno.ENOENT, os.strerror(errno.ENOENT))


class Outside(Absent):
    """A link or a ".." leads out of the tree."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where a walk ended: ``name`` in the chain's last directory, or b"" for that directory itself."""

    name: bytes
    status: os.stat_result

    @property
    def directory(self) -> bool:
        """Say whether it is a directory; what is not is a regular file."""
        return not self.name


class Chain:
    """The open directories from the root to where a walk is; leaving its ``with`` closes them.

    Those that were borrowed from another chain stay open.
    """

    def __init__(self, descriptors: Sequence[int], borrowed: int = 0) -> None:
        self._descriptors = [*descriptors]
        self._borrowed = borrowed

    def __enter__(self) -> Chain:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._descriptors:
            self._drop()

    @property
    def root(self) -> int:
        """The descriptor of the tree's root."""
        return self._descriptors[0]

    @property
    def top(self) -> int:
        """The descriptor of the directory where the walk is."""
        return self._descriptors[-1]

    def branch(self) -> Chain:
        """Return a chain that starts as this one, for a walk of its own."""
        return Chain(self._descriptors, borrowed=len(self._descriptors))

    def down(self, descriptor: int) -> None:
        """Go on to a directory inside; the chain owns the descriptor from here on."""
        self._descriptors.append(descriptor)

    def up(self) -> None:
        """Go back to the directory before; raise Outside at the root."""
        if len(self._descriptors) == 1:
            raise Outside
        self._drop()

    def _drop(self) -> None:
        descriptor = self._descriptors.pop()
        if len(self._descriptors) < self._borrowed:
            self._borrowed = len(self._descriptors)
        else:
            os.close(descriptor)


def shown(raw: bytes) -> str | None:
    """Return the name that clients see for one in a directory, None when they do not see it."""
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if name.startswith(RESERVED) or not speakable(name) else name


def components(path: str) -> list[bytes]:
    """Split a path of the contract; raise Absent for names that are not shown, Outside for ".."."""
    names = [name for name in path.split("/") if name]
    if "." in names or ".." in names:
        raise Outside
    try:
        raw = [name.encode("utf-8") for name in names]
    except UnicodeEncodeError:
        raise Absent from None
    if any(len(name) > LONGEST_NAME or shown(name) is None for name in raw):
        raise Absent
    return raw


def walk(chain: Chain, names: Sequence[bytes]) -> Found:
    """Follow names from where the chain is, links included; the chain ends at the directory, or the file's.

    Raises Absent, FileNotFoundError, NotADirectoryError for a name below a file, OSError.
    """
    left = deque(names)
    links = 0
    while left:
        name = left.popleft()
        if name in (b"", b"."):
            continue
        if name == b"..":
            chain.up()
            continue
        if name.startswith(RESERVED.encode()):
            raise Absent
        try:
            # As a directory first: only that makes the system mount what is mounted on demand.
            chain.down(os.open(name, _DIRECTORY, dir_fd=chain.top))
            continue
        except NotADirectoryError:
            status, target = _examine(chain.top, name)
        if target is None:
            if left:
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            return Found(name, status)
        links += 1
        if links > MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        if target.startswith(b"/"):
            raise Outside
        left.extendleft(reversed(target.split(b"/")))
    return Found(b"", os.fstat(chain.top))


def _examine(directory: int, name: bytes) -> tuple[os.stat_result, bytes | None]:
    """Return the status of what is no directory, and where it leads if it is a link."""
    descriptor = os.open(name, _ANYTHING, dir_fd=directory)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISLNK(status.st_mode):
            return status, os.readlink(b"", dir_fd=descriptor)
    finally:
        os.close(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise Absent
    return status, None
