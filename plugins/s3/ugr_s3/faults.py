# SPDX-License-Identifier: Apache-2.0
"""Refusals of S3 as facts: which error, and what would help.

Knows: the error codes of the Amazon S3 API reference ("Error responses") and of Ceph's gateway.
Refuses to know: what was asked, and what the caller does about it.
"""

from __future__ import annotations

from typing import NamedTuple

from ugr.plugin import (
    Answer,
    BadRequest,
    Busy,
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
from ugr_s3.documents import error_of
from ugr_s3.metadata import http_date
from ugr_s3.options import S3Options


class Row(NamedTuple):
    """What a code means: the error, and what would help."""

    error: type[UgrError]
    remedy: str = ""
    retryable: bool | None = None


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
    "EntityTooLarge": Row(Unsupported, "the object is too large for one request"),
    "MethodNotAllowed": Row(Unsupported, "the storage does not do this"),
    "NotImplemented": Row(Unsupported, "the storage does not do this"),
    "PreconditionFailed": Row(PreconditionFailed),
}
"""Error code -> what it means; all others go by the status."""

ELSEWHERE = frozenset(
    {"PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
)
"""Codes that may say that the bucket is in another region."""

MAX_RETRY_AFTER = 3600.0


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
    if code in ELSEWHERE or 300 <= answer.status < 400:
        message = f"{_answered(answer, code)}: the bucket is elsewhere; check url, region and addressing"
        return Misbehaved(message, retryable=False)
    row = CODES.get(code or "") or _by_status(answer.status)
    message = f"{_answered(answer, code)}: {row.remedy}" if row.remedy else _answered(answer, code)
    if code == "RequestTimeTooSkewed":
        message += _skew(answer, now)
    if row.error is Busy:
        return Busy(message, retry_after=retry_after(answer, now))
    return row.error(message, retryable=row.retryable)


def _by_status(status: int) -> Row:
    if status == 401:
        return Row(Unauthenticated, "the storage wants other credentials")
    if status == 403:
        return Row(PermissionDenied, "the keys do not have this right; check keys, the clock and the bucket's policy")
    if status in (429, 503):
        return Row(Busy, "the storage asks for patience")
    if status == 404:
        return Row(Misbehaved, "that is not how S3 speaks of a bucket; check url and bucket")
    if status == 412:
        return Row(PreconditionFailed)
    return Row(Misbehaved)


def retry_after(answer: Answer, now: float) -> float | None:
    """Return the seconds that the storage asks us to wait (RFC 9110 section 10.2.3), None when it does not say."""
    text = answer.header("retry-after") or ""
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return min(float(text), MAX_RETRY_AFTER)
    moment = http_date(text)
    return None if moment is None else min(max(0.0, moment - now), MAX_RETRY_AFTER)


def _answered(answer: Answer, code: str | None) -> str:
    return f"the storage answered {answer.status}" + (f" {code}" if code else "")


def _skew(answer: Answer, now: float) -> str:
    theirs = http_date(answer.header("date"))
    if theirs is None:
        return ""
    ahead = now - theirs
    return f" (ours is {abs(ahead):.0f} s {'ahead' if ahead > 0 else 'behind'})"


def _shown(region: str) -> str:
    return region if region.replace("-", "").isalnum() and region.isascii() and len(region) <= 64 else "?"
