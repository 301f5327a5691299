# SPDX-License-Identifier: Apache-2.0
"""Pages of keys to the entries of a directory, none twice.

Knows: that S3 lists keys in the order of their UTF-8 bytes, and shows a file and a directory of one
name far apart: "a", "a.txt", "a/". Refuses to know: requests.
"""

from __future__ import annotations

from collections.abc import Iterator

from ugr.plugin import FileInfo, Misbehaved, speakable
from ugr_s3.documents import Page


class Entries:
    """The entries of one directory, page by page. ``hidden`` counts keys that cannot be names."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._files: set[str] = set()
        """Names of files whose directory of the same name may still come."""
        self._last_directory: str | None = None
        self.hidden = 0

    def of(self, page: Page) -> Iterator[FileInfo]:
        """Yield what one page adds; Misbehaved when it holds what was not asked for."""
        start, end = len(self._prefix), ""
        for entry in page.objects():
            name = self._inside(entry.key)[start:] if entry is not None else ""
            end = max(end, name)
            if entry is not None and not name:
                continue  # the directory's own marker
            if "/" in name:
                raise Misbehaved("the storage lists more than the one directory that was asked for")
            if entry is None or not speakable(name):
                self.hidden += 1
            elif name not in self._files:
                self._files.add(name)
                yield FileInfo(name, size=entry.size, mtime=entry.mtime)
        for prefix in page.prefixes():
            name = self._inside(prefix)[start:-1] if prefix is not None else ""
            end = max(end, f"{name}/")
            if "/" in name or (prefix is not None and not prefix.endswith("/")):
                raise Misbehaved("the storage lists more than the one directory that was asked for")
            if not speakable(name):
                self.hidden += 1
            elif name not in self._files and name != self._last_directory:
                self._last_directory = name
                yield FileInfo(name, directory=True)
        self._files = {name for name in self._files if f"{name}/" > end}

    def _inside(self, key: str) -> str:
        if not key.startswith(self._prefix):
            raise Misbehaved("the storage lists keys outside the directory that was asked for")
        return key
