# SPDX-License-Identifier: Apache-2.0
"""What Swift answers with: pages of a listing in JSON, and the headers of an object.

Knows: both, of the OpenStack Object Storage API reference, and that the sender is not trusted.
Refuses to know: requests, paths.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ugr.plugin import Answer, Misbehaved
from ugr.plugin.objects import Object, http_date, iso_date, kept_digests, length, md5_of_tag

DIRECTORY = "application/directory"
"""The content type of an object that stands for a directory, if it has no bytes."""

META = "x-object-meta-"

MAX_PAGE_ENTRIES = 10_000


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing, as it was read; an object without bytes may be looked up in ``looked_up`` by its name."""

    entries: tuple[Any, ...]
    looked_up: dict[str, Object]

    @property
    def empty(self) -> bool:
        """Whether nothing starts with what was asked for."""
        return not self.entries

    @property
    def token(self) -> str | None:
        """The last name: Swift does not say whether more come, and is asked until nothing does."""
        if not self.entries:
            return None
        token = _text(_name(self.entries[-1]))
        if token is None:
            raise Misbehaved("the last name of a page is not text, so the next page cannot be asked for")
        return token

    def objects(self) -> Iterator[Object | None]:
        """Yield the objects in order; None for one whose name is not text. Raises Misbehaved."""
        for entry in self.entries:
            if "subdir" not in entry:
                found = _listed(entry)
                yield found if found is None else self.looked_up.get(found.key, found)

    def prefixes(self) -> Iterator[str | None]:
        """Yield the common prefixes in order; None for one that is not text."""
        for entry in self.entries:
            if "subdir" in entry:
                yield _text(_name(entry))

    def unsure(self) -> list[str]:
        """Return the names of the objects that seem to have no bytes: their bytes may be objects of their own."""
        listed = (_listed(entry) for entry in self.entries if "subdir" not in entry and entry.get("bytes") == 0)
        return [found.key for found in listed if found is not None and not found.directory and found.key[-1:] != "/"]

    def sure(self, looked_up: dict[str, Object]) -> Page:
        """Return the page with what was found out about some of its objects."""
        return replace(self, looked_up=looked_up)


def page_of(body: bytes) -> Page:
    """Read the body of a listing."""
    try:
        entries = json.loads(body) if body else []
    except (ValueError, RecursionError):
        raise Misbehaved("a listing was expected, and no JSON came") from None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Misbehaved("a listing was expected, and other JSON came")
    if len(entries) > MAX_PAGE_ENTRIES:
        raise Misbehaved(f"a page of the listing has more than {MAX_PAGE_ENTRIES} entries")
    return Page(tuple(entries), {})


def described(key: str, answer: Answer) -> Object:
    """Return what the headers of an object say; Misbehaved when they do not say its length.

    The entity tag is the MD5 unless the object's bytes are objects of their own.
    """
    size = length(answer)
    if size is None:
        raise Misbehaved("the storage does not say how long the object is")
    static = (answer.header("x-static-large-object") or "").lower() == "true"
    checksums = kept_digests((name[len(META) :], value) for name, value in answer.headers if name.startswith(META))
    md5 = md5_of_tag(answer.header("etag"))
    if md5 is not None and not static and answer.header("x-object-manifest") is None:
        checksums["md5"] = md5
    directory = size == 0 and (answer.header("content-type") or "").partition(";")[0].strip() == DIRECTORY
    return Object(key, size, _mtime(answer), checksums, directory=directory, segmented=static)


def _listed(entry: dict[str, Any]) -> Object | None:
    key, size = _text(_name(entry)), entry.get("bytes")
    if type(size) is not int or size < 0:
        raise Misbehaved("an object of the listing has no size")
    kind = entry.get("content_type")
    directory = size == 0 and isinstance(kind, str) and kind.partition(";")[0].strip() == DIRECTORY
    return None if key is None else Object(key, size, iso_date(entry.get("last_modified")), directory=directory)


def _name(entry: dict[str, Any]) -> str:
    name = entry.get("subdir", entry.get("name"))
    if not isinstance(name, str):
        raise Misbehaved("an entry of the listing has no name")
    return name


def _text(name: str) -> str | None:
    """Return a name, or None when JSON's escapes made it something that is not Unicode text."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return None
    return name


def _mtime(answer: Answer) -> float | None:
    """Return whole seconds since 1970: of X-Timestamp, which listings have too; Last-Modified is rounded up."""
    try:
        exact = float(answer.header("x-timestamp") or "nan")
    except ValueError:
        exact = math.nan
    return float(math.floor(exact)) if math.isfinite(exact) else http_date(answer.header("last-modified"))
