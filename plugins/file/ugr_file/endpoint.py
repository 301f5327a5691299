# SPDX-License-Identifier: Apache-2.0
"""The endpoint of type ``file``: the contract's verbs over a directory tree.

Knows: which fact of the tree answers which verb. Refuses to know: HTTP, other endpoints. A file
system may hang, so this is a ``BlockingEndpoint``.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from typing import BinaryIO
from urllib.parse import quote

from ugr.plugin import (
    BadRequest,
    BlockingEndpoint,
    Call,
    ConfigError,
    FileInfo,
    Intent,
    Location,
    NotADirectory,
    PermissionDenied,
    Transfer,
    Unsupported,
    Usage,
)
from ugr_file import changes
from ugr_file.checksums import checksum, known
from ugr_file.faults import translated
from ugr_file.options import FileOptions
from ugr_file.tree import Tree
from ugr_file.walk import Outside


class FileEndpoint(BlockingEndpoint):
    """A directory of this host.

    Clients get the bytes from this service, or from ``public_url`` when another server offers the
    same directory there.
    """

    type = "file"
    Options = FileOptions
    options: FileOptions

    def __init__(self, name: str, options: FileOptions) -> None:
        super().__init__(name, options)
        where = f"[endpoint:{name}]"
        if options.url is not None:
            raise ConfigError(f"{where} url = {options.url}: a file endpoint has a path, not a url; remove it")
        if not options.path.startswith("/") or not options.path.strip("/") or "\0" in options.path:
            raise ConfigError(f'{where} path = {options.path}: must be an absolute directory other than "/"')
        if options.marker is not None and (options.marker in ("", ".", "..") or set("/\0") & set(options.marker)):
            raise ConfigError(f'{where} marker = {options.marker}: must be a plain file name, without "/"')
        self._tree = Tree(options.path, options.marker)

    def stat(self, path: str, call: Call) -> FileInfo:
        """Describe a file or a directory, a link as what it leads to."""
        with translated(), self._tree.at(path) as (_, found):
            return _info(path.rpartition("/")[2], found.status)

    def list(self, path: str, call: Call) -> Iterator[FileInfo]:
        """Yield what is shown in a directory as the file system gives it, unsorted."""
        with translated(), self._tree.at(path) as (chain, found):
            if not found.directory:
                raise NotADirectory("not a directory")
            for name, status in self._tree.entries(chain):
                call.require_time()
                yield _info(name, status)

    def redirect(self, path: str, intent: Intent, transfer: Transfer, call: Call) -> Location:
        """Send readers to ``public_url``, or say that this service has the bytes."""
        if intent not in (Intent.GET, Intent.HEAD):
            raise Unsupported(f"a file endpoint cannot be used with {intent.value} by clients", path=path)
        if self.options.public_url is None:
            lifetime = self.options.url_lifetime
            expires = None if lifetime is None else time.time() + lifetime
            return Location(url="", method=intent, expires=expires, served_here=True)
        try:
            return Location(url=f"{self.options.public_url}{quote(path)}", method=intent)
        except UnicodeEncodeError:
            raise BadRequest("the path is not UTF-8 text", path=ascii(path)) from None

    def delete(self, path: str, call: Call) -> None:
        """Remove a file or an empty directory."""
        with translated():
            self._require(path)
            with self._tree.place(path) as place:
                changes.remove(place)

    def mkdir(self, path: str, call: Call) -> None:
        """Make a directory and its parents."""
        with translated():
            self._tree.make(path)

    def move(self, source: str, target: str, overwrite: bool, call: Call) -> None:
        """Rename a file or a directory."""
        with translated():
            self._require(source)
            with self._tree.place(source) as old, self._tree.place(target) as new:
                changes.rename(old, new, overwrite)

    def copy(self, source: str, target: str, overwrite: bool, call: Call) -> None:
        """Copy a file; the target appears when it is complete and on the disk."""
        with translated():
            descriptor = self._tree.open(source)
            try:
                with self._tree.place(target) as place:
                    changes.copy(descriptor, place, overwrite, call)
            finally:
                os.close(descriptor)

    def checksum(self, path: str, algorithm: str, call: Call) -> str:
        """Read the whole file and compute its checksum; nothing is remembered."""
        start = known(algorithm)
        with translated():
            descriptor = self._tree.open(path)
            try:
                return checksum(descriptor, start, call)
            finally:
                os.close(descriptor)

    def usage(self, path: str, call: Call) -> Usage:
        """Return the space of the file system on which a path is."""
        with translated(), self._tree.at(path) as (chain, _):
            space = os.fstatvfs(chain.top)
            return Usage(used=(space.f_blocks - space.f_bfree) * space.f_frsize, free=space.f_bavail * space.f_frsize)

    def health(self, call: Call) -> None:
        """Return when the directory is there, is mounted (if there is a marker), and can be read."""
        with translated(), self._tree.at("/") as (chain, _):
            self._tree.require_readable(chain)

    def data(self, path: str, call: Call) -> BinaryIO:
        """Open a file for reading; the caller closes it."""
        with translated():
            try:
                return os.fdopen(self._tree.open(path), "rb")
            except Outside as error:
                raise PermissionDenied("the name leads out of the endpoint's directory") from error

    def _require(self, path: str) -> None:
        """Raise FileNotFoundError unless a name is there and shown."""
        with self._tree.at(path):
            pass


def _info(name: str, status: os.stat_result) -> FileInfo:
    directory = stat.S_ISDIR(status.st_mode)
    return FileInfo(name, directory, None if directory else status.st_size, status.st_mtime)
