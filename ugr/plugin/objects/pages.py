# SPDX-License-Identifier: Apache-2.0
"""Pages of keys to the entries of a directory, none twice.

Knows: that storages list keys in order, and show a file and a directory of one name far apart:
"a", "a.txt", "a/". Refuses to know: requests, documents.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ugr.errors import Misbehaved
from ugr.model import NO_CHECKSUMS, FileInfo
from ugr.names import speakable


@dataclass(frozen=True, slots=True)
class Object:
    """One object: whole key, bytes, seconds since 1970, checksums as in ``FileInfo``.

    ``directory`` says that it stands for a directory although its key has no "/" at its end, as
    some software writes them. ``segmented`` says that its bytes are objects of their own, which
    it only names.
    """

    key: str
    size: int
    mtime: float | None = None
    checksums: Mapping[str, str] = field(default_factory=lambda: NO_CHECKSUMS)
    directory: bool = False
    segmented: bool = False

    def described(self, name: str) -> FileInfo:
        """Return what is known of the file, or of the directory that it stands for."""
        if self.directory:
            return FileInfo(name, directory=True)
        return FileInfo(name, size=self.size, mtime=self.mtime, checksums=self.checksums)


class Page(Protocol):
    """One page of a listing. ``token`` asks for the next page, and is None on the last."""

    @property
    def token(self) -> str | None:
        """What the question for the next page must carry; None when there is none."""
        ...

    @property
    def empty(self) -> bool:
        """Whether nothing on this page starts with what was asked for; the next page may have something."""
        ...

    def objects(self) -> Iterator[Object | None]:
        """Yield the objects in order; None for one whose key is not text. Raises Misbehaved."""
        ...

    def prefixes(self) -> Iterator[str | None]:
        """Yield the common prefixes in order, each with the "/" at its end; None for one that is not text."""
        ...


class Entries:
    """The entries of one directory, page by page. ``hidden`` counts keys that cannot be names.

    Where a file and a directory have one name, the name is the file.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._taken: set[str] = set()
        """Names that were shown and whose common prefix may still come."""
        self._last_directory: str | None = None
        self.hidden = 0

    def of(self, page: Page) -> Iterator[FileInfo]:
        """Yield what one page adds; Misbehaved when it holds what was not asked for."""
        start, end = len(self._prefix), ""
        for found in page.objects():
            name = self._inside(found.key)[start:] if found is not None else ""
            end = max(end, name)
            if found is not None and not name:
                continue  # the directory's own marker
            if "/" in name:
                raise Misbehaved("the storage lists more than the one directory that was asked for")
            if found is None or not speakable(name):
                self.hidden += 1
            elif name not in self._taken:
                self._taken.add(name)
                yield found.described(name)
        for prefix in page.prefixes():
            name = self._inside(prefix)[start:-1] if prefix is not None else ""
            end = max(end, f"{name}/")
            if "/" in name or (prefix is not None and not prefix.endswith("/")):
                raise Misbehaved("the storage lists more than the one directory that was asked for")
            if not speakable(name):
                self.hidden += 1
            elif name not in self._taken and name != self._last_directory:
                self._last_directory = name
                yield FileInfo(name, directory=True)
        self._taken = {name for name in self._taken if f"{name}/" > end}

    def _inside(self, key: str) -> str:
        if not key.startswith(self._prefix):
            raise Misbehaved("the storage lists keys outside the directory that was asked for")
        return key
