# SPDX-License-Identifier: Apache-2.0
"""From libcurl's result codes to errors of ugr; pure.

Knows: which code means what, and that some mean two things. Refuses to know: handles, requests.
Messages name host and port and what failed, never a path, a query or a credential.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from ugr.errors import BadRequest, Misbehaved, Refused, Timeout, UgrError

URL_MALFORMAT = 3
WRITE_ERROR = 23
TIMED_OUT = 28
RECV_ERROR = 56
LOST = frozenset({52, 55, RECV_ERROR})
"""Codes of a connection that broke."""

LOCAL_TLS = frozenset({58, 77, 82})
"""Codes that say that a file or blob of ours cannot be used; it may be better next time."""

_REFUSED = {
    6: "host name not resolved",
    7: "no connection",
    35: "TLS handshake failed",
    52: "connection closed without an answer",
    55: "connection lost while sending",
    56: "connection lost",
    58: "client certificate or key not usable",
    59: "no usable TLS cipher",
    60: "certificate of the endpoint not accepted",
    77: "certificate authorities not readable",
    80: "TLS shutdown failed",
    82: "revocation list not readable",
    83: "issuer of the certificate not accepted",
    90: "certificate of the endpoint not accepted",
    91: "status of the certificate not accepted",
    98: "the endpoint wants a client certificate",
}
_MISBEHAVED = {
    1: "answer is not HTTP/1.1",
    8: "malformed answer",
    18: "answer cut off",
    56: "malformed answer",
    61: "transfer coding that nobody asked for",
    100: "header of the answer too long",
}
_DETAILED = frozenset({35, 56, 58, 60, 77, 82, 83, 90, 91})
"""Codes for which libcurl's own words help: they speak of certificates and framing, not of URLs."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known besides the code: all that an error message may speak of."""

    host: str
    errno: int = 0
    status: int = 0
    """The status line that was read before the failure, 0 for none."""
    connected: bool = True
    """Whether the request went out."""
    connect_timeout: float = 0.0
    timeout: float = 0.0


def explain(code: int, words: str, about: Circumstances) -> UgrError:
    """Return the error for a result code; ``words`` is libcurl's own message."""
    if code == TIMED_OUT:
        return _late(about)
    if code == URL_MALFORMAT:
        return BadRequest(f"{about.host}: not a host that can be asked")
    detail = _detail(code, words, about.errno)
    if code in _REFUSED and not (code == RECV_ERROR and about.status and not about.errno):
        return Refused(f"{about.host}: {_REFUSED[code]}{detail}")
    what = _MISBEHAVED.get(code, f"transfer failed (libcurl error {code})")
    return Misbehaved(f"{about.host}: {what}{detail}")


def _late(about: Circumstances) -> Timeout:
    if about.connected:
        return Timeout(f"{about.host}: no complete answer within {about.timeout * 1000:.0f} ms")
    limit = min(about.connect_timeout, about.timeout)
    return Timeout(f"{about.host}: no connection within {limit * 1000:.0f} ms")


def _detail(code: int, words: str, errno: int) -> str:
    """Return ``: why``, or nothing. What an endpoint put there is made harmless."""
    if errno:
        return f": {os.strerror(errno).lower()}"
    if code not in _DETAILED or not words:
        return ""
    return ": " + re.sub(r"[^ -~]", "?", words)[:200]
