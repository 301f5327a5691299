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


@dataclass(slots=True)
class Page:
    """One page of a listing, decoded. ``token`` asks for the next page; None after the last."""

    objects: list[Entry] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    token: str | None = None
    unreadable: int = 0
    """Keys that are not UTF-8 once decoded, and are left out."""

    @property
    def empty(self) -> bool:
        """Whether nothing starts with what was asked for."""
        return not (self.objects or self.prefixes or self.unreadable)


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
        page = Page()
        # keys are decoded at the end because the word that says they are encoded may come after them
        encoded = self._facts.get("EncodingType") == "url"
        for values in self._objects:
            key = _key(values.get("Key", ""), encoded)
            if key is None:
                page.unreadable += 1
            else:
                page.objects.append(Entry(key, _size(values.get("Size", "")), _time(values.get("LastModified"))))
        for text in self._prefixes:
            prefix = _key(text, encoded)
            if prefix is None:
                page.unreadable += 1
            else:
                page.prefixes.append(prefix)
        if self._facts.get("IsTruncated") == "true":
            page.token = self._facts.get("NextContinuationToken")
            if not page.token:
                raise Misbehaved("a page of the listing is cut off and does not say how to go on")
        return page

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


def _key(text: str, encoded: bool) -> str | None:
    """Decode a key (``encoding-type=url``: a space may be ``+``, so a plus never is); None when it is not UTF-8."""
    if not encoded:
        return text
    try:
        return unquote_plus(text, errors="strict")
    except UnicodeDecodeError:
        return None


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
