# SPDX-License-Identifier: Apache-2.0
"""Refusals of S3 as facts: which error, and what would help.

Knows: the error codes of the Amazon S3 API reference ("Error responses") and of Ceph's gateway.
Refuses to know: what was asked, and what the caller does about it.
"""

from __future__ import annotations

from ugr.plugin import (
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
from ugr_s3.documents import error_of
from ugr_s3.options import S3Options

ELSEWHERE = Row(Misbehaved, "the bucket is elsewhere; check url, region and addressing", retryable=False)

CODES = {
    "InvalidAccessKeyId": Row(Unauthenticated, "the storage does not know the access key; check access_key"),
    "SignatureDoesNotMatch": Row(Unauthenticated, "the signature is refused; check secret_key, region and url"),
    "RequestTimeTooSkewed": Row(Unauthenticated, "this host's clock and the storage's differ too much; check both"),
    "ExpiredToken": Row(Unauthenticated, "the session token has expired; renew it"),
    "InvalidToken": Row(Unauthenticated, "the session token is refused; check session_token"),
    "TokenRefreshRequired": Row(Unauthenticated, "the session token must be renewed"),
    "InvalidClientTokenId": Row(Unauthenticated, "the storage does not know the access key; check access_key"),
    "AccessDenied": Row(PermissionDenied, "the keys do not have this right; check the bucket's policy"),
    "AllAccessDisabled": Row(PermissionDenied, "the storage has disabled all access to the bucket"),
    "AccountProblem": Row(PermissionDenied, "the storage reports a problem with the account"),
    "UserSuspended": Row(PermissionDenied, "the storage has suspended the user of these keys"),
    "NoSuchBucket": Row(EndpointError, "the bucket does not exist; check bucket and url", retryable=False),
    "InvalidBucketName": Row(EndpointError, "the bucket's name is not valid there; check bucket", retryable=False),
    "PermanentRedirect": ELSEWHERE,
    "TemporaryRedirect": ELSEWHERE,
    "AuthorizationHeaderMalformed": ELSEWHERE,
    "IllegalLocationConstraintException": ELSEWHERE,
    "NoSuchKey": Row(NotFound),
    "KeyTooLongError": Row(BadRequest, "the name is too long for the storage"),
    "InvalidObjectName": Row(BadRequest, "the storage does not allow this name"),
    "SlowDown": Row(Busy, "the storage asks for fewer requests"),
    "ServiceUnavailable": Row(Busy, "the storage asks for patience"),
    "TooManyRequests": Row(Busy, "the storage asks for fewer requests"),
    "ThrottlingException": Row(Busy, "the storage asks for fewer requests"),
    "RequestLimitExceeded": Row(Busy, "the storage asks for fewer requests"),
    "RequestTimeout": Row(Timeout, "the storage gave up waiting"),
    "QuotaExceeded": Row(NoSpace, "the quota is used up"),
    "InsufficientCapacity": Row(NoSpace, "the storage is full"),
    "InvalidObjectState": Row(Conflict, "the object is in the archive; have it brought back first"),
    "EntityTooLarge": Row(Unsupported, "the object is too large for one request"),
    "MethodNotAllowed": Row(Unsupported, "the storage does not do this"),
    "NotImplemented": Row(Unsupported, "the storage does not do this"),
    "PreconditionFailed": Row(PreconditionFailed),
}
"""Error code -> what it means; all others go by the status."""


def fault(answer: Answer, options: S3Options, now: float) -> UgrError:
    """Return the error that an answer stands for; never NotFound because the bucket is missing.

    ``now`` is this host's time, in seconds since 1970.
    """
    error = error_of(answer.body)
    code = error.get("Code")
    region = answer.header("x-amz-bucket-region") or error.get("Region")
    if region and region != options.region and (300 <= answer.status < 400 or answer.status in (400, 403)):
        message = f"bucket {options.bucket} is in another region; write region = {_shown(region)}"
        return Misbehaved(message, retryable=False)
    row = CODES.get(code or "") or _by_status(answer.status)
    more = ahead(answer, now) if code == "RequestTimeTooSkewed" else ""
    return refusal(answer, row, now, code=code, more=more)


def _by_status(status: int) -> Row:
    if 300 <= status < 400:
        return ELSEWHERE
    if status == 404:
        return Row(Misbehaved, "that is not how S3 speaks of a bucket; check url and bucket")
    return by_status(status)


def _shown(region: str) -> str:
    return region if region.replace("-", "").isalnum() and region.isascii() and len(region) <= 64 else "?"
