# SPDX-License-Identifier: Apache-2.0
"""An application of Entra ID instead of the account's key: how its keys are had, renewed and lost, without a socket."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs

import pytest
from ugr_azure.endpoint import AzureEndpoint
from ugr_azure.options import AzureOptions
from ugr_azure.signing import VERSION, iso_time

from tests.unit.objects.scripted import Asked, answer, before
from ugr.plugin import (
    Answer,
    Call,
    Intent,
    Misbehaved,
    NotFound,
    PermissionDenied,
    Secret,
    Transfer,
    UgrError,
    Unauthenticated,
    Unavailable,
)

NOW = 1_700_000_000.0
EMPTY = answer(200, b"<EnumerationResults><Blobs></Blobs><NextMarker/></EnumerationResults>")
MISSING = answer(404, x_ms_error_code="BlobNotFound")


class Clock:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class Entra:
    """An authority and a storage that gives delegation keys; everything else in it is missing."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.secret = "a secret"
        self.clock = Clock()
        self.refuses: Answer | None = None
        self.keys = 0

    def __call__(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        if asked.origin == "https://login.example.org":
            form = {name: values[0] for name, values in parse_qs((asked.body or b"").decode()).items()}
            if form["client_secret"] != self.secret:
                return answer(401, json.dumps({"error": "invalid_client"}).encode())
            return answer(200, json.dumps({"access_token": "a.b.c", "expires_in": 3599}).encode())
        if asked.query.get("comp") == "userdelegationkey":
            if asked.headers.get("authorization") != "Bearer a.b.c":
                return answer(403, x_ms_error_code="AuthenticationFailed")
            return answer(200, self._key((asked.body or b"").decode()))
        if self.refuses is not None:
            return self.refuses
        return MISSING if asked.method == "HEAD" else EMPTY

    def _key(self, question: str) -> bytes:
        self.keys += 1
        start, expiry = (question.split(f"<{word}>")[1].split("<")[0] for word in ("Start", "Expiry"))
        value = base64.b64encode(f"key {self.keys}".encode()).decode()
        words = {
            "SignedOid": "an-object",
            "SignedTid": "a-tenant",
            "SignedStart": start,
            "SignedExpiry": expiry,
            "SignedService": "b",
            "SignedVersion": VERSION,
            "Value": value,
        }
        inside = "".join(f"<{word}>{text}</{word}>" for word, text in words.items())
        return f'<?xml version="1.0" encoding="utf-8"?><UserDelegationKey>{inside}</UserDelegationKey>'.encode()

    @property
    def grants(self) -> int:
        """How many times somebody asked for a token."""
        return sum(asked.origin == "https://login.example.org" for asked in self.asked)


def application(entra: Entra, secret: Secret | None = None, **written: Any) -> AzureEndpoint:
    options = AzureOptions(
        url="https://atlas.blob.core.windows.net",
        account="atlas",
        container="data",
        tenant="a-tenant",
        client_id="a-client",
        client_secret=secret or Secret(literal="a secret"),
        authority="https://login.example.org",
        writable=True,
        **written,
    )
    return AzureEndpoint("ms", options, clock=entra.clock)


def missing(one: AzureEndpoint) -> Any:
    async def ask(call: Call) -> None:
        with pytest.raises(NotFound):
            await one.stat("/f", call)

    return ask


def refreshing(one: AzureEndpoint) -> Any:
    return lambda call: one.refresh()


def redirect(one: AzureEndpoint) -> Any:
    return one.redirect("/f", Intent.GET, Transfer(), Call.until(1))


def test_the_first_question_gets_a_key_and_the_next_ones_use_it():
    entra = Entra()
    one = application(entra)
    before(entra, one, missing(one), missing(one))
    token, key, *questions = entra.asked
    assert token.path == "/a-tenant/oauth2/v2.0/token"
    form = parse_qs((token.body or b"").decode())
    assert form["grant_type"] == ["client_credentials"]
    assert form["scope"] == ["https://storage.azure.com/.default"]
    assert (key.method, key.path, key.query) == ("POST", "/", {"restype": "service", "comp": "userdelegationkey"})
    assert iso_time(NOW - 900) in (key.body or b"").decode()
    assert {question.query["skoid"] for question in questions} == {"an-object"}
    assert (entra.grants, entra.keys) == (1, 1)


def test_clients_are_sent_nowhere_before_there_is_a_key():
    entra = Entra()
    one = application(entra)
    with pytest.raises(Unavailable, match="no key to sign with"):
        redirect(one)
    before(entra, one, refreshing(one))
    assert "&skoid=an-object&" in redirect(one).url


def test_a_key_is_renewed_while_the_old_one_is_good():
    entra = Entra()
    one = application(entra, url_lifetime=3600.0)
    (first,), _ = before(entra, one, refreshing(one))
    assert first == 6 * 3600
    before_renewal = redirect(one).url
    entra.clock.now += first
    (again,), _ = before(entra, one, refreshing(one))
    assert (again, entra.keys) == (6 * 3600, 2)
    assert redirect(one).url != before_renewal
    assert redirect(one).expires == entra.clock.now + 3600


def test_a_renewal_that_fails_leaves_the_old_key_in_use_as_long_as_it_is_good():
    entra = Entra()
    secret = Secret(literal="a secret")
    one = application(entra, secret, url_lifetime=3600.0)
    before(entra, one, refreshing(one))
    entra.secret = "another"
    entra.clock.now += 7 * 3600
    with pytest.raises(Unauthenticated, match=r"check client_id and client_secret; this is the authority"):
        before(entra, one, refreshing(one))
    assert redirect(one).expires == entra.clock.now + 3600
    before(entra, one, missing(one))
    entra.clock.now += 20 * 3600
    with pytest.raises(Unavailable):
        redirect(one)


def test_a_new_secret_is_used_from_the_next_question_on(tmp_path):
    file = tmp_path / "secret"
    file.write_text("a secret")
    entra, secret = Entra(), Secret(file=str(file))
    one = application(entra, secret)
    before(entra, one, missing(one))
    file.write_text("the next secret")
    entra.secret = "the next secret"
    assert secret.reload()
    before(entra, one, missing(one))
    assert (entra.grants, entra.keys) == (2, 2)


def test_a_key_that_was_revoked_is_had_anew_and_a_fresh_one_is_not_doubted():
    entra = Entra()
    one = application(entra)
    before(entra, one, missing(one))
    entra.refuses = answer(403, x_ms_error_code="AuthenticationFailed")

    async def refused(call: Call) -> None:
        with pytest.raises(Unauthenticated):
            await one.stat("/f", call)

    before(entra, one, refused, refused)
    assert entra.keys == 1
    entra.clock.now += 120
    before(entra, one, refused, refused)
    assert entra.keys == 2
    assert redirect(one).signed


def test_a_missing_role_is_told():
    entra = Entra()
    entra.refuses = answer(403, x_ms_error_code="AuthorizationPermissionMismatch")
    one = application(entra)
    with pytest.raises(PermissionDenied, match="Storage Blob Data"):
        before(entra, one, lambda call: one.health(call))


@pytest.mark.parametrize(
    "body",
    [
        b"<UserDelegationKey/>",
        b"<html></html>",
        b"nothing",
        b"<UserDelegationKey><SignedOid>a</SignedOid><SignedTid>b</SignedTid><SignedStart>now</SignedStart>"
        b"<SignedExpiry>then</SignedExpiry><SignedService>b</SignedService><SignedVersion>c</SignedVersion>"
        b"<Value>AAAA</Value></UserDelegationKey>",
    ],
)
def test_what_is_no_key_is_misbehaviour(body):
    entra = Entra()
    entra._key = lambda question: body  # type: ignore[method-assign]
    one = application(entra)
    with pytest.raises(Misbehaved):
        before(entra, one, lambda call: one.health(call))


@pytest.mark.parametrize("body", [b"", b"[]", b'{"access_token": 5}', b'{"access_token": "a\\nb"}', b"{}"])
def test_what_is_no_token_is_misbehaviour(body):
    entra = Entra()
    one = application(entra)

    def storage(asked: Asked) -> Answer:
        return answer(200, body) if asked.origin == "https://login.example.org" else entra(asked)

    with pytest.raises(Misbehaved, match="no token"):
        before(storage, one, lambda call: one.health(call))


def test_no_secret_of_the_application_is_in_any_error():
    entra = Entra()
    one = application(entra, Secret(literal="a wrong secret"))
    with pytest.raises(UgrError) as caught:
        before(entra, one, lambda call: one.health(call))
    assert "wrong secret" not in f"{caught.value!r} {caught.value}"
