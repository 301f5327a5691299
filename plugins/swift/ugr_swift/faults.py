# SPDX-License-Identifier: Apache-2.0
"""Refusals of Swift as facts: which error, and what would help.

Knows: the statuses of the OpenStack Object Storage API reference, Ceph's gateway and Keystone; their
bodies are prose. Refuses to know: what was asked, and what the caller does about it.
"""

from __future__ import annotations

from ugr.plugin import (
    AlreadyExists,
    Answer,
    Busy,
    EndpointError,
    Misbehaved,
    NoSpace,
    PermissionDenied,
    UgrError,
    Unauthenticated,
)
from ugr.plugin.objects import Row, by_status, refusal

STORAGE = {
    401: Row(Unauthenticated, "the token is refused; check auth, user and key"),
    403: Row(PermissionDenied, "the user does not have this right; check the container's ACL"),
    404: Row(EndpointError, "the container does not exist; check container and url", retryable=False),
    409: Row(Misbehaved, "the storage has a conflict that it does not explain"),
    412: Row(AlreadyExists),
    413: Row(NoSpace, "the object is too large for one request, or a quota is used up"),
    498: Row(Busy, "the storage asks for fewer requests"),
}
"""Status -> what it means when a container or an object was asked for; all others go by the status alone."""

AUTHENTICATION = {
    400: Row(Unauthenticated, "the question is refused; check user, project and their domains", retryable=False),
    401: Row(Unauthenticated, "user and key are refused; check user, key, project and their domains"),
    403: Row(Unauthenticated, "user and key are refused; check user, key, project and their domains"),
}
"""Status -> what it means when a token was asked for."""

NO_AUTHORITY = Row(EndpointError, "nothing gives tokens there; check auth and auth_url", retryable=False)


def storage_fault(answer: Answer, now: float) -> UgrError:
    """Return the error that the storage's answer stands for; never NotFound. ``now`` is seconds since 1970."""
    return refusal(answer, STORAGE.get(answer.status) or by_status(answer.status), now)


def authentication_fault(answer: Answer, now: float) -> UgrError:
    """Return the error that the authentication service's answer stands for."""
    row = AUTHENTICATION.get(answer.status)
    if row is None:
        row = by_status(answer.status) if answer.status >= 429 else NO_AUTHORITY
    return refusal(answer, row, now, more="; this is the authentication service")
