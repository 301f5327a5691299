# SPDX-License-Identifier: Apache-2.0
"""A directory that a server of another user serves and changes.

Knows: who may do what with files of this host. Refuses to know: which server it is.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ugr.testing import DirectoryStore


def public_directory(name: str) -> Path:
    """Make a directory that every user may enter; pytest's own are closed to servers that gave up root."""
    place = Path(tempfile.mkdtemp(prefix=f"ugr-{name}-"))
    place.chmod(0o755)
    return place


def discard(place: Path) -> None:
    """Remove such a directory and everything in it."""
    shutil.rmtree(place, ignore_errors=True)


class SharedTree(DirectoryStore):
    """Files that both the test and the server may change; ``root`` is made when it is missing."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        with _for_everybody():
            root.mkdir(mode=0o777, exist_ok=True)

    def put(self, path: str, data: bytes) -> None:
        """Write a file that everybody may change."""
        with _for_everybody():
            super().put(path, data)

    def mkdir(self, path: str) -> None:
        """Make a directory that everybody may change, parents included."""
        with _for_everybody():
            super().mkdir(path)

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a file, None when there is none."""
        try:
            return Path(self._local(path)).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def exists(self, path: str) -> bool:
        """Say whether there is something of this name."""
        return os.path.lexists(self._local(path))


@contextmanager
def _for_everybody() -> Iterator[None]:
    """Take no permission away from what is made inside."""
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)
