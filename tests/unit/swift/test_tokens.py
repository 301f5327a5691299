# SPDX-License-Identifier: Apache-2.0
"""Tokens of version 1 and of Keystone: how they are had, renewed and lost, without a socket."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ugr_swift.endpoint import SwiftEndpoint
from ugr_swift.options import SwiftOptions

from tests.unit.objects.scripted import Asked, answer, before
from ugr.plugin import (
    Answer,
    Busy,
    Call,
    ConfigError,
    EndpointError,
    Intent,
    Misbehaved,
    Secret,
    Transfer,
    Unauthenticated,
)

URL = "https://swift.example.org/v1/AUTH_atlas"
ELSEWHERE = "https://other.example.org/v1/AUTH_found"
FILE = answer(200, content_length="1", etag="0" * 32)


class Store:
    """A storage whose tokens come from its own tempauth, or from a Keystone."""

    def __init__(self, life: int | None = 1000) -> None:
        self.now = 1000.0
        self.life = life
        self.key = "the key"
        self.asked: list[Asked] = []
        self.token = 0
        self.catalog: Any = [
            {"type": "identity", "endpoints": []},
            {
                "type": "object-store",
                "endpoints": [
                    {"interface": "admin", "region": "A", "url": "https://admin.example.org/"},
                    {"interface": "public", "region": "A", "region_id": "A", "url": f"{ELSEWHERE}/"},
                    {"interface": "public", "region": "B", "region_id": "B", "url": "https://b.example.org/v1/B"},
                ],
            },
        ]

    def clock(self) -> float:
        return self.now

    def __call__(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        if asked.path == "/auth/v1.0":
            if asked.headers.get("x-auth-key") != self.key:
                return answer(401)
            self.token += 1
            more = {} if self.life is None else {"x_auth_token_expires": str(self.life)}
            return answer(200, x_auth_token=f"token {self.token}", x_storage_url=ELSEWHERE, **more)
        if asked.path == "/v3/auth/tokens":
            return self._keystone(json.loads(asked.body or b""))
        if asked.headers.get("x-auth-token") != f"token {self.token}":
            return answer(401)
        return FILE if asked.method == "HEAD" else answer(200, b"[]")

    def _keystone(self, question: Any) -> Answer:
        if question["auth"]["identity"]["password"]["user"]["password"] != self.key:
            return answer(401, b'{"error": {"message": "secret"}}')
        self.token += 1
        token = {
            # by another clock than ours
            "issued_at": "2031-01-01T00:00:00.000000Z",
            "expires_at": "2031-01-01T00:16:40.000000Z",
            "catalog": self.catalog,
        }
        return answer(201, json.dumps({"token": token}).encode(), x_subject_token=f"token {self.token}")

    @property
    def grants(self) -> int:
        """How many times somebody asked for a token."""
        return sum("auth" in asked.path.split("/")[1:3] for asked in self.asked)


def known(store: Store, auth: str = "tempauth", **written: Any) -> SwiftEndpoint:
    auth_url = "https://auth.example.org/auth/v1.0" if auth == "tempauth" else "https://auth.example.org/v3"
    project = {"project": "atlas"} if auth == "keystone" else {}
    given = {"url": URL, "container": "data", "user": "ugr", "key": Secret(literal="the key"), **project}
    options = SwiftOptions(auth=auth, **({"auth_url": auth_url} | given | written))
    return SwiftEndpoint("os", options, clock=store.clock)


def stat(one: SwiftEndpoint) -> Any:
    return lambda call: one.stat("/f", call)


def refreshing(one: SwiftEndpoint) -> Any:
    return lambda call: one.refresh()


both = pytest.mark.parametrize("auth", ["tempauth", "keystone"])


@both
def test_the_first_question_gets_a_token_and_the_next_ones_use_it(auth):
    store = Store()
    one = known(store, auth)
    before(store, one, stat(one), stat(one))
    assert store.grants == 1
    assert [asked.headers.get("x-auth-token") for asked in store.asked[1:]] == ["token 1", "token 1"]


@both
def test_the_storage_url_is_what_is_written_or_what_the_authority_says(auth):
    store = Store()
    for url, expected in ((None, ELSEWHERE), (URL, URL)):
        one = known(store, auth, url=url)
        before(store, one, stat(one))
        assert f"{store.asked[-1].origin}{store.asked[-1].path}" == f"{expected}/data/f"
        location = one.redirect("/f", Intent.GET, Transfer(), Call.until(1))
        assert location.url == f"{expected}/data/f"


def test_keystone_is_asked_for_a_project_with_a_password():
    store = Store()
    one = known(store, "keystone", user_domain="people", project_domain="projects")
    before(store, one, stat(one))
    assert json.loads(store.asked[0].body or b"") == {
        "auth": {
            "identity": {
                "methods": ["password"],
                "password": {"user": {"name": "ugr", "domain": {"name": "people"}, "password": "the key"}},
            },
            "scope": {"project": {"name": "atlas", "domain": {"name": "projects"}}},
        }
    }


@pytest.mark.parametrize(
    ("written", "expected"),
    [({}, ELSEWHERE), ({"region": "B"}, "https://b.example.org/v1/B"), ({"interface": "admin"}, "https://admin.example.org")],
)
def test_the_catalog_is_read_for_a_region_and_an_interface(written, expected):
    store = Store()
    one = known(store, "keystone", url=None, **written)
    before(store, one, stat(one))
    assert f"{store.asked[-1].origin}{store.asked[-1].path}" == f"{expected}/data/f"


def test_a_catalog_without_the_storage_is_a_misconfiguration():
    store = Store()
    one = known(store, "keystone", url=None, region="C")
    with pytest.raises(EndpointError, match="no public object-store in region C; check region") as caught:
        before(store, one, stat(one))
    assert not caught.value.retryable


@both
def test_a_token_is_renewed_before_it_ends_by_the_length_of_its_life(auth):
    store = Store()
    one = known(store, auth)
    assert before(store, one, refreshing(one))[0] == [800.0]
    store.now += 799
    assert before(store, one, refreshing(one))[0] == [1.0]
    assert store.grants == 1
    store.now += 1
    assert before(store, one, refreshing(one))[0] == [800.0]
    assert store.grants == 2
    before(store, one, stat(one))
    assert store.asked[-1].headers["x-auth-token"] == "token 2"


@both
def test_a_token_that_has_ended_is_not_used(auth):
    store = Store()
    one = known(store, auth)
    before(store, one, stat(one))
    store.now += 1000
    before(store, one, stat(one))
    assert [asked.headers.get("x-auth-token") for asked in store.asked if asked.method == "HEAD"] == [
        "token 1",
        "token 2",
    ]


@both
def test_a_token_that_was_revoked_is_had_anew_once(auth):
    store = Store()
    one = known(store, auth)
    before(store, one, stat(one))
    store.token += 1
    before(store, one, stat(one))
    assert store.grants == 2
    assert store.asked[-1].headers["x-auth-token"] == "token 3"


def test_tokens_that_are_refused_all_the_time_are_told_and_asked_for_once_a_question():
    store = Store()
    one = known(store)

    def refusing(asked: Asked) -> Answer:
        return store(asked) if asked.path == "/auth/v1.0" else answer(401)

    with pytest.raises(Unauthenticated, match="token is refused"):
        before(refusing, one, stat(one))
    assert store.grants == 2


def test_a_token_that_does_not_say_how_long_it_lives_is_used_until_it_is_refused():
    store = Store(life=None)
    one = known(store)
    assert before(store, one, refreshing(one))[0] == [3600.0]
    store.now += 10**6
    assert before(store, one, refreshing(one), stat(one))[0][0] == 3600.0
    assert store.grants == 1


@both
def test_a_wrong_key_is_told_and_not_shown(auth):
    store = Store()
    one = known(store, auth, key=Secret(literal="a wrong key"))
    with pytest.raises(Unauthenticated, match="check user, key") as caught:
        before(store, one, stat(one))
    assert "authentication service" in caught.value.message
    assert "wrong key" not in f"{caught.value!r} {caught.value}"
    assert "secret" not in caught.value.message


@both
def test_a_new_key_is_used_from_the_next_question_on(auth, tmp_path):
    file = tmp_path / "key"
    file.write_text("the key")
    store, key = Store(), Secret(file=str(file))
    one = known(store, auth, key=key)
    before(store, one, stat(one))
    store.key = "the next key"
    file.write_text("the next key")
    assert key.reload()
    before(store, one, stat(one))
    assert store.grants == 2


def test_a_key_that_no_header_can_hold_is_told_and_not_shown():
    one = known(Store(), key=Secret(literal="schlüssel"))
    with pytest.raises(ConfigError, match="printable ASCII") as caught:
        before(Store(), one, stat(one))
    assert "schl" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"token": {}}',
        b'{"token": {"issued_at": "now", "expires_at": "then"}}',
        b'{"token": {"issued_at": "2031-01-01T00:00:00Z", "expires_at": "2031-01-01T01:00:00Z", "catalog": 5}}',
        b'{"token": {"issued_at": "2031-01-01T00:00:00Z", "expires_at": "2031-01-01T01:00:00Z", "catalog": [{}]}}',
    ],
)
def test_what_is_not_keystones_is_misbehaviour(body):
    one = known(Store(), "keystone", url=None)
    with pytest.raises(Misbehaved, match="version 3"):
        before(lambda _: answer(201, body, x_subject_token="t"), one, stat(one))


@pytest.mark.parametrize("url", ["", "ftp://x/y", "http://x/ y", "https://x/y?z", "javascript:x"])
def test_a_storage_url_that_is_none_is_misbehaviour(url):
    one = known(Store(), url=None)
    with pytest.raises(Misbehaved, match="write url"):
        before(lambda _: answer(200, x_auth_token="t", x_storage_url=url), one, stat(one))


@both
@pytest.mark.parametrize(
    ("status", "error", "says"),
    [
        (304, EndpointError, "nothing gives tokens there"),
        (404, EndpointError, "check auth and auth_url"),
        (412, EndpointError, "check auth and auth_url"),
        (429, Busy, "patience"),
        (503, Busy, "patience"),
        (500, Misbehaved, "answered 500"),
    ],
)
def test_an_authority_that_does_not_work_is_told_from_the_storage(auth, status, error, says):
    one = known(Store(), auth)
    with pytest.raises(error, match=f"{says}.*authentication service"):
        before(lambda _: answer(status), one, stat(one))


def test_an_authority_without_token_is_misbehaviour():
    for auth, status in (("tempauth", 200), ("keystone", 201)):
        one = known(Store(), auth)
        with pytest.raises(Misbehaved, match="no token"):
            before(lambda _, status=status: answer(status), one, stat(one))
