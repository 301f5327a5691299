# SPDX-License-Identifier: Apache-2.0
"""Checksums in header fields: Want-Digest and Digest (RFC 3230), Repr-Digest (RFC 9530).

Knows: names, notations, and how servers stray from them. Refuses to know: requests.
"""

from __future__ import annotations

import base64
import binascii
import re

from ugr.plugin.objects.digests import DIGITS
from ugr.transport import Answer

DIGEST_NAMES = {
    "adler32": "adler32",
    "crc32": "crc32",
    "crc32c": "crc32c",
    "md5": "md5",
    "sha1": "sha",
    "sha256": "sha-256",
    "sha512": "sha-512",
}
"""Our name of an algorithm -> the one for Want-Digest (IANA's registry of Digest algorithm values)."""

_OURS = {name: ours for ours, name in DIGEST_NAMES.items()} | {"adler": "adler32", "sha1": "sha1", "sha256": "sha256"}
_MEMBER = re.compile(r"\s*([A-Za-z0-9-]+)\s*=\s*([^,\s]+)\s*(?:,|\Z)")
_HEX = re.compile(r"[0-9a-f]+\Z")


def digests(answer: Answer) -> dict[str, str]:
    """Return the checksums that an answer tells of the whole file, by our names, in hex digits.

    What does not look like the algorithm's is left out. Where two fields differ, Repr-Digest wins.
    """
    found: dict[str, str] = {}
    for field in ("digest", "repr-digest"):
        for name, value in answer.headers:
            if name == field:
                found |= _members(value)
    return found


def _members(value: str) -> dict[str, str]:
    found = {}
    for match in _MEMBER.finditer(value):
        algorithm = _OURS.get(match[1].lower())
        digits = _digits(match[2], algorithm) if algorithm is not None else None
        if algorithm is not None and digits is not None:
            found[algorithm] = digits
    return found


def _digits(text: str, algorithm: str) -> str | None:
    """Read a checksum in the notation that its length shows: hex digits, base64, or ``:base64:``.

    Short ones lose leading zeros at some servers.
    """
    length = DIGITS[algorithm]
    plain = text.strip(':"')
    digits = plain.lower()
    if length == 8 and len(digits) < length and not plain.endswith("="):
        digits = digits.zfill(length)
    if len(digits) == length and _HEX.match(digits):
        return digits
    try:
        digits = base64.b64decode(plain.encode("ascii"), validate=True).hex()
    except (binascii.Error, UnicodeEncodeError):
        return None
    return digits if len(digits) == length else None
