# SPDX-License-Identifier: Apache-2.0
"""Pages of keys to the entries of a directory, none twice.

Knows: that S3 lists keys in the order of their UTF-8 bytes, and shows a file and a directory of one
name far apart: "a", "a.txt", "a/". Refuses to know: requests.
"""

from __future__ import annotations

from collections.abc import Iterator

from ugr.plugin import FileInfo, Misbehaved
from ugr_s3.documents import Page
from ugr_s3.names import showable


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
        self.hidden += page.unreadable
        start, end = len(self._prefix), ""
        for key, size, mtime in page.objects:
            name = self._inside(key)[start:]
            end = max(end, name)
            if not name:
                # the directory's own marker
                continue
            if "/" in name:
                raise Misbehaved("the storage lists more than the one directory that was asked for")
            if name in self._files:
                continue
            self._files.add(name)
            if showable(name):
                yield FileInfo(name, size=size, mtime=mtime)
            else:
                self.hidden += 1
        for prefix in page.prefixes:
            name = self._inside(prefix)[start:-1]
            end = max(end, f"{name}/")
            if name == self._last_directory or name in self._files:
                continue
            self._last_directory = name
            if "/" in name or not prefix.endswith("/"):
                raise Misbehaved("the storage lists more than the one directory that was asked for")
            if showable(name):
                yield FileInfo(name, directory=True)
            else:
                self.hidden += 1
        self._files = {name for name in self._files if f"{name}/" > end}

    def _inside(self, key: str) -> str:
        if not key.startswith(self._prefix):
            raise Misbehaved("the storage lists keys outside the directory that was asked for")
        return key
