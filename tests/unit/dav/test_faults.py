# SPDX-License-Identifier: Apache-2.0
"""Refusals become facts that name the credential and say what would help; absence is only what says so."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest
from ugr_dav.faults import STATUSES, fault, no_dav
from ugr_dav.options import DavOptions

from ugr.plugin import (
    Answer,
    BadRequest,
    Busy,
    Conflict,
    EndpointError,
    Misbehaved,
    NoSpace,
    NotADirectory,
    NotFound,
    PermissionDenied,
    PreconditionFailed,
    Secret,
    Timeout,
    Unauthenticated,
    Unsupported,
)
from ugr.plugin.web import Access

SECRET = "the secret itself"
NOBODY = Access(DavOptions(url="https://dav.example.org"))
USER = Access(DavOptions(url="https://dav.example.org", user="ugr", password=Secret(literal=SECRET)))
TOKEN = Access(DavOptions(url="https://dav.example.org", token=Secret(literal=SECRET)))
CERTIFICATE = Access(DavOptions(url="https://dav.example.org", certificate=Secret(literal=SECRET)))


def refused(status: int, body: bytes = b"", access: Access = NOBODY, **headers: str):
    return fault(Answer(status, tuple((name.replace("_", "-"), text) for name, text in headers.items()), body), access)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, BadRequest),
        (404, NotFound),
        (405, Unsupported),
        (408, Timeout),
        (409, Conflict),
        (410, NotFound),
        (412, PreconditionFailed),
        (414, NotFound),
        (418, EndpointError),
        (423, Conflict),
        (429, Busy),
        (500, Misbehaved),
        (501, Unsupported),
        (502, Misbehaved),
        (503, Busy),
        (504, Timeout),
        (507, NoSpace),
        (508, NotFound),
        (299, Misbehaved),
        (302, EndpointError),
    ],
)
def test_a_status_is_a_fact(status, error):
    found = refused(status)
    assert type(found) is error
    assert f"answered {status}" in found.message


def test_only_what_the_storage_itself_did_wrong_counts_against_its_health():
    provoked = [refused(status) for status in range(400, 500)]
    assert [error for error in provoked if isinstance(error, Misbehaved)] == []
    assert all(status >= 500 for status, row in STATUSES.items() if row.error is Misbehaved)


@pytest.mark.parametrize(
    ("access", "status", "error", "says"),
    [
        (NOBODY, 401, Unauthenticated, "write user, token or certificate"),
        (NOBODY, 403, PermissionDenied, "write user, token or certificate"),
        (USER, 401, Unauthenticated, "the user with this password is refused"),
        (USER, 403, PermissionDenied, "the user with this password does not have this right"),
        (TOKEN, 401, Unauthenticated, "the bearer token is refused; check it, or renew it"),
        (TOKEN, 403, PermissionDenied, "the bearer token does not have this right"),
        (CERTIFICATE, 401, Unauthenticated, "the client certificate is refused"),
        (CERTIFICATE, 403, PermissionDenied, "a proxy may lack the attributes of its VO"),
    ],
)
def test_a_refusal_names_the_credential_and_does_not_show_it(access, status, error, says):
    found = refused(status, access=access)
    assert type(found) is error
    assert says in found.message
    assert SECRET not in found.message


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("Unable to locate /store/f/x; not a directory\n", NotADirectory),
        ("Unable to remove /store/d; directory not empty", Conflict),
        ("Unable to locate /store/xx; file name too long", NotFound),
        ("Unable to create /store/f; no space left on device", NoSpace),
        ("Unable to create /store/f; disk quota exceeded\n", NoSpace),
        ("Unable to open /store/f; permission denied", PermissionDenied),
        ("Unable to locate /store/d; not a directory; something else went wrong", Misbehaved),
        ("not a directory", Misbehaved),
        ("", Misbehaved),
    ],
)
def test_xrootd_gives_the_reason_of_a_500_in_words(text, error):
    assert type(refused(500, text.encode())) is error


def test_a_lock_may_be_gone_later():
    assert refused(423).retryable
    assert not refused(409).retryable


@pytest.mark.parametrize("status", [429, 503])
def test_patience_is_told_in_seconds_or_as_a_date(status):
    assert refused(status, retry_after="7").retry_after == 7.0
    assert refused(status).retry_after is None
    assert 55 < refused(status, retry_after=formatdate(time.time() + 60, usegmt=True)).retry_after <= 60


def test_a_server_without_webdav_is_a_misconfiguration():
    error = no_dav(405)
    assert type(error) is EndpointError
    assert "write type = http" in error.message
    assert not error.retryable
