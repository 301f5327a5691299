# SPDX-License-Identifier: Apache-2.0
"""The endpoint before storages and authorities that answer as no test server of ours does, without a socket."""

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
    FileInfo,
    Intent,
    Misbehaved,
    NoSpace,
    NotFound,
    PermissionDenied,
    Secret,
    Transfer,
    Unauthenticated,
    Usage,
)

URL = "https://swift.example.org/v1/AUTH_atlas"
ELSEWHERE = "https://other.example.org/v1/AUTH_found"


def endpoint(clock: Any = lambda: 1000.0, page: int = 1000, **written: Any) -> SwiftEndpoint:
    given = {"url": URL, "container": "data", "writable": True}
    return SwiftEndpoint("os", SwiftOptions(**(given | written)), clock=clock, page=page)


def listed(*entries: dict[str, Any]) -> Answer:
    return answer(200, json.dumps(entries).encode())


def named(name: str, size: int = 1) -> dict[str, Any]:
    return {"name": name, "bytes": size}


MISSING = answer(404)
FILE = answer(200, content_length="1", etag="0" * 32)


def test_a_missing_object_is_not_found_and_a_missing_container_is_a_misconfiguration():
    one = endpoint()
    with pytest.raises(NotFound):
        before(lambda asked: MISSING if asked.method == "HEAD" else listed(), one, lambda call: one.stat("/f", call))
    for verb, path in (("stat", "/f"), ("stat", "/"), ("list", "/"), ("list", "/d"), ("delete", "/f")):
        with pytest.raises(EndpointError, match="check container and url") as caught:
            before(lambda _: MISSING, one, lambda call, verb=verb, path=path: getattr(one, verb)(path, call))
        assert not isinstance(caught.value, NotFound)
        assert not caught.value.retryable


@pytest.mark.parametrize(
    ("status", "error", "says"),
    [
        (401, Unauthenticated, "check auth, user and key"),
        (403, PermissionDenied, "check the container's ACL"),
        (413, NoSpace, "quota"),
        (429, Busy, "patience"),
        (498, Busy, "fewer requests"),
        (503, Busy, "patience"),
        (507, NoSpace, "full"),
        (500, Misbehaved, "answered 500"),
        (302, Misbehaved, "answered 302"),
    ],
)
def test_a_refusal_is_a_fact_with_a_remedy(status, error, says):
    one = endpoint()
    for verb in ("stat", "list"):
        with pytest.raises(error, match=says):
            before(lambda _: answer(status), one, lambda call, verb=verb: getattr(one, verb)("/d", call))


def test_pages_are_asked_for_with_the_last_name_until_one_is_empty():
    pages = {
        None: listed(named("r/d/a"), {"subdir": "r/d/b/"}),
        "r/d/b/": listed(named("r/d/ü+ 1")),
        "r/d/ü+ 1": listed(),
    }
    one = endpoint(prefix="/r", page=2)
    (entries,), asked = before(lambda asked: pages[asked.query.get("marker")], one, lambda call: one.list("/d", call))
    assert entries == [FileInfo("a", size=1), FileInfo("b", directory=True), FileInfo("ü+ 1", size=1)]
    first = {"format": "json", "limit": "2", "prefix": "r/d/", "delimiter": "/"}
    assert [request.query for request in asked] == [
        first,
        first | {"marker": "r/d/b/"},
        first | {"marker": "r/d/ü+ 1"},
    ]
    assert {(request.method, request.path) for request in asked} == {("GET", "/v1/AUTH_atlas/data")}


def test_objects_that_seem_empty_are_looked_up():
    def storage(asked: Asked) -> Answer:
        if asked.method == "HEAD":
            return answer(200, content_length="70", x_object_manifest="s/x") if asked.path.endswith("dlo") else MISSING
        return listed(named("dlo", 0), named("gone", 0), named("full")) if "marker" not in asked.query else listed()

    one = endpoint()
    (entries,), _ = before(storage, one, lambda call: one.list("/", call))
    assert entries == [FileInfo("dlo", size=70), FileInfo("gone", size=0), FileInfo("full", size=1)]


def test_a_deletion_that_failed_in_the_body_of_a_200_has_failed():
    static = answer(200, content_length="9", x_static_large_object="True")

    def storage(report: bytes) -> Any:
        return lambda asked: static if asked.method == "HEAD" else answer(200, report)

    one = endpoint()
    good = json.dumps({"Response Status": "200 OK", "Errors": [], "Number Deleted": 3}).encode()
    _, asked = before(storage(good), one, lambda call: one.delete("/f", call))
    assert asked[-1].query == {"multipart-manifest": "delete"}
    bad = json.dumps({"Response Status": "400 Bad Request", "Errors": [["/c/s", "403"]]}).encode()
    for report in (bad, b"", b"[]", b'{"Response Status": "200 OK", "Errors": [["/c/s", "403"]]}'):
        with pytest.raises(Misbehaved, match="segments"):
            before(storage(report), one, lambda call: one.delete("/f", call))


def test_a_move_whose_copy_failed_deletes_nothing():
    seen: list[str] = []

    def storage(asked: Asked) -> Answer:
        seen.append(asked.method)
        if asked.method == "HEAD":
            return FILE if asked.path.endswith("/from") else MISSING
        return answer(507) if asked.method == "PUT" else listed()

    one = endpoint()
    with pytest.raises(NoSpace):
        before(storage, one, lambda call: one.move("/from", "/to", False, call))
    assert "DELETE" not in seen


def test_a_kept_checksum_keeps_what_a_post_would_drop():
    there = answer(
        200,
        content_length="1",
        content_type="text/plain",
        content_encoding="gzip",
        x_delete_at="2000000000",
        x_object_manifest="c/s",
        x_object_meta_owner="me",
        x_object_meta_adler32="00000009",
    )
    one = endpoint()
    _, asked = before(
        lambda asked: there if asked.method == "HEAD" else answer(202),
        one,
        lambda call: one.store_checksum("/f", "adler32", "00000001", call),
    )
    assert asked[-1].method == "POST"
    assert asked[-1].headers == {
        "content-encoding": "gzip",
        "x-delete-at": "2000000000",
        "x-object-manifest": "c/s",
        "x-object-meta-owner": "me",
        "x-object-meta-adler32": "00000001",
    }


def test_usage_is_that_of_the_whole_container_or_unknown():
    container = answer(204, x_container_bytes_used="70", x_container_meta_quota_bytes="100")
    one, part, free = endpoint(), endpoint(prefix="/d"), endpoint()
    (whole, inside), _ = before(
        lambda _: container, one, lambda call: one.usage("/", call), lambda call: one.usage("/d", call)
    )
    assert (whole, inside) == (Usage(70, 30), Usage(None, 30))
    assert before(lambda _: container, part, lambda call: part.usage("/", call))[0] == [Usage(None, 30)]
    unlimited = answer(204, x_container_bytes_used="70")
    assert before(lambda _: unlimited, free, lambda call: free.usage("/", call))[0] == [Usage(70, None)]


# --- tokens ---


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
        return FILE if asked.method == "HEAD" else listed()

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
    given = {"auth": auth, "auth_url": auth_url, "user": "ugr", "key": Secret(literal="the key"), **project}
    return endpoint(store.clock, **(given | written))


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


def test_without_authentication_there_is_nothing_to_renew():
    one = endpoint()
    answers, asked = before(lambda _: listed(), one, refreshing(one))
    assert (answers, asked) == ([None], [])


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


def test_an_authority_without_token_is_misbehaviour():
    for auth, status in (("tempauth", 200), ("keystone", 201)):
        one = known(Store(), auth)
        with pytest.raises(Misbehaved, match="no token"):
            before(lambda _, status=status: answer(status), one, stat(one))
