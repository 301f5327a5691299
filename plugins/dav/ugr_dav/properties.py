# SPDX-License-Identifier: Apache-2.0
"""The properties of a resource to what is known of a file.

Knows: which property says what, and how storages stray from RFC 4918, 15 and RFC 4331. Refuses to
know: documents, hrefs.
"""

from __future__ import annotations

import datetime
import re
import stat
from collections.abc import Mapping
from email.utils import parsedate_tz
from functools import lru_cache

from ugr.plugin import FileInfo, Misbehaved, Usage
from ugr.plugin.objects import number

Properties = Mapping[str, str]

_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: number for number, name in enumerate(_NAMES, 1)}
_FIXED = re.compile(r"[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT\Z", re.ASCII)

LATEST = 253402300799.0
"""The end of the year 9999, in seconds since 1970."""


def described(properties: Properties, name: str, *, slash: bool) -> FileInfo:
    """Return what is known; ``slash`` says that the href ended with one. Misbehaved for a file without length."""
    mtime = moment(properties.get("getlastmodified", ""))
    if is_directory(properties, slash=slash):
        return FileInfo(name, directory=True, mtime=mtime)
    size = number(properties.get("getcontentlength"))
    if size is None:
        raise Misbehaved("the storage does not say how long the file is")
    return FileInfo(name, size=size, mtime=mtime)


def is_directory(properties: Properties, *, slash: bool) -> bool:
    """Say what kind of resource this is, by the first that is told.

    The resource type; the mode of DPM and its kin (octal, with the file's type); ``iscollection`` of
    XRootD; the content type of Apache's old modules; the slash at the end of the href.
    """
    kind = properties.get("resourcetype")
    if kind is not None:
        return kind == "collection"
    mode = properties.get("mode", "")
    if mode and set(mode) <= set("01234567") and stat.S_IFMT(int(mode, 8)):
        return stat.S_ISDIR(int(mode, 8))
    collection = properties.get("iscollection")
    if collection is not None:
        return collection.lower() in ("1", "true")
    return slash or properties.get("getcontenttype", "").startswith("httpd/unix-directory")


def usage(properties: Properties) -> Usage:
    """Return the space (RFC 4331, 3 and 4); negative numbers are how Nextcloud says that it does not know."""
    used, free = properties.get("quota-used-bytes"), properties.get("quota-available-bytes")
    return Usage(number(used), number(free))


@lru_cache(4096)
def moment(text: str) -> float | None:
    """Return seconds since 1970 of a time in any notation that storages use; None when it is none.

    ``getlastmodified`` is an HTTP date (RFC 4918, 15.7). Seen as well: its obsolete forms (RFC 9110,
    5.6.7), numeric zones, ISO 8601, seconds since 1970.
    """
    match = _FIXED.match(text)
    try:
        if match is not None:
            day, month, year, hour, minute, second = match.groups()
            when = datetime.datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second))
            found: float | None = when.replace(tzinfo=datetime.UTC).timestamp()
        else:
            found = _iso(text) if text[:4].isdigit() else _mail(text)
    except (KeyError, OverflowError, ValueError):
        return None
    return found if found is not None and 0 <= found <= LATEST else None


def _iso(text: str) -> float:
    if text.isascii() and text.isdigit() and 9 <= len(text) <= 11:
        return float(text)
    when = datetime.datetime.fromisoformat(text)
    return when.replace(tzinfo=when.tzinfo or datetime.UTC).timestamp()


def _mail(text: str) -> float | None:
    """Read what mail calls a date: it covers HTTP's obsolete forms, and zones in numbers."""
    try:
        parts = parsedate_tz(text)
    except (IndexError, TypeError):
        return None  # what the library makes of some texts that are no dates
    if parts is None:
        return None
    when = datetime.datetime(*parts[:6], tzinfo=datetime.UTC)
    return when.timestamp() - (parts[9] or 0)
