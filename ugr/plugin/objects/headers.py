# SPDX-License-Identifier: Apache-2.0
"""Dates and numbers, as storages write them in headers and documents.

Knows: dates and lengths of RFC 9110, dates of ISO 8601. Refuses to know: headers of any one storage.
"""

from __future__ import annotations

import calendar
import datetime
import re

from ugr.transport import Answer

MAX_RETRY_AFTER = 3600.0

_DATE = re.compile(r"[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT\Z")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def http_date(text: str | None) -> float | None:
    """Return seconds since 1970 of an IMF-fixdate (RFC 9110 section 5.6.7); None when it is none."""
    match = _DATE.match(text or "")
    if match is None or match[2] not in _MONTHS:
        return None
    day, month, year, hour, minute, second = match.groups()
    return float(calendar.timegm((int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second))))


def iso_date(text: object) -> float | None:
    """Return whole seconds since 1970, rounded down, of an ISO 8601 date; None when it is none. Without a zone: UTC.

    Whole, because storages that list fractions leave them out of the headers of the same object.
    """
    try:
        moment = datetime.datetime.fromisoformat(text if isinstance(text, str) else "")
        return float(calendar.timegm(moment.utctimetuple()))
    except (ValueError, OverflowError):
        return None


def number(text: str | None) -> int | None:
    """Return a plain number of bytes or things; None when it is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 18 else None


def length(answer: Answer) -> int | None:
    """Return the bytes of what was asked for (RFC 9110 section 8.6); None when the answer does not say."""
    return number(answer.header("content-length"))


def retry_after(answer: Answer, now: float) -> float | None:
    """Return the seconds that the storage asks us to wait (RFC 9110 section 10.2.3); None when it does not say."""
    text = answer.header("retry-after")
    seconds = number(text)
    if seconds is None:
        moment = http_date(text)
        if moment is None:
            return None
        return min(max(0.0, moment - now), MAX_RETRY_AFTER)
    return min(float(seconds), MAX_RETRY_AFTER)
