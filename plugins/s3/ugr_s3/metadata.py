# SPDX-License-Identifier: Apache-2.0
"""The headers of an object to what is known of a file.

Knows: which headers S3 describes an object with (HeadObject, Amazon S3 API reference). Refuses to
know: requests, errors.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping

from ugr.plugin import Answer

_MD5 = re.compile(r'"?([0-9a-fA-F]{32})"?\Z')
_DATE = re.compile(r"[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT\Z")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def size(answer: Answer) -> int | None:
    """Return the bytes of the object, None when the answer does not say."""
    text = answer.header("content-length") or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def mtime(answer: Answer) -> float | None:
    """Return when the object was last modified, seconds since 1970."""
    return http_date(answer.header("last-modified"))


def http_date(text: str | None) -> float | None:
    """Return seconds since 1970 of an IMF-fixdate (RFC 9110 section 5.6.7); None when it is none."""
    match = _DATE.match(text or "")
    if match is None or match[2] not in _MONTHS:
        return None
    day, month, year, hour, minute, second = match.groups()
    return float(calendar.timegm((int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second))))


def checksums(answer: Answer) -> Mapping[str, str]:
    """Return the MD5 when the entity tag is one.

    It is for an object that came in one part and is not encrypted with a key of KMS or of the
    customer (Amazon S3 API reference, Object: ETag); the tag of one that came in parts ends in
    ``-N``.
    """
    match = _MD5.match(answer.header("etag") or "")
    encryption = answer.header("x-amz-server-side-encryption") or ""
    customer = answer.header("x-amz-server-side-encryption-customer-algorithm")
    if match is None or encryption.startswith("aws:kms") or customer is not None:
        return {}
    return {"md5": match[1].lower()}
