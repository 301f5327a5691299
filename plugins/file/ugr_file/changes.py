# SPDX-License-Identifier: Apache-2.0
"""Changes of a tree: removing, renaming, copying, so that a name is never half there.

Knows: which system calls are atomic. Refuses to know: verbs, options.

Symbolic links are the administrator's: reading follows them, but they are neither removed nor
renamed nor replaced from here.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from ugr.plugin import AlreadyExists, Call, Conflict, IsADirectory, PermissionDenied
from ugr_file.checksums import require_unchanged
from ugr_file.tree import synchronise
from ugr_file.walk import RESERVED

BLOCK = 1 << 20
RANGE = 8 << 20
_WRITING = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
_NO_RANGES = frozenset({errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})

Place = tuple[int, bytes]
"""A parent directory's descriptor, and a name in it."""


def _status(place: Place) -> os.stat_result | None:
    """Return the status of what has the name, None when nothing has; raise PermissionDenied for a link."""
    directory, name = place
    try:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(status.st_mode):
        raise PermissionDenied("the name is a symbolic link, which only the administrator changes")
    return status


def remove(place: Place) -> None:
    """Remove a file or an empty directory."""
    directory, name = place
    status = _status(place)
    if status is not None and stat.S_ISDIR(status.st_mode):
        os.rmdir(name, dir_fd=directory)
    else:
        os.unlink(name, dir_fd=directory)


def rename(source: Place, target: Place, overwrite: bool) -> None:
    """Give a file or a directory another name; an existing target is replaced at once, or stays."""
    status = _status(source)
    if status is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    replaced = _status(target)
    if replaced is not None and not overwrite:
        raise AlreadyExists("the target exists")
    if overwrite:
        _replace(source, target)
        if replaced is not None and os.path.samestat(status, replaced):
            _forget_second_name(source, target)
    elif stat.S_ISDIR(status.st_mode):
        _rename_directory(source, target)
    else:
        _settle(source, target)
    for directory in {source[0], target[0]}:
        synchronise(directory)


def _replace(source: Place, target: Place) -> None:
    try:
        os.rename(source[1], target[1], src_dir_fd=source[0], dst_dir_fd=target[0])
    except NotADirectoryError as error:
        raise Conflict("a directory cannot replace a file") from error
    except OSError as error:
        if error.errno == errno.EINVAL:
            raise Conflict("a directory cannot be moved into itself") from error
        raise


def _forget_second_name(source: Place, target: Place) -> None:
    """Remove the old one of two names of one file: rename(2) leaves both, and says nothing."""
    same_directory = os.path.samestat(os.fstat(source[0]), os.fstat(target[0]))
    if not (same_directory and source[1] == target[1]):
        os.unlink(source[1], dir_fd=source[0])


def _rename_directory(source: Place, target: Place) -> None:
    """Rename a directory to a name that nothing has: an empty one takes the name first, and is replaced."""
    os.mkdir(target[1], dir_fd=target[0])
    try:
        _replace(source, target)
    except BaseException:
        os.rmdir(target[1], dir_fd=target[0])
        raise


def _settle(source: Place, target: Place) -> None:
    """Rename a file to a name that nothing has: link(2) refuses where rename(2) would replace.

    Where there are no hard links, the name is looked at first; an upload at that very moment loses.
    """
    try:
        os.link(source[1], target[1], src_dir_fd=source[0], dst_dir_fd=target[0], follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if _status(target) is not None:
            raise AlreadyExists("the target exists") from error
        _replace(source, target)
    else:
        os.unlink(source[1], dir_fd=source[0])


def copy(descriptor: int, target: Place, overwrite: bool, call: Call) -> None:
    """Copy an open file to a name, which has all of the bytes, on the disk, or does not appear.

    Raises Conflict when the file changes meanwhile, DeadlineExceeded when time runs out.
    """
    replaced = _status(target)
    if replaced is not None and not overwrite:
        raise AlreadyExists("the target exists")
    if replaced is not None and stat.S_ISDIR(replaced.st_mode):
        raise IsADirectory("a file cannot replace a directory")
    before = os.fstat(descriptor)
    with _unfinished(target[0]) as (new, name):
        length = _pump(descriptor, new, call)
        require_unchanged(before, descriptor, length)
        os.fsync(new)
        if overwrite:
            _replace((target[0], name), target)
        else:
            _settle((target[0], name), target)
    synchronise(target[0])


@contextmanager
def _unfinished(directory: int) -> Iterator[tuple[int, bytes]]:
    """Make a file under a name that is never shown; remove it unless it got another one."""
    name = f"{RESERVED}{os.urandom(8).hex()}".encode()
    descriptor = os.open(name, _WRITING, 0o666, dir_fd=directory)
    try:
        yield descriptor, name
    except BaseException:
        os.unlink(name, dir_fd=directory)
        raise
    finally:
        os.close(descriptor)


def _pump(source: int, target: int, call: Call) -> int:
    """Copy all bytes from one descriptor to another, within the storage if it can; return how many."""
    length = 0
    while True:
        call.require_time()
        try:
            count = os.copy_file_range(source, target, RANGE)
        except OSError as error:
            if error.errno not in _NO_RANGES:
                raise
            count = _write(target, os.read(source, BLOCK))
        if not count:
            return length
        length += count


def _write(target: int, block: bytes) -> int:
    """Write a whole block; return its length."""
    view = memoryview(block)
    while view:
        view = view[os.write(target, view) :]
    return len(block)
