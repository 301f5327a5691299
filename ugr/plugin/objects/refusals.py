# SPDX-License-Identifier: Apache-2.0
"""Refusals of a storage as facts: which error, and what would help.

Knows: how a row of a plugin's table of codes, or a mere status, becomes an error. Refuses to know:
any storage's codes.
"""

from __future__ import annotations

from typing import NamedTuple

from ugr.errors import Busy, Misbehaved, NoSpace, PermissionDenied, PreconditionFailed, UgrError, Unauthenticated
from ugr.plugin.objects.headers import http_date, retry_after
from ugr.transport import Answer

MAX_ERROR_BYTES = 65536
"""Bytes of a refusal that are read to find its code."""


class Row(NamedTuple):
    """What a code means: the error, what would help, and whether asking again may."""

    error: type[UgrError]
    remedy: str = ""
    retryable: bool | None = None


STATUSES = {
    401: Row(Unauthenticated, "the storage wants other credentials"),
    403: Row(PermissionDenied, "the credentials do not have this right; check them, and the clock"),
    412: Row(PreconditionFailed),
    429: Row(Busy, "the storage asks for patience"),
    503: Row(Busy, "the storage asks for patience"),
    507: Row(NoSpace, "the storage is full"),
}
"""Status -> what it means at any storage (RFC 9110, RFC 6585, RFC 4918)."""


def by_status(status: int) -> Row:
    """Return what a status means when nothing more is known; any that is not in the table is misbehaviour."""
    return STATUSES.get(status, Row(Misbehaved))


def refusal(answer: Answer, row: Row, now: float, *, code: str | None = None, more: str = "") -> UgrError:
    """Return the error that a row stands for, with what the storage answered in front.

    ``code`` must be a word that may be shown; ``more`` is added to the message. ``now`` is this
    host's time, in seconds since 1970.
    """
    answered = f"the storage answered {answer.status}" + (f" {code}" if code else "")
    message = (f"{answered}: {row.remedy}" if row.remedy else answered) + more
    if row.error is Busy:
        return Busy(message, retry_after=retry_after(answer, now))
    return row.error(message, retryable=row.retryable)


def ahead(answer: Answer, now: float, *, least: float = 0.0) -> str:
    """Say by how much this host's clock differs from the storage's; "" when by less than ``least`` seconds."""
    theirs = http_date(answer.header("date"))
    if theirs is None or abs(now - theirs) < least:
        return ""
    return f" (ours is {abs(now - theirs):.0f} s {'ahead' if now > theirs else 'behind'})"
