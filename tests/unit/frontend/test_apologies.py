# SPDX-License-Identifier: Apache-2.0
"""Errors for people who look with a browser."""

from __future__ import annotations

import json

import pytest

from tests.unit.frontend.fake import Client, World
from ugr.errors import EndpointError, NotFound, Unavailable
from ugr.model import Right

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", "X-Request-Id": "r1"}


def test_browser_gets_a_page_that_names_the_request(ask: Client) -> None:
    answer = ask("GET", "/fed/atlas/none", BROWSER)
    assert (answer.status, answer["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert (answer["Cache-Control"], answer["Ugr-Request-Id"]) == ("no-store", "r1")
    assert "<h1>Not Found</h1>" in answer.text
    assert "404 not-found, request id <code>r1</code>" in answer.text
    assert '<a href="/fed/atlas/">The directory above</a>' in answer.text
    assert '<p class="path">/atlas/none</p>' in answer.text


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "text/plain; charset=utf-8"),
        ("*/*", "text/plain; charset=utf-8"),
        ("application/json", "application/json"),
        ("application/json, text/html;q=0.5", "application/json"),
        ("text/plain, text/html", "text/plain; charset=utf-8"),
        ("text/html;q=0, */*", "text/plain; charset=utf-8"),
    ],
)
def test_programs_get_what_they_ask_for(ask: Client, accept: str | None, kind: str) -> None:
    answer = ask("GET", "/fed/none", {} if accept is None else {"Accept": accept})
    assert (answer.status, answer["Content-Type"]) == (404, kind)


def test_whoever_may_not_is_told_as_whom_it_is_known(world: World, ask: Client) -> None:
    world.namespace.denied = frozenset(Right)
    text = ask("GET", "/fed/atlas/f", BROWSER).text
    assert "<h1>Forbidden</h1>" in text
    assert "You came from 192.0.2.7 as anonymous." in text


def test_what_may_work_later_says_when(world: World, ask: Client) -> None:
    world.namespace.errors["/atlas/f"] = Unavailable("ral is silent", retry_after=1.0)
    answer = ask("GET", "/fed/atlas/f", BROWSER)
    assert (answer.status, answer["Retry-After"]) == (503, "1")
    assert "Ral is silent." in answer.text
    assert "Try again in 1 second." in answer.text


def test_endpoints_that_were_not_asked_are_named(world: World, ask: Client) -> None:
    world.namespace.unasked = ("triumf",)
    answer = ask("GET", "/fed/none", BROWSER)
    assert answer["Ugr-Unasked"] == "triumf"
    assert "Down now: triumf." in answer.text


def test_fault_of_ours_tells_nothing_but_the_request_id(world: World, ask: Client) -> None:
    world.namespace.errors["/atlas/f"] = ZeroDivisionError("s3kr1t")
    answer = ask("GET", "/fed/atlas/f", BROWSER)
    assert answer.status == 500
    assert "s3kr1t" not in answer.text
    assert "request id <code>r1</code>" in answer.text


def test_nothing_that_a_client_says_becomes_markup(world: World, ask: Client) -> None:
    world.namespace.errors["/<script>alert(1)"] = NotFound("nobody has <script>", path="/<script>alert(1)")
    for target in ("/fed/%3Cscript%3Ealert(1)", "/-/locate?path=x&from=%3Cscript%3E", "/%3Cscript%3E"):
        assert "<script" not in ask("GET", target, BROWSER).text


def test_request_refused_at_the_door_gets_a_page_too(ask: Client) -> None:
    answer = ask("GET", "/fed/atlas/f", BROWSER | {"Host": "a b"})
    assert (answer.status, answer["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert "400 bad-host" in answer.text


def test_error_of_a_page_about_the_service_is_a_page(ask: Client) -> None:
    answer = ask("GET", "/-/none", BROWSER)
    assert (answer.status, answer["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "The directory above" not in answer.text


def test_head_has_the_headers_of_the_page_and_no_body(ask: Client) -> None:
    answer = ask("HEAD", "/fed/none", BROWSER)
    assert (answer.status, answer.body, answer["Content-Type"]) == (404, b"", "text/html; charset=utf-8")
    assert int(answer["Content-Length"]) > 1000


def test_json_says_the_same_as_before(ask: Client) -> None:
    told = json.loads(ask("GET", "/fed/none", {"Accept": "application/json", "X-Request-Id": "r1"}).body)
    assert told == {
        "status": 404, "code": "not-found", "message": "no endpoint has it", "path": "/none", "request": "r1",
    }  # fmt: skip


def test_endpoint_that_misbehaves_is_told_with_what_may_help(world: World, ask: Client) -> None:
    world.namespace.errors["/atlas/f"] = EndpointError("nonsense", endpoint="ral")
    answer = ask("GET", "/fed/atlas/f", BROWSER)
    assert answer.status == 502
    assert "Another try may find another copy." in answer.text
