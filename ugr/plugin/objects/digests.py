# SPDX-License-Identifier: Apache-2.0
"""Checksums that are kept beside an object, in its metadata, under their algorithm's name; and entity tags.

Knows: which algorithms there are and how long their digests are. Refuses to know: where a storage
keeps metadata.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ugr.errors import BadRequest, Unsupported

DIGITS = {"adler32": 8, "crc32": 8, "crc32c": 8, "md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}
"""Algorithm -> hex digits of its checksum."""

_HEX = re.compile(r"[0-9a-f]+\Z")
_MD5_TAG = re.compile(r'"?([0-9a-fA-F]{32})"?\Z')


def kept_digests(metadata: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the checksums among an object's metadata; what does not look like one is left out."""
    found = {}
    for name, value in metadata:
        digest = value.strip().lower()
        if len(digest) == DIGITS.get(name.lower()) and _HEX.match(digest):
            found[name.lower()] = digest
    return found


def md5_of_tag(tag: str | None) -> str | None:
    """Return the MD5 that an entity tag looks like, None when it looks like none; if it is one, the storage says."""
    match = _MD5_TAG.match(tag or "")
    return None if match is None else match[1].lower()


def check_digest(algorithm: str, value: str) -> None:
    """Raise Unsupported for an algorithm, BadRequest for a value, that cannot be kept."""
    if algorithm not in DIGITS:
        raise Unsupported(f"checksums that can be kept are {', '.join(DIGITS)}; not {algorithm}")
    if len(value) != DIGITS[algorithm] or not _HEX.match(value):
        raise BadRequest(f"{algorithm}: not {DIGITS[algorithm]} lower-case hex digits")
