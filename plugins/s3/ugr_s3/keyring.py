# SPDX-License-Identifier: Apache-2.0
"""The key pair in force.

Knows: which options hold it. Refuses to know: files, and when they are read again; the core does
that. The parts of a renewed pair are read one after the other: for the moment between, signatures
are refused, as they are between the renewal at the storage and that of the files.
"""

from __future__ import annotations

from ugr_s3.options import S3Options
from ugr_s3.signing import Keys


class Keyring:
    """Gives out the key pair: the same object until one of its parts changes. Thread-safe."""

    def __init__(self, options: S3Options) -> None:
        self._options = options
        self._keys: Keys | None = None

    def __call__(self) -> Keys:
        """Return the pair as last read."""
        options, keys = self._options, self._keys
        access_key = options.access_key if options.access_key_id is None else options.access_key_id.value
        secret_key = options.secret_key.value
        token = None if options.session_token is None else options.session_token.value
        if keys is not None and keys.secret_key == secret_key and keys.access_key == access_key and keys.token == token:
            return keys
        self._keys = keys = Keys(access_key or "", secret_key, token)
        return keys
