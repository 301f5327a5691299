# SPDX-License-Identifier: Apache-2.0
"""Refusals of S3 become facts with a remedy; a missing bucket is never a missing file."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from ugr_s3.faults import CODES, fault
from ugr_s3.options import S3Options

from ugr.plugin import (
    Answer,
    Busy,
    Conflict,
    EndpointError,
    Misbehaved,
    NoSpace,
    NotFound,
    PermissionDenied,
    Secret,
    UgrError,
    Unauthenticated,
)

NOW = 1_700_000_000.0
OPTIONS = S3Options(
    url="https://s3.example.org", bucket="atlas", access_key="KEY", secret_key=Secret(literal="very secret")
)


def refused(status: int, code: str | None = None, region: str | None = None, **headers: str) -> UgrError:
    parts = [f"<{name}>{value}</{name}>" for name, value in (("Code", code), ("Region", region)) if value]
    body = f"<Error>{''.join(parts)}<StringToSign>very secret</StringToSign></Error>".encode() if parts else b""
    fields = tuple((name.replace("_", "-"), text) for name, text in headers.items())
    return fault(Answer(status, fields, body), OPTIONS, NOW)


@pytest.mark.parametrize(
    ("status", "code", "error", "says"),
    [
        (403, "InvalidAccessKeyId", Unauthenticated, "check access_key"),
        (403, "SignatureDoesNotMatch", Unauthenticated, "check secret_key"),
        (403, "RequestTimeTooSkewed", Unauthenticated, "clock"),
        (400, "ExpiredToken", Unauthenticated, "session token has expired"),
        (403, "AccessDenied", PermissionDenied, "check the bucket's policy"),
        (403, None, PermissionDenied, "answered 403"),
        (401, None, Unauthenticated, "answered 401"),
        (404, "NoSuchBucket", EndpointError, "check bucket"),
        (404, "NoSuchKey", NotFound, "NoSuchKey"),
        (404, None, Misbehaved, "answered 404"),
        (503, "SlowDown", Busy, "fewer requests"),
        (503, None, Busy, "patience"),
        (429, None, Busy, "patience"),
        (500, "InternalError", Misbehaved, "answered 500 InternalError"),
        (502, None, Misbehaved, "answered 502"),
        (403, "QuotaExceeded", NoSpace, "quota"),
        (403, "InvalidObjectState", Conflict, "archive"),
        (418, "Teapot", Misbehaved, "answered 418 Teapot"),
    ],
)
def test_a_refusal_has_its_error_and_its_code(status, code, error, says):
    found = refused(status, code)
    assert type(found) is error
    assert says in found.message
    assert code is None or code in found.message
    assert "very secret" not in found.message


def test_a_missing_bucket_is_a_misconfiguration_that_asking_again_does_not_cure():
    found = refused(404, "NoSuchBucket")
    assert not isinstance(found, NotFound)
    assert not found.retryable


@pytest.mark.parametrize(
    "found",
    [
        refused(301, "PermanentRedirect", x_amz_bucket_region="eu-west-1"),
        refused(307, x_amz_bucket_region="eu-west-1"),
        refused(400, x_amz_bucket_region="eu-west-1"),
        refused(400, "AuthorizationHeaderMalformed", region="eu-west-1"),
        refused(403, "InvalidAccessKeyId", x_amz_bucket_region="eu-west-1"),
    ],
)
def test_a_bucket_in_another_region_names_the_region_to_write(found):
    assert type(found) is Misbehaved
    assert "region = eu-west-1" in found.message
    assert not found.retryable


def test_the_region_of_the_bucket_is_no_fault_when_it_is_ours():
    assert type(refused(403, "AccessDenied", x_amz_bucket_region="us-east-1")) is PermissionDenied


def test_a_redirect_without_a_region_says_what_to_check():
    assert "check url, region and addressing" in refused(301, "PermanentRedirect").message
    assert "check url, region and addressing" in refused(302).message


def test_a_region_that_is_no_word_is_not_repeated():
    assert "<script>" not in refused(301, x_amz_bucket_region="<script>").message


def test_clocks_that_differ_are_told_by_how_much_and_which_way():
    theirs = formatdate(NOW - 7200, usegmt=True)
    assert "ours is 7200 s ahead" in refused(403, "RequestTimeTooSkewed", date=theirs).message


def test_a_busy_storage_says_for_how_long():
    assert refused(503, "SlowDown", retry_after="7").retry_after == 7.0


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_makes_an_error(code):
    assert isinstance(refused(403, code), CODES[code].error)
