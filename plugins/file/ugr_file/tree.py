# SPDX-License-Identifier: Apache-2.0
"""A directory tree that cannot be left.

Knows: directory descriptors, names, symbolic links. Refuses to know: endpoints, options.

A path is walked one name at a time: each directory is opened relative to the descriptor of the one
before, and the system never follows a link for us. Links are read and followed here: a relative
one may lead anywhere inside the tree, an absolute one or one that leads above the root leads
nowhere. ".." is the descriptor that the walk came through, not what the file system says now: who
renames directories meanwhile changes which files are found, but cannot lead the walk outside.

What is in the tree but not shown counts as absent: names that are not UTF-8 or contain control
characters, names that start with ``.ugr-`` (unfinished copies, the marker), sockets, FIFOs,
devices, and links to nothing.

All methods raise OSError for what the system says; UgrError where it is about the whole tree.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType

from ugr.plugin import BadRequest, Conflict, PermissionDenied, Refused

RESERVED = ".ugr-"
LONGEST_NAME = 255
MAX_LINKS = 40
"""Links followed for one path, as many as Linux follows."""

_DIRECTORY = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_DIRECTORY
_ANYTHING = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_LISTING = os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ATTEMPTS = 3


class Outside(FileNotFoundError):
    """A link or a ".." leads out of the tree."""

    def __init__(self) -> None:
        super().__init__(errno.ENOENT, os.strerror(errno.ENOENT))


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
    """The open directories from the root to where a walk is; closing it closes them.

    Those that were borrowed from another chain stay open.
    """

    def __init__(self, descriptors: Sequence[int], borrowed: int = 0) -> None:
        self._descriptors = [*descriptors]
        self._borrowed = borrowed

    def __enter__(self) -> Chain:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
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


def shown(name: str) -> bool:
    """Say whether a name, as Python decodes it, is one that the tree shows."""
    if name.startswith(RESERVED) or _CONTROL.search(name):
        return False
    try:
        return len(name.encode("utf-8")) <= LONGEST_NAME
    except UnicodeEncodeError:
        return False


def components(path: str) -> list[bytes]:
    """Split a path of the contract; raise FileNotFoundError for names that are not shown."""
    names = [name for name in path.split("/") if name]
    if "." in names or ".." in names:
        raise Outside
    if not all(map(shown, names)):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    return [name.encode("utf-8") for name in names]


def walk(chain: Chain, names: Sequence[bytes]) -> Found:
    """Follow names from where the chain is, links included; the chain ends at the directory, or the file's.

    Raises FileNotFoundError, NotADirectoryError, OSError.
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
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        try:
            # As a directory first: only that makes the system mount what is mounted on demand.
            chain.down(os.open(name, _DIRECTORY, dir_fd=chain.top))
            continue
        except NotADirectoryError:
            pass
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
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    return status, None


class Tree:
    """The files below one directory."""

    def __init__(self, root: str, marker: str | None) -> None:
        self._root = root
        self._marker = marker

    @contextmanager
    def at(self, path: str) -> Iterator[tuple[Chain, Found]]:
        """Walk to a path that must be there; raise OSError for absence only when the marker is there."""
        with self._entered() as chain:
            try:
                found = walk(chain, components(path))
            except (FileNotFoundError, NotADirectoryError):
                self._require_marker(chain)
                raise
            if path == "/":
                self._require_marker(chain)
            yield chain, found

    @contextmanager
    def place(self, path: str) -> Iterator[tuple[int, bytes]]:
        """Walk to where something is to be changed; yield the parent's descriptor and the name in it."""
        with self._entered() as chain:
            self._require_marker(chain)
            try:
                names = components(path)
            except FileNotFoundError as error:
                raise BadRequest(f"names here are UTF-8 without control characters, and not {RESERVED}*", path=path) from error
            if not names:
                raise PermissionDenied("the root of an endpoint cannot be changed", path=path)
            try:
                found = walk(chain, names[:-1])
            except (FileNotFoundError, NotADirectoryError) as error:
                raise Conflict("the parent directory does not exist", path=path) from error
            if not found.directory:
                raise Conflict("the parent is a file", path=path)
            yield chain.top, names[-1]

    def make(self, path: str) -> None:
        """Make a directory and its parents; raise FileExistsError when it was there."""
        names = components(path)
        with self._entered() as chain:
            self._require_marker(chain)
            for name in names[:-1]:
                try:
                    found = walk(chain, [name])
                except FileNotFoundError:
                    with _tolerated(FileExistsError):
                        os.mkdir(name, dir_fd=chain.top)
                    found = walk(chain, [name])
                if not found.directory:
                    raise Conflict("a parent is a file", path=path)
            os.mkdir(names[-1], dir_fd=chain.top)
            synchronise(chain.top)

    def open(self, path: str) -> int:
        """Open a regular file for reading; raise IsADirectoryError, Outside, FileNotFoundError."""
        for _ in range(_ATTEMPTS):
            with self.at(path) as (chain, found):
                if found.directory:
                    raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
                try:
                    descriptor = os.open(found.name, _READING, dir_fd=chain.top)
                except OSError as error:
                    if error.errno == errno.ELOOP:
                        continue  # became a link since it was examined
                    raise
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.set_blocking(descriptor, True)
                return descriptor
            os.close(descriptor)
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    def entries(self, chain: Chain) -> Iterator[tuple[str, os.stat_result]]:
        """Yield name and status of what is shown in the chain's directory, lazily, no name twice."""
        seen: set[str] = set()
        descriptor = os.open(".", _LISTING, dir_fd=chain.top)
        try:
            with os.scandir(descriptor) as found:
                for entry in found:
                    if not shown(entry.name) or entry.name in seen:
                        continue
                    status = self._status(chain, entry)
                    if status is not None:
                        seen.add(entry.name)
                        yield entry.name, status
        finally:
            os.close(descriptor)

    def _status(self, chain: Chain, entry: os.DirEntry[str]) -> os.stat_result | None:
        """Return the status of an entry, a link followed; None when it is not shown, or gone."""
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            return None
        if not stat.S_ISLNK(status.st_mode):
            return status if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode) else None
        try:
            with chain.branch() as branch:
                return walk(branch, [os.fsencode(entry.name)]).status
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return None
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENAMETOOLONG):
                return None
            raise

    def _entered(self) -> Chain:
        """Open the root; a root that cannot be opened is an endpoint that does not answer."""
        try:
            return Chain([os.open(self._root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)])
        except OSError as error:
            raise Refused(f"the directory cannot be opened: {os.strerror(error.errno or 0).lower()}") from error

    def _require_marker(self, chain: Chain) -> None:
        """Raise Refused when nothing is mounted: seen through the very directory that was walked."""
        if self._marker is None:
            return
        try:
            os.stat(self._marker, dir_fd=chain.root, follow_symlinks=False)
        except FileNotFoundError:
            raise Refused(f"the marker {self._marker} is not there: the file system is not mounted") from None


@contextmanager
def _tolerated(kind: type[OSError]) -> Iterator[None]:
    try:
        yield
    except kind:
        return


def synchronise(directory: int) -> None:
    """Make changes of names in a directory last; a file system that cannot do so alone is left to itself."""
    descriptor = os.open(".", _LISTING, dir_fd=directory)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
            raise
    finally:
        os.close(descriptor)
