# SPDX-License-Identifier: Apache-2.0
"""What S3 answers with: pages of a listing, errors, the result of a copy, the headers of an object.

Knows: ListObjectsV2, CopyObject, HeadObject and error documents of the Amazon S3 API reference, and that
the sender is not trusted. Refuses to know: requests, paths.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from ugr.plugin import Answer, Misbehaved
from ugr.plugin.objects import (
    MAX_ERROR_BYTES,
    Object,
    http_date,
    iso_date,
    kept_digests,
    length,
    md5_of_tag,
    number,
)
from ugr.plugin.xml import Facts, XmlReader, shown

META = "x-amz-meta-"

MAX_PAGE_ENTRIES = 10_000
"""Entries of one page; S3 sends 1000, some servers what they are asked for."""

_WORD = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing, decoded as it is read. ``token`` asks for the next page; None after the last."""

    raw_objects: list[dict[str, str]] = field(default_factory=list)
    raw_prefixes: list[str] = field(default_factory=list)
    encoded: bool = False
    token: str | None = None

    @property
    def empty(self) -> bool:
        """Whether no key on this page starts with what was asked for."""
        return not (self.raw_objects or self.raw_prefixes)

    def objects(self) -> Iterator[Object | None]:
        """Yield the objects in order; None for one whose key is not UTF-8. Raises Misbehaved for one without size."""
        for values in self.raw_objects:
            size = number(values.get("Size"))
            if size is None:
                raise Misbehaved("an object of the listing has no size")
            key = self._decoded(values.get("Key", ""))
            yield None if key is None else Object(key, size, iso_date(values.get("LastModified")))

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


class PageReader(XmlReader):
    """Reads one ListObjectsV2 answer piece by piece; raises Misbehaved at the first fault."""

    def __init__(self) -> None:
        super().__init__()
        self._group = ""
        self._object: dict[str, str] = {}
        self._objects: list[dict[str, str]] = []
        self._prefixes: list[str] = []
        self._facts: dict[str, str] = {}

    def page(self) -> Page:
        """Take the end and return the page; Misbehaved when it is not complete."""
        self.close()
        token = None
        if self._facts.get("IsTruncated") == "true":
            token = self._facts.get("NextContinuationToken")
            if not token:
                raise Misbehaved("a page of the listing is cut off and does not say how to go on")
        # only now is it known whether keys are encoded: the word for it may come after them
        return Page(self._objects, self._prefixes, self._facts.get("EncodingType") == "url", token)

    def begin(self, name: str, depth: int) -> None:
        """Notice which object or prefix begins."""
        if depth == 2:
            self._group, self._object = name, {}
        elif depth == 1 and name != "ListBucketResult":
            raise Misbehaved(f"a listing was expected, and {shown(name)} came")

    def end(self, name: str, depth: int, text: str) -> None:
        """Take what is known of an object, then the object."""
        if depth == 3 and self._group == "Contents":
            self._object[name] = text
        elif depth == 3 and self._group == "CommonPrefixes" and name == "Prefix":
            self._prefixes.append(text)
        elif depth == 2 and name == "Contents":
            self._objects.append(self._object)
        elif depth == 2 and name != "CommonPrefixes":
            self._facts[name] = text
        if len(self._objects) + len(self._prefixes) > MAX_PAGE_ENTRIES:
            raise Misbehaved(f"a page of the listing has more than {MAX_PAGE_ENTRIES} entries")


def error_of(body: bytes) -> dict[str, str]:
    """Return ``Code`` and ``Region`` of an error document, those that are there and words; {} when it is none.

    Nothing else is worth repeating, and some of it (the string to sign) is better not.
    """
    facts = _facts(body, "Error")
    words = {name: facts.get(name, "").strip() for name in ("Code", "Region")}
    return {name: word for name, word in words.items() if _WORD.match(word)}


def copied(body: bytes) -> bool:
    """Say whether the body of a 200 is the result of a copy: one that fails after a while does so there."""
    return "ETag" in _facts(body, "CopyObjectResult")


def described(key: str, answer: Answer) -> Object:
    """Return what the headers of an object say; Misbehaved when they do not say its length."""
    size = length(answer)
    if size is None:
        raise Misbehaved("the storage does not say how long the object is")
    return Object(key, size, http_date(answer.header("last-modified")), _checksums(answer))


def _checksums(answer: Answer) -> Mapping[str, str]:
    """Return the checksums that were kept, and the MD5 when the entity tag is one.

    It is for an object that came in one part and is not encrypted with a key of KMS or of the
    customer (Amazon S3 API reference, Object: ETag); the tag of one that came in parts ends in
    ``-N``.
    """
    found = kept_digests((name[len(META) :], value) for name, value in answer.headers if name.startswith(META))
    md5 = md5_of_tag(answer.header("etag"))
    encryption = answer.header("x-amz-server-side-encryption") or ""
    customer = answer.header("x-amz-server-side-encryption-customer-algorithm")
    if md5 is not None and customer is None and not encryption.startswith("aws:kms"):
        found["md5"] = md5
    return found


def _facts(body: bytes, root: str) -> dict[str, str]:
    """Return what a flat document says; {} for any other, or for one that is too long."""
    if len(body) > MAX_ERROR_BYTES:
        return {}
    reader = Facts(root, max_text=MAX_ERROR_BYTES)
    try:
        reader.feed(body)
        reader.close()
    except Misbehaved:
        return {}
    return reader.facts
