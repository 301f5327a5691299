# SPDX-License-Identifier: Apache-2.0
"""The files below one directory: finding, opening, listing, and where changes are made.

Knows: the root, the marker that tells a mounted file system from an empty mount point. Refuses to
know: verbs, options. Methods raise OSError for what the system says, and UgrError where the tree
itself is the matter.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from ugr.plugin import BadRequest, Busy, Conflict, PermissionDenied, Refused
from ugr_file.faults import meaning
from ugr_file.walk import RESERVED, Absent, Chain, Found, components, shown, walk

_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_LISTING = os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY
_ATTEMPTS = 3


class Tree:
    """One directory and everything below it."""

    def __init__(self, root: str, marker: str | None) -> None:
        self._root = root
        self._marker = marker

    @contextmanager
    def at(self, path: str) -> Iterator[tuple[Chain, Found]]:
        """Walk to what must be there; absence is only believed when the file system is mounted."""
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
        """Walk to where something is to be changed; yield the parent's descriptor and the name in it.

        Raises BadRequest for a name that would not be shown, Conflict without a parent.
        """
        names = _new_names(path)
        if not names:
            raise PermissionDenied("the root of an endpoint cannot be changed", path=path)
        with self._entered() as chain:
            self._require_marker(chain)
            self._parent(chain, names[:-1], path)
            yield chain.top, names[-1]

    def make(self, path: str) -> None:
        """Make a directory and its parents; raise FileExistsError when it was there."""
        names = _new_names(path)
        if not names:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        with self._entered() as chain:
            self._require_marker(chain)
            for name in names[:-1]:
                try:
                    os.mkdir(name, dir_fd=chain.top)
                except FileExistsError:
                    pass
                self._parent(chain, [name], path)
            os.mkdir(names[-1], dir_fd=chain.top)
            synchronise(chain.top)

    def open(self, path: str) -> int:
        """Open a regular file for reading; raise IsADirectoryError for a directory."""
        for _ in range(_ATTEMPTS):
            with self.at(path) as (chain, found):
                if found.directory:
                    raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
                try:
                    descriptor = os.open(found.name, _READING, dir_fd=chain.top)
                except OSError as error:
                    if error.errno == errno.ELOOP:
                        continue  # it has become a link since it was examined
                    raise
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.set_blocking(descriptor, True)
                return descriptor
            os.close(descriptor)
        raise BlockingIOError(errno.EAGAIN, "the file is being replaced")

    def entries(self, chain: Chain) -> Iterator[tuple[str, os.stat_result]]:
        """Yield name and status of what is shown in the chain's directory, lazily, no name twice."""
        seen: set[str] = set()  # a name that is removed and made again meanwhile can be read twice
        descriptor = os.open(".", _LISTING, dir_fd=chain.top)
        try:
            with os.scandir(descriptor) as found:
                for entry in found:
                    raw = os.fsencode(entry.name)
                    name = shown(raw)
                    if name is None or name in seen:
                        continue
                    status = _status(chain, raw)
                    if status is not None:
                        seen.add(name)
                        yield name, status
        finally:
            os.close(descriptor)

    @staticmethod
    def require_readable(chain: Chain) -> None:
        """Read the beginning of the chain's directory; raise what keeps it from being read."""
        descriptor = os.open(".", _LISTING, dir_fd=chain.top)
        try:
            with os.scandir(descriptor) as found:
                next(found, None)
        finally:
            os.close(descriptor)

    def _entered(self) -> Chain:
        """Open the root; a root that cannot be opened is an endpoint that does not answer."""
        try:
            return Chain([os.open(self._root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)])
        except OSError as error:
            if isinstance(fact := meaning(error), Busy):
                raise fact from error  # this process is out of descriptors or memory: no fault of the endpoint
            raise Refused(f"the directory cannot be opened: {os.strerror(error.errno or 0).lower()}") from error

    def _require_marker(self, chain: Chain) -> None:
        """Raise Refused when nothing is mounted, as seen through the very directory that was walked."""
        if self._marker is None:
            return
        try:
            os.stat(self._marker, dir_fd=chain.root, follow_symlinks=False)
        except FileNotFoundError:
            raise Refused(f"the marker {self._marker} is missing: the file system is not mounted") from None

    @staticmethod
    def _parent(chain: Chain, names: list[bytes], path: str) -> None:
        """Walk on to the parent of what is to be changed; raise Conflict when it is no directory."""
        try:
            found = walk(chain, names)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise Conflict("the parent directory does not exist", path=path) from error
        if not found.directory:
            raise Conflict("the parent is a file", path=path)


def _new_names(path: str) -> list[bytes]:
    try:
        return components(path)
    except Absent as error:
        remedy = f"a name here is UTF-8 text without control characters and does not start with {RESERVED}"
        raise BadRequest(remedy, path=path) from error


def _status(chain: Chain, name: bytes) -> os.stat_result | None:
    """Return the status of an entry, that of what a link leads to; None when it is not shown, or gone."""
    try:
        status = os.stat(name, dir_fd=chain.top, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISLNK(status.st_mode):
        return status if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode) else None
    try:
        with chain.branch() as branch:
            return walk(branch, [name]).status
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENAMETOOLONG):
            return None
        raise


def synchronise(directory: int) -> None:
    """Make changes of names in a directory last; a file system that cannot do so for directories need not."""
    descriptor = os.open(".", _LISTING, dir_fd=directory)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
            raise
    finally:
        os.close(descriptor)
