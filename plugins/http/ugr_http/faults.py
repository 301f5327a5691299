# SPDX-License-Identifier: Apache-2.0
"""Refusals of a web server as facts: which error, and what would help.

Knows: status codes (RFC 9110, 15). Refuses to know: what was asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from ugr.plugin import (
    Answer,
    Busy,
    Misbehaved,
    NotFound,
    PermissionDenied,
    Timeout,
    UgrError,
    Unauthenticated,
)
from ugr_http.metadata import http_date


class Row(NamedTuple):
    """What a status means: the error, and what would help."""

    error: type[UgrError]
    remedy: str = ""


STATUSES = {
    401: Row(Unauthenticated, "the server wants other credentials"),
    403: Row(PermissionDenied, "the server refuses it to the federation; check its access rules and the credentials"),
    404: Row(NotFound),
    407: Row(Misbehaved, "there is a proxy in the way that wants a password"),
    410: Row(NotFound),
    414: Row(NotFound, "the server takes no name that is so long"),
    429: Row(Busy, "the server asks for fewer requests"),
    503: Row(Busy, "the server asks for patience"),
    504: Row(Timeout, "the server itself waited in vain for somebody"),
    # RFC 5842, 7.2: a federation that would have to ask us in turn
    508: Row(NotFound, "the server is a federation that would have to ask this one"),
}
"""Status -> what it means; all others break the protocol, as far as we know it."""

MAX_RETRY_AFTER = 3600.0


def fault(answer: Answer, clock: Callable[[], float] = time.time) -> UgrError:
    """Return the error that a refusal stands for. ``clock`` gives seconds since 1970."""
    row = STATUSES.get(answer.status, Row(Misbehaved))
    message = f"the server answered {answer.status}" + (f": {row.remedy}" if row.remedy else "")
    if row.error is Busy:
        return Busy(message, retry_after=retry_after(answer, clock()))
    return row.error(message)


def retry_after(answer: Answer, now: float) -> float | None:
    """Return the seconds that the server asks us to wait (RFC 9110, 10.2.3), None when it does not say."""
    text = answer.header("retry-after") or ""
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return min(float(text), MAX_RETRY_AFTER)
    moment = http_date(text)
    return None if moment is None else min(max(0.0, moment - now), MAX_RETRY_AFTER)
