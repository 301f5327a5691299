# SPDX-License-Identifier: Apache-2.0
"""Every method on every kind of resource, as one table; and what hostile requests get."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.frontend.fake import Client

FILE, DIRECTORY, SLASHED, FILE_SLASHED, MISSING, ROOT, ABOVE, NOWHERE = (
    "/fed/atlas/f",
    "/fed/atlas",
    "/fed/atlas/",
    "/fed/atlas/f/",
    "/fed/atlas/none",
    "/fed",
    "/",
    "/elsewhere",
)
TARGETS = (FILE, DIRECTORY, SLASHED, FILE_SLASHED, MISSING, ROOT, ABOVE, NOWHERE)
KNOWN_ELSEWHERE = (
    "PUT", "DELETE", "MKCOL", "COPY", "MOVE", "PROPPATCH", "LOCK", "UNLOCK", "POST", "PATCH", "TRACE", "CONNECT",
)  # fmt: skip
UNKNOWN = ("BREW", "get", "REPORT", "SEARCH", "X-Y.Z")
STATUSES: dict[str, tuple[int, ...]] = {
    "GET": (302, 200, 200, 404, 404, 200, 200, 404),
    "HEAD": (200, 200, 200, 404, 404, 200, 200, 404),
    "OPTIONS": (200, 200, 200, 200, 200, 200, 200, 404),
    "PROPFIND": (207, 207, 207, 404, 404, 207, 207, 404),
}
STATUSES |= dict.fromkeys(KNOWN_ELSEWHERE, (*[405] * 7, 404)) | dict.fromkeys(UNKNOWN, (*[501] * 7, 404))

TABLE = [
    (method, target, status) for method, row in STATUSES.items() for target, status in zip(TARGETS, row, strict=True)
]


@pytest.mark.parametrize(("method", "target", "status"), TABLE)
def test_method_on_resource_has_the_status_of_the_table(ask: Client, method: str, target: str, status: int) -> None:
    answer = ask(method, target, {"Depth": "0"})
    assert answer.status == status
    assert answer["Ugr-Request-Id"]
    if status in (405, 501):
        assert answer["Allow"] == "GET, HEAD, OPTIONS, PROPFIND"
    if method == "HEAD":
        assert answer.body == b""


@pytest.mark.parametrize("target", TARGETS[:-1])
def test_depth_1_is_answered_wherever_depth_0_is(ask: Client, target: str) -> None:
    assert ask("PROPFIND", target, {"Depth": "1"}).status == ask("PROPFIND", target, {"Depth": "0"}).status


@pytest.mark.parametrize("target", ["*", "/", "/fed", "/fed/does/not/exist"])
def test_options_shows_a_webdav_server_to_whoever_looks_for_one(ask: Client, target: str) -> None:
    answer = ask("OPTIONS", target)
    assert (answer.status, answer["DAV"], answer["MS-Author-Via"]) == (200, "1", "DAV")
    assert (answer["Allow"], answer["Content-Length"]) == ("GET, HEAD, OPTIONS, PROPFIND", "0")


def test_refused_request_does_not_touch_its_body(ask: Client) -> None:
    class Trap:
        def read(self, *_: object) -> bytes:
            raise AssertionError("the body was read")

    environ = ask.environ("PUT", FILE, {"Content-Length": "5000000000000"}, b"") | {"wsgi.input": Trap()}
    assert ask.open(environ)[0] == 405


HOSTILE = [
    "/fed/../etc/passwd", "/fed/%2e%2e/etc/passwd", "/fed/%2E%2E%2Fetc", "/fed/..%2f..%2fetc", "/fed/.%2e/x",
    "/fed/atlas/..", "/fed/./atlas", "/fed//atlas", "//fed/atlas/f", "/fed/atlas//f", "/fed/atlas/f//",
    "/fed/atlas%2Ff", "/fed%2Fatlas/f", "/fed/a%00b", "/fed/a%0d%0aSet-Cookie:%20x=1", "/fed/a%0Ab", "/fed/%",
    "/fed/%4", "/fed/%zz", "/fed/%ff", "/fed/%c0%ae%c0%ae/x", "/fed/%ed%a0%80", "/fed/%F8%88%80%80%AE",
    "/fed/a\x00b", "/fed/a b", "/fed/a\tb", "/fed/a\rb", "/fed/a\nb", "/fed/a#b", "/fed/\xff", "/fed/%7F",
    "*", "fed/atlas/f", "", "mailto:a@b", "/fed/" + "a" * 9000, "/fed/%E2%80%A8", "/fed/%C2%85",
]  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "HEAD", "PROPFIND"])
@pytest.mark.parametrize("target", HOSTILE)
def test_hostile_target_is_a_bad_request(ask: Client, method: str, target: str) -> None:
    answer = ask(method, target, {"Depth": "1"})
    assert answer.status == 400
    if method != "HEAD":
        assert answer.text.startswith(("400 bad-path: ", "400 bad-request: "))
    assert answer.get("Set-Cookie") is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(
    method=st.sampled_from(["GET", "HEAD", "PROPFIND", "OPTIONS", "PUT"]),
    path=st.text(st.characters(max_codepoint=255), max_size=40),
)
def test_no_target_whatever_causes_an_internal_error(ask: Client, method: str, path: str) -> None:
    answer = ask(method, "/fed/" + path, {"Depth": "1"})
    assert answer.status in (200, 302, 207, 400, 404, 405)
    for name, value in answer.headers:
        assert not set(name + value) & {"\r", "\n", "\0"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            ["Accept", "Depth", "Host", "X-Forwarded-For", "If-None-Match", "If-Modified-Since", "X-Request-Id"]
        ),
        st.text(st.characters(max_codepoint=255), max_size=30),
    ),
    st.sampled_from(["GET", "HEAD", "PROPFIND"]),
)
def test_no_header_whatever_causes_an_internal_error(ask: Client, headers: dict[str, str], method: str) -> None:
    assert ask(method, "/fed/atlas/f", headers).status in (200, 302, 304, 207, 400, 403)
