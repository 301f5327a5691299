# SPDX-License-Identifier: Apache-2.0
"""Refusals of Azure as facts: which error, and what would help.

Knows: the error codes of the Azure Storage REST API reference ("Common REST API error codes", "Blob
service error codes"), which are in a header too, and those of OAuth 2 (RFC 6749 section 5.2). Refuses to
know: what was asked, and what the caller does about it.
"""

from __future__ import annotations

import json
import re

from ugr.plugin import (
    AlreadyExists,
    Answer,
    BadRequest,
    Busy,
    Conflict,
    EndpointError,
    Misbehaved,
    NoSpace,
    NotFound,
    PermissionDenied,
    PreconditionFailed,
    Timeout,
    UgrError,
    Unauthenticated,
    Unsupported,
)
from ugr.plugin.objects import Row, ahead, by_status, refusal

SIGNATURE = Row(Unauthenticated, "the signature is refused; check account, its key, and this host's clock")

CODES = {
    "AuthenticationFailed": SIGNATURE,
    "InvalidAuthenticationInfo": SIGNATURE,
    "NoAuthenticationInformation": SIGNATURE,
    "AuthorizationFailure": Row(PermissionDenied, "check the account's key, and its network rules"),
    "AuthorizationPermissionMismatch": Row(PermissionDenied, "the application lacks a role; give it Storage Blob Data"),
    "AuthorizationProtocolMismatch": Row(PermissionDenied, "the account wants https; check url"),
    "AuthorizationResourceTypeMismatch": Row(PermissionDenied),
    "AuthorizationServiceMismatch": Row(PermissionDenied),
    "AuthorizationSourceIPMismatch": Row(PermissionDenied, "check the account's network rules"),
    "InsufficientAccountPermissions": Row(PermissionDenied),
    "KeyBasedAuthenticationNotPermitted": Row(
        PermissionDenied, "the account takes no keys; write tenant, client_id and client_secret_file instead"
    ),
    "PublicAccessNotPermitted": Row(PermissionDenied),
    "AccountIsDisabled": Row(PermissionDenied, "the account is disabled"),
    "BlobImmutableDueToPolicy": Row(PermissionDenied, "the blob must not be changed, by a policy of the container"),
    "AccountRequiresHttps": Row(EndpointError, "the account wants https; check url", retryable=False),
    "ContainerNotFound": Row(EndpointError, "the container does not exist; check container and url", retryable=False),
    "ContainerDisabled": Row(EndpointError, "the container is disabled", retryable=False),
    "ContainerBeingDeleted": Row(EndpointError, "somebody deletes the container", retryable=False),
    "ResourceNotFound": Row(EndpointError, "no such account or container; check both, and url", retryable=False),
    "AccountBeingCreated": Row(Busy, "the account is being made"),
    "ServerBusy": Row(Busy, "the storage asks for fewer requests"),
    "TooManyRequests": Row(Busy, "the storage asks for fewer requests"),
    "OperationTimedOut": Row(Timeout, "the storage gave up"),
    "BlobNotFound": Row(NotFound),
    "CannotVerifyCopySource": Row(NotFound, "what was to be copied is not there any more"),
    "BlobAlreadyExists": Row(AlreadyExists),
    "ConditionNotMet": Row(PreconditionFailed),
    "TargetConditionNotMet": Row(PreconditionFailed),
    "BlobArchived": Row(Conflict, "the blob is in the archive; have it brought back first"),
    "BlobBeingRehydrated": Row(Conflict, "the blob is being brought back from the archive"),
    "DirectoryIsNotEmpty": Row(Conflict, "the directory is not empty"),
    "LeaseIdMissing": Row(Conflict, "somebody has a lease on the blob"),
    "PendingCopyOperation": Row(Conflict, "something is being copied to that name"),
    "SnapshotsPresent": Row(Conflict, "the blob has snapshots, which would go too; delete them first"),
    "InvalidBlobType": Row(Conflict, "a blob of another type has that name"),
    "InvalidResourceName": Row(BadRequest, "the storage does not allow this name"),
    "InvalidUri": Row(BadRequest, "the storage does not allow this name"),
    "OutOfRangeInput": Row(BadRequest, "the storage does not allow this name, or the container's"),
    "MetadataTooLarge": Row(NoSpace, "the blob's metadata are full"),
    "RequestBodyTooLarge": Row(NoSpace, "the blob is too large for one request"),
    "UnsupportedHttpVerb": Row(Unsupported, "the storage does not do this"),
    "FeatureNotSupported": Row(Unsupported, "the account does not do this"),
}
"""Error code -> what it means; all others go by the status."""

OAUTH = {
    "invalid_client": Row(Unauthenticated, "check client_id and client_secret"),
    "unauthorized_client": Row(Unauthenticated, "check client_id and tenant"),
    "invalid_request": Row(Unauthenticated, "check tenant and client_id"),
    "invalid_tenant": Row(Unauthenticated, "check tenant"),
    "temporarily_unavailable": Row(Busy),
}
"""Error code of the authority -> what it means."""

TELLING_SKEW = 60.0
"""Seconds by which clocks must differ before it is mentioned: signatures forgive the first quarter of an hour."""

_WORD = re.compile(r"[A-Za-z0-9_]{1,64}\Z")


def code_of(answer: Answer) -> str | None:
    """Return the error code of an answer, when it is a word."""
    code = answer.header("x-ms-error-code") or ""
    return code if _WORD.match(code) else None


def storage_fault(answer: Answer, now: float) -> UgrError:
    """Return the error that an answer stands for; never NotFound because the container is missing.

    ``now`` is this host's time, in seconds since 1970.
    """
    code = code_of(answer)
    row = CODES.get(code or "") or _by_status(answer.status)
    more = ahead(answer, now, least=TELLING_SKEW) if answer.status in (401, 403) else ""
    return refusal(answer, row, now, code=code, more=more)


def authority_fault(answer: Answer, now: float) -> UgrError:
    """Return the error that the authority's answer stands for."""
    try:
        code = str(json.loads(answer.body)["error"])
    except (ValueError, KeyError, TypeError, RecursionError):
        code = ""
    row = OAUTH.get(code) or by_status(answer.status)
    shown = code if _WORD.match(code) else None
    return refusal(answer, row, now, code=shown, more="; this is the authority")


def _by_status(status: int) -> Row:
    if status == 404:
        return Row(Misbehaved, "that is not how Azure speaks of a blob; check url")
    return by_status(status)
