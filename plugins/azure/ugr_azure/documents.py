# SPDX-License-Identifier: Apache-2.0
"""What Azure answers with: pages of a listing, the headers of a blob.

Knows: "List Blobs" and "Get Blob Properties" of the Azure Storage REST API reference, and that the
sender is not trusted. Refuses to know: requests, paths.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from ugr.plugin import Answer, Misbehaved
from ugr.plugin.objects import Object, http_date, kept_digests, length, number
from ugr.plugin.xml import XmlReader, shown

META = "x-ms-meta-"

FOLDER = "hdi_isfolder"
"""Metadata by which Hadoop, and accounts with a hierarchical namespace, mark a blob that stands for a directory."""

MAX_PAGE_ENTRIES = 10_000

MAX_METADATA = 16384
"""Characters of one element: Azure keeps 8 KiB of metadata, and a name of 1024 characters may be percent-encoded."""


@dataclass(slots=True)
class Page:
    """One page of a listing. ``token`` asks for the next page; None on the last."""

    found: list[Object | None] = field(default_factory=list)
    common: list[str | None] = field(default_factory=list)
    token: str | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing on this page starts with what was asked for."""
        return not (self.found or self.common)

    def objects(self) -> Iterator[Object | None]:
        """Yield the blobs in order; None for one whose name is not text."""
        return iter(self.found)

    def prefixes(self) -> Iterator[str | None]:
        """Yield the common prefixes in order; None for one that is not text."""
        return iter(self.common)


class PageReader(XmlReader):
    """Reads one answer to List Blobs piece by piece; raises Misbehaved at the first fault."""

    def __init__(self) -> None:
        super().__init__(max_text=MAX_METADATA)
        self._page = Page()
        self._group = ""
        self._name: str | None = None
        self._encoded = False
        self._properties: dict[str, str] = {}
        self._metadata: list[tuple[str, str]] = []

    def page(self) -> Page:
        """Take the end and return the page; Misbehaved when it is not complete."""
        self.close()
        return self._page

    def begin(self, name: str, depth: int) -> None:
        """Forget the blob before, and notice how a name is written."""
        if depth == 4:
            self._group = name
            self._encoded = name == "Name" and self.attributes.get("Encoded") == "true"
        elif depth == 3:
            self._name, self._properties, self._metadata = "", {}, []
        elif depth == 1 and name != "EnumerationResults":
            raise Misbehaved(f"a listing was expected, and {shown(name)} came")

    def end(self, name: str, depth: int, text: str) -> None:
        """Take what is known of a blob, then the blob."""
        if depth == 5 and self._group == "Properties":
            self._properties[name] = text
        elif depth == 5 and self._group == "Metadata":
            self._metadata.append((name, text))
        elif depth == 4 and name == "Name":
            self._name = _unquoted(text) if self._encoded else text
        elif depth == 3:
            self._add(name)
        elif depth == 2 and name == "NextMarker":
            self._page.token = text or None

    def _add(self, name: str) -> None:
        page = self._page
        if name == "BlobPrefix":
            page.common.append(self._name)
        elif name == "Blob":
            size = number(self._properties.get("Content-Length"))
            if size is None:
                raise Misbehaved("a blob of the listing has no size")
            page.found.append(None if self._name is None else self._object(self._name, size))
        if len(page.found) + len(page.common) > MAX_PAGE_ENTRIES:
            raise Misbehaved(f"a page of the listing has more than {MAX_PAGE_ENTRIES} entries")

    def _object(self, key: str, size: int) -> Object:
        properties = self._properties
        folder = properties.get("ResourceType") == "directory" or _is_folder(self._metadata)
        return Object(
            key,
            size,
            http_date(properties.get("Last-Modified")),
            _checksums(properties.get("Content-MD5"), self._metadata),
            directory=folder and size == 0,
        )


def described(key: str, answer: Answer) -> Object:
    """Return what the headers of a blob say; Misbehaved when they do not say its length."""
    size = length(answer)
    if size is None:
        raise Misbehaved("the storage does not say how long the blob is")
    metadata = metadata_of(answer)
    folder = (answer.header("x-ms-resource-type") or "") == "directory" or _is_folder(metadata)
    mtime = http_date(answer.header("last-modified"))
    checksums = _checksums(answer.header("content-md5"), metadata)
    return Object(key, size, mtime, checksums, directory=folder and size == 0)


def metadata_of(answer: Answer) -> list[tuple[str, str]]:
    """Return names and values of a blob's metadata."""
    return [(name[len(META) :], value) for name, value in answer.headers if name.startswith(META)]


def _is_folder(metadata: list[tuple[str, str]]) -> bool:
    return any(name.lower() == FOLDER and value.strip().lower() == "true" for name, value in metadata)


def _checksums(md5: str | None, metadata: list[tuple[str, str]]) -> Mapping[str, str]:
    """Return the checksums of a blob: those that were kept, and the MD5 that is a property of it."""
    found = kept_digests(metadata)
    try:
        digest = base64.b64decode((md5 or "").encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return found
    if len(digest) == 16:
        found["md5"] = digest.hex()
    return found


def _unquoted(text: str) -> str | None:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return None
