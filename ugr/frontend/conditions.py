# SPDX-License-Identifier: Apache-2.0
"""Conditional requests: whether what a client knows still holds.

Knows: entity tags, HTTP dates, and the order in which conditions count (RFC 9110 sections 5.6.7,
8.8 and 13). Refuses to know: where the bytes are, how an answer is written.
"""

from __future__ import annotations

import calendar
import enum
import re
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MINUTES = tuple(f"{minute // 60:02d}:{minute % 60:02d}:" for minute in range(1440))
_SECONDS = tuple(f"{second:02d} GMT" for second in range(60))
_LAST_SECOND = 253402300799
_CLOCK = r"(?P<hour>[0-2][0-9]):(?P<minute>[0-5][0-9]):(?P<second>[0-6][0-9])"
_DATES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"[A-Z][a-z]{{2}}, (?P<day>[0-9]{{2}}) (?P<month>[A-Z][a-z]{{2}}) (?P<year>[0-9]{{4}}) {_CLOCK} GMT",
        rf"[A-Z][a-z]{{5,8}}, (?P<day>[0-9]{{2}})-(?P<month>[A-Z][a-z]{{2}})-(?P<year>[0-9]{{2}}) {_CLOCK} GMT",
        rf"[A-Z][a-z]{{2}} (?P<month>[A-Z][a-z]{{2}}) (?P<day>[0-9 ][0-9]) {_CLOCK} (?P<year>[0-9]{{4}})",
    )
)
"""IMF-fixdate, and the two obsolete forms that must still be understood (RFC 9110 section 5.6.7)."""

_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')


class Headers(Protocol):
    """Request headers: werkzeug's, or a dict with names written as the RFC writes them."""

    def get(self, key: str, /) -> str | None:
        """Return the value, several joined by commas, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Validators:
    """What tells one state of a file from another: a quoted, strong entity tag, and whole seconds since 1970."""

    etag: str
    modified: int


class Verdict(enum.Enum):
    """What the conditions of a request ask for."""

    GO_ON = "go on"
    NOT_MODIFIED = "not modified"
    FAILED = "failed"


def date(seconds: float | None) -> str | None:
    """Write seconds since 1970 as an HTTP date; None when unknown or not writable."""
    if seconds is None or not 0 <= seconds <= _LAST_SECOND:
        return None
    day, second = divmod(int(seconds), 86400)
    minute, second = divmod(second, 60)
    return f"{_day(day)}{_MINUTES[minute]}{_SECONDS[second]}"


@lru_cache(maxsize=4096)
def _day(day: int) -> str:
    parts = time.gmtime(day * 86400)
    return f"{_DAYS[parts.tm_wday]}, {parts.tm_mday:02d} {_MONTHS[parts.tm_mon - 1]} {parts.tm_year:04d} "


def date_value(text: str) -> int | None:
    """Return the seconds since 1970 of an HTTP date in any of its three forms, None when it is none."""
    match = next((match for pattern in _DATES if (match := pattern.fullmatch(text.strip(" \t")))), None)
    if match is None or match["month"] not in _MONTHS:
        return None
    year, month, day = int(match["year"]), _MONTHS.index(match["month"]) + 1, int(match["day"])
    if len(match["year"]) == 2:
        # Two digits are the year that is at most 50 years ahead (RFC 9110 section 5.6.7).
        this_year = time.gmtime().tm_year
        year += this_year - this_year % 100
        year -= 100 if year > this_year + 50 else 0
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"])
    if year < 1 or not 1 <= day <= calendar.monthrange(year, month)[1] or hour > 23 or second > 60:
        return None
    return calendar.timegm((year, month, day, hour, minute, second))


def _names(value: str, etag: str | None, *, weak: bool) -> bool:
    """Say whether a list of entity tags names this one; ``weak`` ones count or not (RFC 9110 section 8.8.3.2)."""
    if value.strip(" \t") == "*":
        return True
    return any(tag == etag and (weak or not prefix) for prefix, tag in _TAG.findall(value))


def verdict(headers: Headers, validators: Validators) -> Verdict:
    """Evaluate the conditions of a GET or HEAD in the order of RFC 9110 section 13.2.2, steps 1 to 4.

    A date that is not one is ignored; a list without a well-formed entity tag matches nothing.
    """
    match = headers.get("If-Match")
    if match is not None:
        if not _names(match, validators.etag, weak=False):
            return Verdict.FAILED
    else:
        unmodified = date_value(headers.get("If-Unmodified-Since") or "")
        if unmodified is not None and validators.modified > unmodified:
            return Verdict.FAILED
    none_match = headers.get("If-None-Match")
    if none_match is not None:
        return Verdict.NOT_MODIFIED if _names(none_match, validators.etag, weak=True) else Verdict.GO_ON
    since = date_value(headers.get("If-Modified-Since") or "")
    return Verdict.NOT_MODIFIED if since is not None and validators.modified <= since else Verdict.GO_ON


def not_modified(none_match: str | None, modified_since: str | None, etag: str | None, mtime: float | None) -> bool:
    """Say whether a GET or HEAD is answered with 304 by what is known of the file (section 13.2.2, steps 3 and 4)."""
    if none_match is not None:
        return _names(none_match, etag, weak=True)
    since = date_value(modified_since or "")
    return since is not None and mtime is not None and int(mtime) <= since


def range_holds(headers: Headers, validators: Validators) -> bool:
    """Say whether If-Range, if there is one, lets a Range count (RFC 9110 section 13.1.5).

    An entity tag must be strong and the same, a date exactly Last-Modified; anything else means
    that the client gets the whole file.
    """
    value = headers.get("If-Range")
    if value is None:
        return True
    value = value.strip(" \t")
    if value.startswith(('"', "W/")):
        return value == validators.etag
    return date_value(value) == validators.modified
