# SPDX-License-Identifier: Apache-2.0
"""Checksums of open files, computed while there is time.

Knows: the algorithms that the standard library has. Refuses to know: paths.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Callable
from functools import partial
from typing import Protocol

from ugr.plugin import Call, Conflict, Unsupported

BLOCK = 1 << 20


class Digest(Protocol):
    """What ``hashlib`` objects offer, as far as it is used here."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes in."""
        ...

    def hexdigest(self) -> str:
        """Return lower-case hex digits."""
        ...


class Adler32:
    """Adler-32 (RFC 1950 section 9) in the manner of ``hashlib``."""

    def __init__(self) -> None:
        self._value = 1

    def update(self, data: bytes, /) -> None:
        """Take more bytes in."""
        self._value = zlib.adler32(data, self._value)

    def hexdigest(self) -> str:
        """Return 8 lower-case hex digits."""
        return f"{self._value:08x}"


ALGORITHMS: dict[str, Callable[[], Digest]] = {
    "adler32": Adler32,
    "md5": partial(hashlib.md5, usedforsecurity=False),
    "sha1": partial(hashlib.sha1, usedforsecurity=False),
    "sha256": hashlib.sha256,
    "sha512": hashlib.sha512,
}


def known(algorithm: str) -> Callable[[], Digest]:
    """Return what starts a checksum; raise Unsupported for an algorithm that is not here."""
    try:
        return ALGORITHMS[algorithm]
    except KeyError:
        raise Unsupported(f"{algorithm} is not computed here; use one of {', '.join(ALGORITHMS)}") from None


def checksum(descriptor: int, start: Callable[[], Digest], call: Call) -> str:
    """Return the checksum of an open file from its beginning to its end, in lower-case hex digits.

    Raises DeadlineExceeded when time runs out, Conflict when the file changes meanwhile.
    """
    before = os.fstat(descriptor)
    digest = start()
    position = 0
    while True:
        call.require_time()
        block = os.pread(descriptor, BLOCK, position)
        if not block:
            break
        digest.update(block)
        position += len(block)
    require_unchanged(before, descriptor, position)
    return digest.hexdigest()


def require_unchanged(before: os.stat_result, descriptor: int, length: int) -> None:
    """Raise Conflict unless a file is what it was, and all of its bytes were seen."""
    after = os.fstat(descriptor)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or length != after.st_size:
        raise Conflict("the file changed while it was read; ask again", retryable=True)
