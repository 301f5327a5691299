# SPDX-License-Identifier: Apache-2.0
"""The headers of an answer to what is known of a file.

Knows: which headers describe a whole file, and which only the part that came. Refuses to know:
requests, errors.
"""

from __future__ import annotations

import base64
import binascii
import calendar
import re
from collections.abc import Callable, Mapping

from ugr.plugin import Answer

_DATE = re.compile(r"[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT\Z")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d{1,18})\Z")
_PAIR = re.compile(r"\s*([A-Za-z0-9-]+)\s*=\s*([^,]*?)\s*(?:,|\Z)")

WORDS = {
    "adler32": "adler32",
    "adler": "adler32",
    "crc32c": "crc32c",
    "md5": "md5",
    "sha": "sha1",
    "sha-256": "sha256",
    "sha-512": "sha512",
}
"""Names of algorithms in Digest (RFC 3230) and Repr-Digest (RFC 9530), lower case -> ours."""

DIGITS = {"adler32": 8, "crc32c": 8, "md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}
"""Hexadecimal digits of each checksum."""

SHORT = frozenset({"adler32", "crc32c"})
"""Those that Digest writes in hexadecimal digits; the others are base64 there."""


def size(answer: Answer) -> int | None:
    """Return the bytes of the whole file; None when the answer does not say.

    206 and 416 say it in Content-Range (RFC 9110, 14.4), others in Content-Length.
    """
    if answer.status in (206, 416):
        match = _RANGE.match(answer.header("content-range") or "")
        return int(match[2]) if match else None
    text = answer.header("content-length") or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def mtime(answer: Answer) -> float | None:
    """Return when the file was last modified, seconds since 1970."""
    return http_date(answer.header("last-modified"))


def http_date(text: str | None) -> float | None:
    """Return seconds since 1970 of an IMF-fixdate (RFC 9110, 5.6.7); None when it is none."""
    match = _DATE.match(text or "")
    if match is None or match[2] not in _MONTHS:
        return None
    day, month, year, hour, minute, second = match.groups()
    return float(calendar.timegm((int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second))))


def checksums(answer: Answer) -> Mapping[str, str]:
    """Return the checksums that the headers tell of the whole file.

    Repr-Digest (RFC 9530) and Digest (RFC 3230) are of the whole file, also on a part of it;
    Content-MD5 is of what came, and so counts only on 200. Earlier in this list wins.
    """
    found: dict[str, str] = {}
    for name, value in answer.headers:
        if name in ("repr-digest", "digest"):
            of_header = _dictionary(value) if name == "repr-digest" else _list(value)
            found = {**found, **of_header} if name == "repr-digest" else {**of_header, **found}
    if answer.status == 200 and "md5" not in found:
        md5 = _from_base64(answer.header("content-md5") or "", "md5")
        if md5 is not None:
            found["md5"] = md5
    return found


def in_digits(text: str, algorithm: str) -> str | None:
    """Return a checksum written in hexadecimal digits as we write it; None when it is none."""
    digits = text.strip().lower()
    if algorithm in SHORT:
        digits = digits.zfill(DIGITS[algorithm])  # some leave leading zeros out
    return digits if re.fullmatch("[0-9a-f]+", digits) and len(digits) == DIGITS[algorithm] else None


def _list(value: str) -> dict[str, str]:
    """Read ``adler32=03da0195,md5=base64``; crc32c is written in digits, and by some in base64."""
    return _read(value, lambda text, algorithm: _either(text, algorithm))


def _dictionary(value: str) -> dict[str, str]:
    """Read ``sha-256=:base64:, md5=:base64:``."""
    return _read(
        value,
        lambda text, algorithm: _from_base64(text[1:-1], algorithm) if text[:1] == text[-1:] == ":" else None,
    )


def _read(value: str, decode: Callable[[str, str], str | None]) -> dict[str, str]:
    found = {}
    for match in _PAIR.finditer(value):
        algorithm = WORDS.get(match[1].lower())
        checksum = decode(match[2], algorithm) if algorithm is not None else None
        if algorithm is not None and checksum is not None:
            found[algorithm] = checksum
    return found


def _either(text: str, algorithm: str) -> str | None:
    if algorithm in SHORT:
        return in_digits(text, algorithm) or _from_base64(text, algorithm)
    return _from_base64(text, algorithm) or in_digits(text, algorithm)


def _from_base64(text: str, algorithm: str) -> str | None:
    try:
        digits = base64.b64decode(text.encode("ascii"), validate=True).hex()
    except (binascii.Error, UnicodeEncodeError):
        return None
    return digits if len(digits) == DIGITS[algorithm] else None
