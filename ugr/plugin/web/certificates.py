# SPDX-License-Identifier: Apache-2.0
"""A client certificate or grid proxy, as far as ugr has to understand it: until when, and whose key.

Knows: PEM, validity, whether certificate and key belong together. Refuses to know: trust, which is
the server's to judge, and files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

_KEY = re.compile(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.+?-----END \1-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Certificates:
    """A certificate with its chain, and its key. Times are seconds since 1970.

    ``expires`` is the end of the one in the chain that ends first, for a proxy does not outlive the
    certificate that made it; ``starts`` is the beginning of that one.
    """

    starts: float
    expires: float

    @classmethod
    def read(cls, certificate: bytes, key: bytes) -> Certificates:
        """Read PEM; raise ValueError, in words, when the two cannot be used together."""
        try:
            chain = x509.load_pem_x509_certificates(certificate)
        except ValueError:
            raise ValueError("it is not a certificate in PEM") from None
        found = _KEY.search(key)
        if found is None:
            raise ValueError("there is no key in PEM")
        try:
            # unsafe is only to take a stranger's key; to check that of a host takes up to a fifth of a second
            private = serialization.load_pem_private_key(found[0], None, unsafe_skip_rsa_key_validation=True)
        except (TypeError, ValueError, UnsupportedAlgorithm):
            raise ValueError("the key cannot be read; it must be PEM without a passphrase") from None
        if _public(private) != _public(chain[0]):
            raise ValueError("certificate and key do not belong together")
        first = min(chain, key=lambda one: one.not_valid_after_utc)
        return cls(first.not_valid_before_utc.timestamp(), first.not_valid_after_utc.timestamp())


def _public(of: PrivateKeyTypes | x509.Certificate) -> bytes:
    return of.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
