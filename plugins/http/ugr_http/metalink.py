# SPDX-License-Identifier: Apache-2.0
"""Metalinks: size, checksums and copies of one file, in XML.

Knows: Metalink 4 (RFC 5854) and Metalink 3. Refuses to know: requests, which copies are any good.
The sender is not trusted: no document type, bounded text, bounded counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ugr.plugin import Misbehaved
from ugr.plugin.objects import DIGITS
from ugr.plugin.web import DIGEST_NAMES
from ugr.plugin.xml import XmlReader, shown

NAMESPACES = ("urn:ietf:params:xml:ns:metalink", "http://www.metalinker.org/")
TYPES = ("application/metalink4+xml", "application/metalink+xml")

ALGORITHMS = {word: ours for ours, name in DIGEST_NAMES.items() for word in (ours, name)} | {"sha-1": "sha1"}
"""Types of hashes in metalinks (IANA's hash function names, and what Metalink 3 wrote) -> our names."""

MAX_BYTES = 1 << 20
MAX_FILES = 64
MAX_URLS = 256
"""Most copies of one file that are read; any further one says nothing new."""

_SHORT = 8
_HEX = re.compile(r"[0-9a-f]+\Z")


@dataclass(slots=True)
class Metalink:
    """What a metalink says of one file. ``urls`` are its copies, in the document's order."""

    name: str = ""
    size: int | None = None
    checksums: dict[str, str] = field(default_factory=dict)
    urls: list[str] = field(default_factory=list)


class MetalinkReader(XmlReader):
    """Reads one document: ``feed`` it, ``close`` it, then ask for ``file``."""

    def __init__(self) -> None:
        super().__init__(namespaces=True)
        self._path: list[str] = []
        self._files: list[Metalink] = []
        self._type = ""

    def begin(self, name: str, depth: int) -> None:
        """Note where we are."""
        namespace, _, local = name.rpartition("|")
        if depth == 1 and (local != "metalink" or namespace not in NAMESPACES):
            raise Misbehaved(f"a metalink was expected, and {shown(name)} came")
        self._path.append(local if namespace in NAMESPACES else "")
        if self._is("file"):
            if len(self._files) >= MAX_FILES:
                raise Misbehaved(f"the metalink has more than {MAX_FILES} files")
            self._files.append(Metalink(self.attributes.get("name", "")))
        self._type = self.attributes.get("type", "")

    def end(self, name: str, depth: int, text: str) -> None:
        """Take what an element says of its file."""
        if self._is("size"):
            if not (text.strip().isascii() and text.strip().isdigit() and len(text) <= 18):
                raise Misbehaved("the metalink has a size that is no number")
            self._files[-1].size = int(text)
        elif self._is("hash") or self._is("verification", "hash"):
            algorithm = ALGORITHMS.get(self._type.lower(), "")
            digits = _digits(text, algorithm)
            if digits is not None:
                self._files[-1].checksums[algorithm] = digits
        elif (self._is("url") or self._is("resources", "url")) and len(self._files[-1].urls) < MAX_URLS:
            self._files[-1].urls.append(text.strip())
        self._path.pop()

    def file(self, name: str) -> Metalink:
        """Return the file of this name, or the only one. Misbehaved when there is none."""
        named = [file for file in self._files if file.name.rpartition("/")[2] == name] or self._files
        if len(named) != 1:
            raise Misbehaved("the metalink does not describe the one file that was asked for")
        return named[0]

    def _is(self, *inside: str) -> bool:
        """Say whether we are at an element inside ``file``; Metalink 3 puts files into ``files``."""
        path = self._path[1:]
        if path[:1] == ["files"]:
            path = path[1:]
        return path == (["file"] if inside == ("file",) else ["file", *inside])


def _digits(text: str, algorithm: str) -> str | None:
    """Return a checksum as we write it; None when it is none that we know. Short ones lose leading zeros at some."""
    digits, length = text.strip().lower(), DIGITS.get(algorithm, 0)
    if length == _SHORT:
        digits = digits.zfill(length)
    return digits if len(digits) == length and _HEX.match(digits) else None


def is_metalink(content_type: str | None) -> bool:
    """Say whether a media type is that of a metalink."""
    return (content_type or "").partition(";")[0].strip().lower() in TYPES


def described_by(links: Iterable[str]) -> str | None:
    """Return the reference of the first Link (RFC 8288) that says where the metalink is."""
    for value in links:
        for link in value.split("<")[1:]:
            reference, _, parameters = link.partition(">")
            words = parameters.lower().replace('"', "").replace(" ", "")
            if any(f"type={kind}" in words for kind in TYPES) and "rel=describedby" in words:
                return reference.strip()
    return None
