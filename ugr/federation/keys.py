# SPDX-License-Identifier: Apache-2.0
"""Under which keys memcached keeps what; pure.

Knows: prefixes, digests. Refuses to know: values.

Keys are digests, so that a path may be of any length and hold any character.
"""

from __future__ import annotations

import hashlib


class Keys:
    """The keys of one federation; ``prefix`` keeps it apart from others."""

    def __init__(self, prefix: str) -> None:
        self._secret = hashlib.sha256(prefix.encode()).digest()
        self._own = hashlib.blake2b(b"journal", digest_size=12, key=self._secret).hexdigest()
        self.head = f"h{self._own}"
        """The number of a journal's last record."""

    def digest(self, text: str) -> bytes:
        """Return the digest of a path or of an endpoint's label."""
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, key=self._secret).digest()

    def record(self, number: int) -> str:
        """Return the key of one record of a journal."""
        return f"j{self._own}.{number}"

    def name(self, digest: bytes) -> str:
        """Return the key of what is known of a name."""
        return f"n{digest.hex()}"

    def claim(self, digest: bytes) -> str:
        """Return the key of "somebody is asking for it now"."""
        return f"c{digest.hex()}"

    def listing(self, digest: bytes) -> str:
        """Return the key of a listing's head."""
        return f"d{digest.hex()}"

    def piece(self, id: bytes, number: int) -> str:
        """Return the key of one piece of a listing's body."""
        return f"p{hashlib.blake2b(id, digest_size=16, key=self._secret).hexdigest()}.{number}"

    def probe(self, digest: bytes) -> str:
        """Return the key of what the last probe of an endpoint found."""
        return f"e{digest.hex()}"

    def probing(self, digest: bytes) -> str:
        """Return the key of "somebody is probing it now"."""
        return f"q{digest.hex()}"
