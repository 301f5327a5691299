# SPDX-License-Identifier: Apache-2.0
"""Refusals of Azure become facts with a remedy; a missing container is never a missing file."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from ugr_azure.faults import CODES, authority_fault, storage_fault

from tests.unit.objects.scripted import answer
from ugr.plugin import (
    AlreadyExists,
    Busy,
    Conflict,
    EndpointError,
    Misbehaved,
    NotFound,
    PermissionDenied,
    UgrError,
    Unauthenticated,
)

NOW = 1_700_000_000.0


def refused(status: int, code: str | None = None, **headers: str) -> UgrError:
    more = {} if code is None else {"x_ms_error_code": code}
    body = b"<Error><Message>the string to sign</Message></Error>"
    return storage_fault(answer(status, body, **more, **headers), NOW)


@pytest.mark.parametrize(
    ("status", "code", "error", "says"),
    [
        (403, "AuthenticationFailed", Unauthenticated, "check account, its key, and this host's clock"),
        (403, "AuthorizationFailure", PermissionDenied, "network rules"),
        (403, "AuthorizationPermissionMismatch", PermissionDenied, "Storage Blob Data"),
        (403, "KeyBasedAuthenticationNotPermitted", PermissionDenied, "write tenant"),
        (403, None, PermissionDenied, "answered 403"),
        (401, None, Unauthenticated, "answered 401"),
        (404, "ContainerNotFound", EndpointError, "check container"),
        (404, "ResourceNotFound", EndpointError, "no such account or container"),
        (404, "BlobNotFound", NotFound, "BlobNotFound"),
        (404, None, Misbehaved, "check url"),
        (409, "BlobAlreadyExists", AlreadyExists, "BlobAlreadyExists"),
        (409, "SnapshotsPresent", Conflict, "snapshots"),
        (409, "BlobArchived", Conflict, "archive"),
        (412, "LeaseIdMissing", Conflict, "lease"),
        (503, "ServerBusy", Busy, "fewer requests"),
        (503, None, Busy, "patience"),
        (429, None, Busy, "patience"),
        (500, "InternalError", Misbehaved, "answered 500 InternalError"),
        (418, "Teapot", Misbehaved, "answered 418 Teapot"),
    ],
)
def test_a_refusal_has_its_error_and_its_code(status, code, error, says):
    found = refused(status, code)
    assert type(found) is error
    assert says in found.message
    assert code is None or code in found.message
    assert "to sign" not in found.message


def test_a_missing_container_is_a_misconfiguration_that_asking_again_does_not_cure():
    for code in ("ContainerNotFound", "ResourceNotFound", "ContainerDisabled"):
        found = refused(404, code)
        assert not isinstance(found, NotFound)
        assert not found.retryable


def test_a_code_that_is_no_word_is_not_repeated():
    assert "<" not in refused(403, "<script>").message


def test_a_busy_storage_says_for_how_long():
    assert refused(503, "ServerBusy", retry_after="7").retry_after == 7.0


def test_clocks_that_differ_by_much_are_told():
    far, near = (
        refused(403, "AuthenticationFailed", date=formatdate(NOW - seconds, usegmt=True)) for seconds in (7200, 7)
    )
    assert "ours is 7200 s ahead" in far.message
    assert "ours" not in near.message


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_makes_an_error(code):
    assert isinstance(refused(409, code), CODES[code].error)


@pytest.mark.parametrize(
    ("status", "body", "error", "says"),
    [
        (401, b'{"error": "invalid_client", "error_description": "to sign"}', Unauthenticated, "check client_id"),
        (400, b'{"error": "unauthorized_client"}', Unauthenticated, "check client_id and tenant"),
        (400, b'{"error": "<b>"}', Misbehaved, "answered 400;"),
        (400, b'{"error": {}}', Misbehaved, "answered 400;"),
        (400, b"[]", Misbehaved, "answered 400;"),
        (503, b"<html>", Busy, "patience"),
    ],
)
def test_the_authoritys_refusals_name_the_authority(status, body, error, says):
    found = authority_fault(answer(status, body), NOW)
    assert type(found) is error
    assert says in found.message
    assert "this is the authority" in found.message
    assert "to sign" not in found.message
