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
    EndpointError,
    FileInfo,
    Misbehaved,
    NoSpace,
    NotFound,
    PermissionDenied,
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


def test_without_authentication_there_is_nothing_to_renew():
    one = endpoint()
    answers, asked = before(lambda _: listed(), one, lambda call: one.refresh())
    assert (answers, asked) == ([None], [])
