# SPDX-License-Identifier: Apache-2.0
"""Multistatus documents (RFC 4918, 13), read as they come.

Knows: the elements and where they stand, and that storages leave some out. Refuses to know: what
hrefs lead to and what properties mean.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ugr.plugin import Misbehaved
from ugr.plugin.xml import XmlReader, shown

MAX_TEXT = 16384
"""Characters of one element: a path of 4096 bytes, each percent-encoded, and a scheme and host."""

KEPT = {
    "DAV:|resourcetype": "resourcetype",
    "DAV:|getcontentlength": "getcontentlength",
    "DAV:|getlastmodified": "getlastmodified",
    "DAV:|getcontenttype": "getcontenttype",
    "DAV:|iscollection": "iscollection",
    "DAV:|quota-available-bytes": "quota-available-bytes",
    "DAV:|quota-used-bytes": "quota-used-bytes",
    "LCGDM:|mode": "mode",
}
"""Properties that are kept, by their full names; of all others storages may send what they like."""

# Levels: multistatus / response / propstat / prop / a property / what is in it.
_ROOT, _RESPONSE, _PART, _INSIDE, _PROPERTY, _VALUE = range(1, 7)

_STATUS = re.compile(r"\s*HTTP/[0-9.]+ +([1-5][0-9]{2})(?: |\s*\Z)")


class Response(NamedTuple):
    """What is said of one resource.

    ``status`` is 200 when there is anything of it, else why not. ``properties`` are those of
    ``KEPT`` that it has; the resource type is "collection" for one, and "" otherwise.
    """

    href: str
    status: int
    properties: Mapping[str, str]


class Multistatus(XmlReader):
    """Reads one multistatus; ``taken`` gives the responses that are complete."""

    def __init__(self) -> None:
        super().__init__(namespaces=True, mend=True, max_text=MAX_TEXT)
        self._ready: list[Response] = []
        self._href: str | None = None
        self._own: int | None = None
        self._found: dict[str, str] | None = None
        self._refused: int | None = None
        self._part: dict[str, str] = {}
        self._named = False
        self._part_status: int | None = None
        self._collection = False

    def taken(self) -> list[Response]:
        """Return the responses that were completed since the last call."""
        ready, self._ready = self._ready, []
        return ready

    def begin(self, name: str, depth: int) -> None:
        """Note where something new begins."""
        if depth == _RESPONSE:
            self._href = self._own = self._found = self._refused = None
        elif depth == _PART:
            self._part = {}
            self._named, self._part_status = False, None
        elif depth == _PROPERTY:
            self._collection = False
        elif depth == _VALUE:
            self._collection = self._collection or name == "DAV:|collection"
        elif depth == _ROOT and name != "DAV:|multistatus":
            raise Misbehaved(f"a multistatus was expected, and {shown(name)} came")

    def end(self, name: str, depth: int, text: str) -> None:
        """Keep what matters."""
        if depth == _PROPERTY:
            self._named = True
            kept = KEPT.get(name)
            if kept is not None:
                self._part[kept] = text.strip() if kept != "resourcetype" else "collection" * self._collection
        elif depth == _INSIDE:
            if name == "DAV:|status":
                self._part_status = _status(text)
        elif depth == _PART:
            self._end_part(name, text)
        elif depth == _RESPONSE and name == "DAV:|response":
            self._end_response()

    def _end_part(self, name: str, text: str) -> None:
        if name == "DAV:|href":
            self._href = text if self._href is None else self._href
        elif name == "DAV:|status":
            self._own = _status(text)
        elif name == "DAV:|propstat":
            status = self._part_status
            if status is None or 200 <= status < 300:
                # several of them add up; some servers send one without a status
                self._found = self._part if self._found is None else self._found | self._part
            elif status != 404 or not self._named:
                # a 404 that names properties is about those, one that names none is about the resource
                self._refused = status
            elif self._found is None:
                self._found = {}

    def _end_response(self) -> None:
        if self._href is None:
            raise Misbehaved("the multistatus has a response without href")
        status = self._own
        if status is None or 200 <= status < 300:
            status = 200 if self._found is not None or self._refused is None else self._refused
        self._ready.append(Response(self._href, status, self._found or {}))


def _status(text: str) -> int | None:
    match = _STATUS.match(text)
    return int(match[1]) if match else None
