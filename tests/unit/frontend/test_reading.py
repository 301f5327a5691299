# SPDX-License-Identifier: Apache-2.0
"""GET and HEAD of files and directories: what exactly comes back."""

from __future__ import annotations

import json
import time
from urllib.parse import urlsplit

import pytest

from tests.unit.frontend.fake import DATE, Client, World
from ugr.errors import Conflict, EndpointError, NotFound, Unavailable
from ugr.federation.merge import etag
from ugr.frontend.data import split
from ugr.model import Intent, Location, Right

F = "/fed/atlas/f"
SIGNED = Location("https://s3.example/b/f?X-Amz-Signature=abc", signed=True, expires=9e9)


def tag(world: World, path: str = "/atlas/f") -> str:
    """Return the entity tag that the federation gives a file."""
    found = etag(path, world.namespace.tree[path])
    assert found is not None
    return found


def test_file_is_a_redirect_that_nobody_may_store(world: World, ask: Client) -> None:
    answer = ask("GET", F)
    assert answer.status == 302
    assert answer["Location"] == "https://cern.example/bucket/data/atlas/f"
    assert answer["Ugr-Endpoint"] == "cern"
    assert answer["ETag"] == tag(world)
    assert answer["Cache-Control"] == "private, no-store"
    assert answer.get("Last-Modified") is None
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert (answer["Content-Length"], answer.text) == ("20", "the file is at cern\n")


def test_remembered_file_gets_the_same_answer_as_an_asked_one(world: World, ask: Client) -> None:
    asked = ask("GET", F, {"X-Request-Id": "r"})
    world.namespace.remembered = True
    assert ask("GET", F, {"X-Request-Id": "r"}) == asked


def test_remembered_file_needs_no_loop(world: World, ask: Client) -> None:
    world.namespace.remembered = world.namespace.hangs = True
    assert ask("GET", F).status == 302


def test_signed_location_is_passed_on_as_it_is_and_not_repeated_in_the_body(world: World, ask: Client) -> None:
    world.namespace.location = SIGNED
    answer = ask("GET", F)
    assert answer["Location"] == SIGNED.url
    assert answer["Cache-Control"] == "private, no-store"
    assert "Signature" not in answer.text


@pytest.mark.parametrize(
    "url",
    ["https://s3.example/a b", "https://s3.example/é", "https://s3.example/a\r\nX: y", "/relative", "ftp://x/y", ""],
)
def test_location_that_is_no_encoded_url_is_a_fault_of_the_endpoint(world: World, ask: Client, url: str) -> None:
    world.namespace.location = Location(url)
    answer = ask("GET", F)
    assert answer.status == 502
    assert answer.text.startswith("502 endpoint-misbehaved:")


def test_file_served_here_gets_a_signed_url_of_this_service(world: World, ask: Client) -> None:
    world.namespace.location = Location("", served_here=True, signed=True, expires=time.time() + 60)
    world.configure(public_url="https://public.example")
    location = urlsplit(ask("GET", "/fed/atlas/a%20b&%3Cc%3E'%22%C3%A9%25")["Location"])
    assert (location.scheme, location.netloc) == ("https", "public.example")
    endpoint, path = split("/-/data/cern/data/atlas/a b&<c>'\"é%")
    world.signer.verify(endpoint, path, "GET", location.query, time.time())
    assert location.path == "/-/data/cern/data/atlas/a%20b%26%3Cc%3E%27%22%C3%A9%25"


def test_url_of_a_file_served_here_expires_when_the_settings_say(world: World, ask: Client) -> None:
    world.namespace.location = Location("", served_here=True)
    world.configure(url_lifetime=100.0)
    before = time.time()
    query = dict(part.split("=", 1) for part in urlsplit(ask("GET", F)["Location"]).query.split("&"))
    assert before + 100 <= int(query["e"]) <= time.time() + 101
    assert query["m"] == Intent.GET.value


def test_query_of_the_request_does_not_reach_the_location(ask: Client) -> None:
    assert ask("GET", F + "?a=b&c")["Location"] == "https://cern.example/bucket/data/atlas/f"


def test_endpoints_that_were_not_asked_are_named(world: World, ask: Client) -> None:
    world.namespace.unasked = ("ral", "é\r\nX: y")
    for method, target in (
        ("GET", F),
        ("HEAD", F),
        ("GET", "/fed/atlas/"),
        ("GET", "/fed/none"),
        ("HEAD", "/fed/atlas"),
    ):
        assert ask(method, target)["Ugr-Unasked"] == "ral, %C3%A9%0D%0AX: y"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-None-Match": "TAG"}, 304),
        ({"If-None-Match": 'W/TAG, "other"'}, 304),
        ({"If-None-Match": '"other"'}, 200),
        ({"If-None-Match": '"other"', "If-Modified-Since": DATE}, 200),
        ({"If-Modified-Since": DATE}, 304),
        ({"If-Modified-Since": "Sun, 06 Nov 1994 08:49:36 GMT"}, 200),
        ({"If-Match": '"of-the-endpoint"'}, 200),
        ({"Range": "bytes=0-1", "If-Range": '"of-the-endpoint"'}, 200),
    ],
)
def test_conditions_are_answered_from_what_is_known_of_the_file(
    world: World, ask: Client, method: str, headers: dict[str, str], status: int
) -> None:
    headers = {name: value.replace("TAG", tag(world)) for name, value in headers.items()}
    answer = ask(method, F, headers)
    assert answer.status == (302 if (method, status) == ("GET", 200) else status)
    if status == 304:
        assert (answer.body, answer["ETag"], answer.get("Content-Length")) == (b"", tag(world), None)


def test_head_of_a_file_describes_it_and_is_not_redirected(world: World, ask: Client) -> None:
    answer = ask("HEAD", F)
    assert answer.status == 200
    assert answer["Content-Length"] == "5"
    assert answer["Last-Modified"] == DATE
    assert answer["ETag"] == tag(world)
    assert answer["Accept-Ranges"] == "bytes"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer.get("Location") is None
    assert answer.body == b""


def test_empty_file_has_length_zero_and_an_unknown_time_is_left_out(world: World, ask: Client) -> None:
    world.namespace.file("/atlas/z", 0, None)
    answer = ask("HEAD", "/fed/atlas/z")
    assert (answer["Content-Length"], answer.get("Last-Modified"), answer.get("ETag")) == ("0", None, None)


def test_unknown_length_is_not_zero(world: World, ask: Client) -> None:
    world.namespace.file("/atlas/u", None)
    assert ask("HEAD", "/fed/atlas/u").get("Content-Length") is None


@pytest.mark.parametrize("target", ["/fed", "/fed/", "/fed/atlas", "/fed/atlas/"])
@pytest.mark.parametrize("accept", ["*/*", "text/html", "application/json"])
def test_head_of_a_directory_is_exactly_200_and_tells_no_length(ask: Client, target: str, accept: str) -> None:
    answer = ask("HEAD", target, {"Accept": accept})
    assert (answer.status, answer.get("Content-Length"), answer.get("Location")) == (200, None, None)


@pytest.mark.parametrize("accept", ["*/*", "application/json"])
def test_head_and_get_of_a_directory_have_the_same_headers(ask: Client, accept: str) -> None:
    fields = {"Accept": accept, "X-Request-Id": "r"}
    got = [pair for pair in ask("GET", "/fed/atlas/", fields).headers if pair[0] != "Content-Length"]
    assert ask("HEAD", "/fed/atlas/", fields).headers == got


def test_browser_is_led_to_the_slash_and_others_are_not(ask: Client) -> None:
    answer = ask("GET", "/fed/atlas", {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (answer.status, answer["Location"]) == (301, "http://fed.example/fed/atlas/")
    assert ask("GET", "/fed/atlas", {"Accept": "*/*"}).status == 200
    assert ask("GET", "/fed/atlas").status == 200


def test_file_with_a_slash_is_not_found_and_the_answer_says_why(ask: Client) -> None:
    answer = ask("GET", F + "/")
    assert answer.status == 404
    assert answer.text.startswith("404 not-found: it is a file, not a directory; ask for it without the slash")


@pytest.mark.parametrize(
    ("error", "status", "retry"),
    [
        (NotFound("no"), 404, None),
        (Conflict("no"), 409, None),
        (EndpointError("no"), 502, None),
        (Unavailable("no"), 503, "5"),
        (Unavailable("no", retry_after=0.2), 503, "1"),
        (Unavailable("no", retry_after=7.1), 503, "8"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PROPFIND"])
@pytest.mark.parametrize("remembered", [True, False])
def test_errors_of_the_namespace_become_statuses(
    world: World, ask: Client, error: Exception, status: int, retry: str | None, method: str, remembered: bool
) -> None:
    world.namespace.errors["/atlas/f"] = error
    world.namespace.remembered = remembered
    answer = ask(method, F, {"Depth": "0"})
    assert (answer.status, answer.get("Retry-After")) == (status, retry)
    assert answer["Cache-Control"] == "no-store"


def test_no_usable_copy_is_503_while_head_still_describes_the_file(world: World, ask: Client) -> None:
    world.namespace.errors["redirect"] = Unavailable("every copy is on an endpoint that is down")
    assert ask("GET", F).status == 503
    assert ask("HEAD", F).status == 200


def test_right_to_list_alone_lists_directories_and_reads_nothing(world: World, ask: Client) -> None:
    world.namespace.denied = frozenset({Right.READ})
    assert ask("GET", "/fed/atlas").status == 200
    assert ask("GET", "/fed/atlas/").status == 200
    assert ask("HEAD", "/fed/atlas").status == 200
    assert ask("PROPFIND", F, {"Depth": "0"}).status == 207
    assert ask("GET", F).status == 403
    assert ask("HEAD", F).status == 403


def test_right_to_read_alone_reads_files_and_lists_nothing(world: World, ask: Client) -> None:
    world.namespace.denied = frozenset({Right.LIST})
    assert ask("GET", F).status == 302
    assert ask("GET", "/fed/atlas/").status == 403
    assert ask("PROPFIND", "/fed/atlas", {"Depth": "1"}).status == 403
    assert ask("HEAD", "/fed/atlas").status == 200


def test_without_any_right_everything_is_403_and_nothing_401(world: World, ask: Client) -> None:
    world.namespace.denied = frozenset({Right.READ, Right.LIST})
    for method in ("GET", "HEAD", "PROPFIND"):
        for target in (F, "/fed/atlas", "/fed/atlas/"):
            answer = ask(method, target, {"Depth": "1"})
            assert (answer.status, answer.get("WWW-Authenticate")) == (403, None)


def test_error_body_is_text_or_json_with_code_path_and_request_id(ask: Client) -> None:
    plain = ask("GET", "/fed/none", {"X-Request-Id": "r1"})
    assert plain.text == "404 not-found: no endpoint has it\npath: /none\nrequest: r1\n"
    assert plain["X-Content-Type-Options"] == "nosniff"
    told = ask("GET", "/fed/none", {"X-Request-Id": "r1", "Accept": "application/json"})
    assert told["Content-Type"] == "application/json"
    assert json.loads(told.body) == {
        "status": 404,
        "code": "not-found",
        "message": "no endpoint has it",
        "path": "/none",
        "request": "r1",
    }


def test_name_in_an_error_cannot_write_to_a_terminal(world: World, ask: Client) -> None:
    world.namespace.errors["/atlas/f"] = NotFound("no \x1b[31m", path="/a\r\nb")
    assert ask("GET", F).text.splitlines()[:2] == ["404 not-found: no \\x1b[31m", "path: /a\\r\\nb"]


def test_fault_of_ours_is_500_without_a_word_about_it(
    world: World, ask: Client, caplog: pytest.LogCaptureFixture
) -> None:
    world.namespace.errors["/atlas/f"] = ZeroDivisionError("secret detail")
    answer = ask("GET", F, {"X-Request-Id": "r1"})
    assert answer.status == 500
    assert answer.text == "500 internal: internal error; the log has more under the request id\nrequest: r1\n"
    logged = [record for record in caplog.records if record.exc_info]
    assert [(record.exc_info is not None, getattr(record, "request", None)) for record in logged] == [(True, "r1")]
