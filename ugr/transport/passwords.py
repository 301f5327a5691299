# SPDX-License-Identifier: Apache-2.0
"""HTTP Basic (RFC 7617) and Digest (RFC 7616); pure but for the client's nonce.

Knows: challenges and their answers. Refuses to know: connections. libcurl could do this too, but
it repeats a request that follows a challenge on the same connection whatever its method, so a
DELETE could arrive twice.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

_PART = re.compile(
    r"""([!#$%&'*+.^_`|~0-9A-Za-z-]+)          # a scheme or the name of a parameter
        (?:[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|[!#$%&'*+.^_`|~0-9A-Za-z-]+))?""",
    re.VERBOSE,
)
_HASHES = {"MD5": "md5", "SHA-256": "sha256"}


def basic(user: str, password: str) -> str:
    """Return the value of Authorization for HTTP Basic, in UTF-8."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


@dataclass(slots=True)
class Challenge:
    """What one server asked for; answers count up, so one instance serves many requests.

    ``algorithm`` is as the server wrote it, None when it did not.
    """

    realm: str
    nonce: str
    algorithm: str | None = None
    opaque: str | None = None
    qop: bool = True
    count: int = 0

    def answer(
        self, user: str, password: str, method: str, target: str, *, client_nonce: str | None = None
    ) -> str:
        """Return the value of Authorization for one request; ``target`` as in its request line."""
        self.count += 1
        cnonce = client_nonce or os.urandom(12).hex()
        count = f"{self.count:08x}"
        name = (self.algorithm or "MD5").upper()
        secret = self._hash(f"{user}:{self.realm}:{password}")
        if name.endswith("-SESS"):
            secret = self._hash(f"{secret}:{self.nonce}:{cnonce}")
        middle = f"{self.nonce}:{count}:{cnonce}:auth" if self.qop else self.nonce
        response = self._hash(f"{secret}:{middle}:{self._hash(f'{method}:{target}')}")
        parts = [
            f"username={_quoted(user)}",
            f"realm={_quoted(self.realm)}",
            f"nonce={_quoted(self.nonce)}",
            f"uri={_quoted(target)}",
            f'response="{response}"',
        ]
        if self.algorithm is not None:
            parts.append(f"algorithm={self.algorithm}")
        if self.opaque is not None:
            parts.append(f"opaque={_quoted(self.opaque)}")
        if self.qop or name.endswith("-SESS"):
            parts.append(f'cnonce="{cnonce}"')
        if self.qop:
            parts.append(f"qop=auth, nc={count}")
        return "Digest " + ", ".join(parts)

    def _hash(self, text: str) -> str:
        name = (self.algorithm or "MD5").upper().removesuffix("-SESS")
        return hashlib.new(_HASHES[name], text.encode(), usedforsecurity=False).hexdigest()


def challenge(values: Iterable[str]) -> Challenge | None:
    """Return the first Digest challenge that can be answered, None without one.

    ``values`` are those of all WWW-Authenticate fields. Not answered: algorithms other than MD5,
    SHA-256 and their -sess forms, qop without ``auth``.
    """
    for parameters in _digests(values):
        algorithm = parameters.get("algorithm")
        if (algorithm or "MD5").upper().removesuffix("-SESS") not in _HASHES:
            continue
        qop = parameters.get("qop")
        if qop is not None and "auth" not in re.split(r"[\s,]+", qop.lower()):
            continue
        if "realm" in parameters and "nonce" in parameters:
            return Challenge(
                parameters["realm"], parameters["nonce"], algorithm, parameters.get("opaque"), qop is not None
            )
    return None


def _digests(values: Iterable[str]) -> list[dict[str, str]]:
    """Return the parameters of each Digest challenge, names lower-case."""
    found: list[dict[str, str]] = []
    for value in values:
        current: dict[str, str] | None = None
        for match in _PART.finditer(value):
            name, text = match.groups()
            if text is None:
                current = {} if name.lower() == "digest" else None
                if current is not None:
                    found.append(current)
            elif current is not None:
                current.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", text[1:-1]) if text[0] == '"' else text)
    return found


def _quoted(text: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
