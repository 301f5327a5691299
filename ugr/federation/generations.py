# SPDX-License-Identifier: Apache-2.0
"""Which paths were changed, so that nobody on this host believes what was learnt before.

Knows: a table of stamps, hashed by path. Refuses to know: what changed, who remembers what.

A change gives the path, and the directory that holds it, a stamp that was never there before.
Whoever remembers something of a path keeps the stamp that it had *when the question was asked*; a
stamp that differs means: ask again. Stamps are only ever compared for equality, so that two
processes that stamp the same place at once cannot undo each other's word, as they could with
counters. Two paths that share a place cost each other a question, nothing more.

Until ``open`` the table is in memory that only processes forked from this one share.
"""

from __future__ import annotations

import logging
import mmap
import secrets
import sys
from pathlib import Path
from zlib import crc32

from ugr.errors import ConfigError
from ugr.federation.mapped import HEADER, WORD, Layout, MappedFile

log = logging.getLogger("ugr.cache")

FILE = "generations"
"""Name of the table's file in ``runtime_dir``."""

PLACES = 65536
"""Stamps in the table; a power of two."""

_SIZE = HEADER + PLACES * WORD
_FIRST = 4
"""The word of the header that holds the stamp of a path that was never changed."""


class Generations:
    """The stamps of all paths. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._file: MappedFile | None = None
        self._first = 0
        self._stamps = memoryview(mmap.mmap(-1, PLACES * WORD)).cast("Q")

    def open(self, directory: Path) -> None:
        """Share the table with every process that opens it in the same directory. Raises ConfigError."""
        self._use(MappedFile.open(directory / FILE, _LAYOUT))

    def _use(self, file: MappedFile) -> None:
        self._first = file.words[_FIRST]
        self._stamps = file.words[HEADER // WORD : HEADER // WORD + PLACES]
        if self._file is not None:
            self._file.close()
        self._file = file

    def join(self, directory: Path) -> bool:
        """Share the table that a service has in this directory, whoever its user is; False when there is none."""
        file = MappedFile.existing(directory / FILE, _LAYOUT)
        if file is not None:
            self._use(file)
        return file is not None

    def renew(self) -> None:
        """Open the table again if its file was removed or replaced; every stamp differs then."""
        if self._file is None:
            return
        if not self._file.replaced():
            self._first = self._file.words[_FIRST]
            return
        try:
            self.open(self._file.path.parent)
        except ConfigError as error:
            log.error("changes made by other workers are not seen: %s", error.message)

    def of(self, path: str) -> int:
        """Return the stamp of a path."""
        stamp = self._stamps[crc32(path.encode()) & (PLACES - 1)]
        # one object for all paths that never changed: a cache keeps one stamp for each entry
        return self._first if stamp == self._first else stamp

    def bump(self, path: str) -> None:
        """Note that a path changed, and with it the directory that holds it; after the change was made.

        Whoever makes or removes directories on the way bumps those too.
        """
        # The directory first: whoever finds its stamp unchanged after reading that of a path inside
        # knows that this one is as old.
        for changed in (path.rpartition("/")[0] or "/", path):
            self._stamps[crc32(changed.encode()) & (PLACES - 1)] = secrets.randbits(64)

    def bump_all(self) -> None:
        """Note that any path may have changed."""
        # Twice: whoever reads the second stamp of a path finds that of its directory changed by the first round.
        for _ in range(2):
            first = secrets.randbits(64)
            self._stamps[:] = memoryview(first.to_bytes(WORD, sys.byteorder) * PLACES).cast("Q")
        self._first = first
        if self._file is not None:
            self._file.words[_FIRST] = first


def _fill(memory: memoryview) -> None:
    """Give all paths one stamp that no table before had, so that a new table reads as changed."""
    first = secrets.randbits(64)
    memory.cast("Q")[_FIRST] = first
    memory[HEADER:] = first.to_bytes(WORD, sys.byteorder) * PLACES


_LAYOUT = Layout(b"ugrgener", 1, _SIZE, _fill)
