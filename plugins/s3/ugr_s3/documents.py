# SPDX-License-Identifier: Apache-2.0
"""The XML that S3 answers with: pages of a listing, errors.

Knows: ListObjectsV2 and error documents of the Amazon S3 API reference, and that the sender is not
trusted: no document type (so no entities), bounded text, bounded counts. Refuses to know: requests,
paths.
"""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote_plus
from xml.parsers import expat

from ugr.plugin import Misbehaved

MAX_TEXT = 8192
"""Characters of one element: a key of 1024 bytes, each percent-encoded, and then some."""

MAX_PAGE_ENTRIES = 10_000
"""Entries of one page; S3 sends 1000, some servers what they are asked for."""

MAX_ERROR_BYTES = 65536

_WORD = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")


class Entry(NamedTuple):
    """One object of a page: whole key, bytes, whole seconds since 1970 or None."""

    key: str
    size: int
    mtime: float | None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing, decoded as it is read. ``token`` asks for the next page; None after the last."""

    raw_objects: list[dict[str, str]] = field(default_factory=list)
    raw_prefixes: list[str] = field(default_factory=list)
    encoded: bool = False
    token: str | None = None

    @property
    def empty(self) -> bool:
        """Whether no key starts with what was asked for."""
        return not (self.raw_objects or self.raw_prefixes)

    def objects(self) -> Iterator[Entry | None]:
        """Yield the objects in order; None for one whose key is not UTF-8. Raises Misbehaved for one without size."""
        for values in self.raw_objects:
            key = self._decoded(values.get("Key", ""))
            size, mtime = _size(values.get("Size", "")), _time(values.get("LastModified"))
            yield None if key is None else Entry(key, size, mtime)

    def prefixes(self) -> Iterator[str | None]:
        """Yield the common prefixes in order; None for one that is not UTF-8."""
        return map(self._decoded, self.raw_prefixes)

    def _decoded(self, text: str) -> str | None:
        """Decode a key: with ``encoding-type=url`` a space may be ``+``, so a plus never is."""
        if not self.encoded:
            return text
        try:
            return unquote_plus(text, errors="strict")
        except UnicodeDecodeError:
            return None


class PageParser:
    """Reads one ListObjectsV2 answer piece by piece; raises Misbehaved at the first fault."""

    def __init__(self) -> None:
        self._depth = 0
        self._text: list[str] = []
        self._length = 0
        self._group: str | None = None
        self._object: dict[str, str] = {}
        self._objects: list[dict[str, str]] = []
        self._prefixes: list[str] = []
        self._facts: dict[str, str] = {}
        self._parser = _parser()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def feed(self, piece: bytes) -> None:
        """Take the next bytes."""
        _parse(self._parser, piece, last=False)

    def close(self) -> Page:
        """Return the page; Misbehaved when it is not complete."""
        _parse(self._parser, b"", last=True)
        token = None
        if self._facts.get("IsTruncated") == "true":
            token = self._facts.get("NextContinuationToken")
            if not token:
                raise Misbehaved("a page of the listing is cut off and does not say how to go on")
        # only now is it known whether keys are encoded: the word for it may come after them
        return Page(self._objects, self._prefixes, self._facts.get("EncodingType") == "url", token)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 1 and name != "ListBucketResult":
            raise Misbehaved(f"a listing was expected, and {_word(name)} came")
        if self._depth == 2:
            self._group = name
            if name == "Contents":
                self._object = {}
        self._text.clear()
        self._length = 0

    def _characters(self, data: str) -> None:
        self._length += len(data)
        if self._length > MAX_TEXT:
            raise Misbehaved(f"an element of the listing is longer than {MAX_TEXT} characters")
        self._text.append(data)

    def _end(self, name: str) -> None:
        if self._depth == 3 and self._group == "Contents":
            self._object[name] = "".join(self._text)
        elif self._depth == 3 and self._group == "CommonPrefixes" and name == "Prefix":
            self._prefixes.append("".join(self._text))
        elif self._depth == 2 and name == "Contents":
            self._objects.append(self._object)
        elif self._depth == 2 and name != "CommonPrefixes":
            self._facts[name] = "".join(self._text)
        if len(self._objects) + len(self._prefixes) > MAX_PAGE_ENTRIES:
            raise Misbehaved(f"a page of the listing has more than {MAX_PAGE_ENTRIES} entries")
        self._depth -= 1
        self._text.clear()


def error_of(body: bytes) -> dict[str, str]:
    """Return the elements of an error document by name; {} when it is none.

    ``Code`` and ``Region`` are words or missing; nothing else is worth repeating, and some of it
    (the string to sign) is better not.
    """
    if not body or len(body) > MAX_ERROR_BYTES:
        return {}
    path: list[str] = []
    found: dict[str, str] = {}
    text: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        path.append(name)
        text.clear()

    def end(name: str) -> None:
        if path[0] == "Error" and len(path) == 2 and name in ("Code", "Region") and _WORD.match("".join(text).strip()):
            found[name] = "".join(text).strip()
        path.pop()

    parser = _parser()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text.append
    try:
        _parse(parser, body, last=True)
    except Misbehaved:
        return {}
    return found


def _parser() -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_document_type
    return parser


def _refuse_document_type(*_: object) -> None:
    raise Misbehaved("the answer has a document type, which S3 never sends")


def _parse(parser: expat.XMLParserType, piece: bytes, *, last: bool) -> None:
    try:
        parser.Parse(piece, last)
    except expat.ExpatError as error:
        raise Misbehaved(f"the answer is not well-formed XML: {expat.errors.messages[error.code]}") from None


def _word(text: str) -> str:
    return f"<{text}>" if _WORD.match(text) else "something else"


def _size(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Misbehaved("an object of the listing has no size")
    return int(text)


def _time(text: str | None) -> float | None:
    """Return whole seconds since 1970, as HEAD gives them, so that both agree; None when it is not ISO 8601."""
    try:
        moment = datetime.datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return float(calendar.timegm(moment.utctimetuple()))
