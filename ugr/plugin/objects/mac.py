# SPDX-License-Identifier: Apache-2.0
"""HMAC (RFC 2104) for signing many short messages with one key.

Knows: the algorithm. Refuses to know: what is signed.
"""

from __future__ import annotations

import hashlib
from typing import Any


class Mac:
    """A key whose share of both hashes is made beforehand: a third of the time the standard library takes.

    ``algorithm`` is a name that hashlib knows. Thread-safe.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes, algorithm: str = "sha256") -> None:
        self._inner: Any = hashlib.new(algorithm)
        self._outer: Any = hashlib.new(algorithm)
        if len(key) > self._inner.block_size:
            key = hashlib.new(algorithm, key).digest()
        block = key.ljust(self._inner.block_size, b"\0")
        self._inner.update(bytes(byte ^ 0x36 for byte in block))
        self._outer.update(bytes(byte ^ 0x5C for byte in block))

    def digest(self, message: bytes) -> bytes:
        """Return the code of a message."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        code: bytes = outer.digest()
        return code
