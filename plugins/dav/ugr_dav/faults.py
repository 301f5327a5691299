# SPDX-License-Identifier: Apache-2.0
"""Refusals of a WebDAV storage as facts: which error, and what would help.

Knows: status codes (RFC 9110, 15; RFC 4918, 11), and the reasons that XRootD gives in words.
Refuses to know: what the caller does about it.

What a client's odd path can provoke must not be Misbehaved: that counts against the endpoint's
health, and three odd paths would take it down.
"""

from __future__ import annotations

import re
import time

from ugr.plugin import (
    AlreadyExists,
    Answer,
    BadRequest,
    Busy,
    Conflict,
    EndpointError,
    IsADirectory,
    Misbehaved,
    NoSpace,
    NotADirectory,
    NotFound,
    PermissionDenied,
    PreconditionFailed,
    Timeout,
    UgrError,
    Unsupported,
)
from ugr.plugin.objects import Row, refusal
from ugr.plugin.web import Access

STATUSES = {
    400: Row(BadRequest, "the storage does not take this path"),
    404: Row(NotFound),
    405: Row(Unsupported, "the storage does not do this here; check url"),
    408: Row(Timeout, "the storage gave up waiting"),
    409: Row(Conflict, "a directory on the way is missing, or is a file"),
    410: Row(NotFound),
    412: Row(PreconditionFailed),
    413: Row(NoSpace, "it is too large for the storage"),
    414: Row(NotFound, "the storage takes no path that is so long"),
    423: Row(Conflict, "somebody has locked it; ask again later", retryable=True),
    424: Row(Conflict, "something that it depends on failed"),
    429: Row(Busy, "the storage asks for fewer requests"),
    431: Row(BadRequest, "the storage does not take so much"),
    501: Row(Unsupported, "the storage does not do this"),
    502: Row(Misbehaved, "a server behind it failed, or it does not know itself by the host of url"),
    503: Row(Busy, "the storage asks for patience"),
    504: Row(Timeout, "the storage itself waited in vain for somebody"),
    507: Row(NoSpace, "the storage is full, or a quota is used up"),
    # RFC 5842, 7.2: a federation that would have to ask us in turn
    508: Row(NotFound, "the storage is a federation that would have to ask this one"),
}
"""Status -> what it means, but for 401 and 403, which depend on what we showed."""

REASONS = {
    "not a directory": Row(NotADirectory),
    "is a directory": Row(IsADirectory),
    "no such file or directory": Row(NotFound),
    "file name too long": Row(NotFound, "the storage takes no name that is so long"),
    "file exists": Row(AlreadyExists),
    "directory not empty": Row(Conflict, "the directory is not empty"),
    "permission denied": Row(PermissionDenied, "the credentials do not have this right there"),
    "read-only file system": Row(PermissionDenied, "the storage is read-only"),
    "no space left on device": Row(NoSpace, "the storage is full"),
    "disk quota exceeded": Row(NoSpace, "a quota is used up"),
    "invalid argument": Row(BadRequest, "the storage does not take this path"),
}
"""What XRootD says at the end of a 5xx: the operating system's words, where others choose a status."""

_REASON = re.compile(rb"; ([a-z -]{3,40})\s*\Z")

NO_DAV = frozenset({405, 501})
"""Answers to PROPFIND of whoever does not speak WebDAV."""


def fault(answer: Answer, access: Access) -> UgrError:
    """Return the error that a refusal stands for."""
    if answer.status in (401, 403):
        return access.refusal(answer.status, f"the storage answered {answer.status}")
    return refusal(answer, _row(answer), time.time())


def no_dav(status: int) -> UgrError:
    """Return the error of a server that has no PROPFIND: it will have none later either."""
    return EndpointError(
        f"the server answered {status} to PROPFIND: it does not speak WebDAV at url; check url, or write type = http",
        retryable=False,
    )


def _row(answer: Answer) -> Row:
    if answer.status >= 500:
        reason = _REASON.search(answer.body[-64:])
        row = REASONS.get(reason[1].decode("ascii")) if reason else None
        if row is not None:
            return row
    if 300 <= answer.status < 400:
        return Row(EndpointError, "it redirects, where that cannot be followed; check url", retryable=False)
    if 400 <= answer.status < 500:
        return STATUSES.get(answer.status, Row(EndpointError))
    return STATUSES.get(answer.status, Row(Misbehaved))
