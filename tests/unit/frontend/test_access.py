# SPDX-License-Identifier: Apache-2.0
"""What the access log says of each request, and what it never says."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.frontend.fake import Client, World
from ugr.errors import NotFound, Unavailable
from ugr.federation.answers import EndpointAnswer
from ugr.frontend import access, listing
from ugr.frontend.outcome import DECISIONS, Outcome
from ugr.model import FileInfo, Identity, Intent, Result, Right


@pytest.fixture
def lines(world: World, ask: Client, tmp_path: Path) -> Any:
    """Return the lines written so far, parsed; they go to a file."""
    file = tmp_path / "access.log"
    file.touch()
    world.configure(access_log=str(file))

    def written() -> list[dict[str, Any]]:
        ask.app.observer.flush()
        return [json.loads(line) for line in file.read_text().splitlines()]

    return written


def the_line(lines: Any) -> dict[str, Any]:
    """Return the only line."""
    (line,) = lines()
    found: dict[str, Any] = line
    return found


def test_redirect_is_told_with_what_led_there(ask: Client, lines: Any) -> None:
    headers = {"User-Agent": "gfal2/2.22", "ClientInfo": "job-id=7;file-id=8;retry=0", "X-Request-Id": "r1"}
    answer = ask("GET", "/fed/atlas/f", headers)
    line = the_line(lines)
    assert line.pop("time")[:2] == "20"
    assert line.pop("ms") > 0
    assert line == {
        "id": "r1", "client": "192.0.2.7", "identity": "anonymous", "method": "GET", "path": "/fed/atlas/f",
        "status": 302, "bytes": len(answer.body), "decision": "redirect", "endpoint": "cern", "agent": "gfal2/2.22",
        "client_info": "job-id=7;file-id=8;retry=0",
    }  # fmt: skip


def test_endpoints_that_were_asked_are_told_with_result_and_time(world: World, ask: Client, lines: Any) -> None:
    world.namespace.answers = (
        EndpointAnswer("cern", Result.FOUND, FileInfo("f", size=5), 1.23456),
        EndpointAnswer("ral", Result.PENDING, None, None, "still silent"),
    )
    world.namespace.unasked = ("triumf",)
    ask("GET", "/fed/atlas/f")
    line = the_line(lines)
    assert line["cache"] == "cold"
    assert line["asked"] == [
        {"endpoint": "cern", "result": "found", "ms": 1.235},
        {"endpoint": "ral", "result": "pending"},
    ]
    assert line["unasked"] == ["triumf"]


def test_name_that_is_remembered_is_told_as_such(world: World, ask: Client, lines: Any) -> None:
    world.namespace.remembered = True
    ask("GET", "/fed/atlas/f")
    ask("GET", "/fed/atlas/none")
    assert [(line["decision"], line["cache"]) for line in lines()] == [("redirect", "L1"), ("absent", "L1")]


def test_name_that_all_hosts_remember_is_told_as_such(world: World, ask: Client, lines: Any) -> None:
    world.namespace.shared = True
    ask("GET", "/fed/atlas/f")
    absent = NotFound("no endpoint has it")
    absent.level = "L2"
    world.namespace.errors["/atlas/none"] = absent
    ask("GET", "/fed/atlas/none")
    assert [(line["decision"], line["cache"]) for line in lines()] == [("redirect", "L2"), ("absent", "L2")]


def test_error_is_told_with_its_code_and_with_who_said_what(world: World, ask: Client, lines: Any) -> None:
    absent, unknown = NotFound("no endpoint has it"), Unavailable("ral is silent")
    absent.answers = (EndpointAnswer("cern", Result.ABSENT, None, 2.0),)
    unknown.answers = (EndpointAnswer("ral", Result.TIMED_OUT, None, 3000.0, "no answer"),)
    world.namespace.errors = {"/a": absent, "/u": unknown}
    ask("GET", "/fed/a")
    ask("HEAD", "/fed/u")
    told = [(line["decision"], line["error"], line["cache"], line["asked"], line["bytes"] > 0) for line in lines()]
    assert told == [
        ("absent", "not-found", "cold", [{"endpoint": "cern", "result": "absent", "ms": 2.0}], True),
        ("failed", "unavailable", "cold", [{"endpoint": "ral", "result": "timed out", "ms": 3000.0}], False),
    ]


@pytest.mark.parametrize(
    ("method", "target", "headers", "decision"),
    [
        ("GET", "/fed/atlas/", {}, "list"),
        ("PROPFIND", "/fed/atlas/", {"Depth": "1"}, "list"),
        ("PROPFIND", "/fed/atlas/f", {"Depth": "0"}, "describe"),
        ("HEAD", "/fed/atlas/f", {}, "describe"),
        ("HEAD", "/fed/atlas", {}, "describe"),
        ("GET", "/fed/atlas/f", {"If-None-Match": "*"}, "unchanged"),
        ("GET", "/fed/atlas", {"Accept": "text/html"}, "local"),
        ("OPTIONS", "/fed/atlas/f", {}, "local"),
        ("GET", "/", {}, "local"),
        ("GET", "/-/endpoints", {}, "local"),
        ("GET", "/fed/none", {}, "absent"),
        ("GET", "/elsewhere", {}, "refused"),
        ("PUT", "/fed/atlas/f", {}, "refused"),
        ("BREW", "/fed/atlas/f", {}, "refused"),
        ("GET", "/fed//x", {}, "refused"),
        ("GET", "/-/none", {}, "refused"),
    ],
)
def test_every_kind_of_answer_has_its_word(
    ask: Client, lines: Any, method: str, target: str, headers: dict[str, str], decision: str
) -> None:
    answer = ask(method, target, headers)
    line = the_line(lines)
    assert (line["decision"], line["status"], line["method"]) == (decision, answer.status, method)
    assert decision in DECISIONS


def test_data_of_this_host_is_told_with_its_bytes_and_without_the_signature(
    world: World, ask: Client, lines: Any, tmp_path: Path
) -> None:
    stored = tmp_path / "stored"
    stored.write_bytes(b"0123456789")
    world.namespace.contents["site", "/f"] = lambda: stored.open("rb")
    url = world.signer.url_path("site", "/f", Intent.GET, time.time() + 60)
    ask("GET", url, {"Range": "bytes=2-4"})
    line = the_line(lines)
    assert (line["decision"], line["endpoint"], line["bytes"], line["status"]) == ("data", "site", 3, 206)
    assert line["query"].endswith("&m=GET&s=***")
    assert "aborted" not in line


def test_listing_is_told_at_its_end_with_all_its_bytes_and_what_it_misses(
    world: World, ask: Client, lines: Any
) -> None:
    for number in range(listing.SORTED + 2):
        world.namespace.tree[f"/big/{number}"] = FileInfo(str(number), size=1)
    world.namespace.tree["/big"] = FileInfo("big", directory=True)
    world.namespace.batch = 1000
    world.namespace.missing, world.namespace.truncated = {"ral": "timed out"}, {"cern": 10}
    answer = ask("GET", "/fed/big/")
    line = the_line(lines)
    assert (line["decision"], line["bytes"], line["missing"]) == ("list", len(answer.body), ["ral", "cern"])
    assert "aborted" not in line


def test_listing_that_is_not_read_to_its_end_is_told_as_aborted(world: World, ask: Client, lines: Any) -> None:
    for number in range(listing.SORTED * 2):
        world.namespace.tree[f"/big/{number}"] = FileInfo(str(number), size=1)
    world.namespace.tree["/big"] = FileInfo("big", directory=True)
    world.namespace.batch = 1000
    _, _, body = ask.open(ask.environ("GET", "/fed/big/", {}, b""))
    first = len(next(iter(body)))
    assert lines() == []
    body.close()
    body.close()
    line = the_line(lines)
    assert (line["aborted"], line["bytes"], line["decision"]) == (True, first, "list")


def test_request_refused_at_the_door_is_told_with_the_address_of_the_peer(ask: Client, lines: Any) -> None:
    ask("GET", "/fed/atlas/f", {"Host": "a b"})
    line = the_line(lines)
    assert (line["client"], line["error"], line["decision"]) == ("192.0.2.7", "bad-host", "refused")
    assert "identity" not in line or line["identity"] == ""


def test_identity_is_told_by_its_name(world: World, ask: Client, lines: Any) -> None:
    class Everybody:
        challenge = None

        def identify(self, peer: object) -> Identity:
            return Identity(name="/DC=ch/CN=jane\x1b[31m", dn="/DC=ch/CN=jane")

    world.chain._sources = (Everybody(),)
    ask("GET", "/fed/atlas/f")
    assert the_line(lines)["identity"] == "/DC=ch/CN=jane\\x1b[31m"


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/fed/atlas/f?authz=s3kr1t", {}),
        ("/fed/atlas/f?authz=Bearer%20s3kr1t&x=1", {}),
        ("/fed/atlas/f?X-Amz-Signature=s3kr1t", {}),
        ("/fed/atlas/f?x=%3Fauthz%3Ds3kr1t", {}),
        ("/fed/eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzM2tyMXQifQ.s3kr1t", {}),
        ("http://user:s3kr1t@fed.example/fed/atlas/f", {}),
        ("/-/data/site/f?e=1800000000&m=GET&s=s3kr1t", {}),
        ("/fed/atlas/f", {"Authorization": "Bearer s3kr1t"}),
        ("/fed/atlas/f", {"Cookie": "s3kr1t=1"}),
        ("/fed/atlas/f", {"Referer": "https://h/s3kr1t"}),
        ("/fed/atlas/f", {"User-Agent": "x authz=s3kr1t"}),
        ("/fed/atlas/f", {"ClientInfo": "job-id=1;access_token=s3kr1t"}),
    ],
)
def test_no_secret_is_told(
    world: World, ask: Client, lines: Any, tmp_path: Path, target: str, headers: dict[str, str]
) -> None:
    ask("GET", target, headers)
    assert len(lines()) == 1
    assert "s3kr1t" not in (tmp_path / "access.log").read_text()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.text(max_size=300), st.text(max_size=300))
def test_no_request_forges_a_line(world: World, target: str, agent: str) -> None:
    environ = {"REQUEST_METHOD": "GET", "RAW_URI": target, "HTTP_USER_AGENT": agent, "ugr.id": "r1"}
    line = access.line(environ, None, Outcome(), 400, 0, 0.1)
    text = line.decode()
    assert text[:-1].isprintable()
    assert text.endswith("\n")
    assert json.loads(text)["status"] == 400


def test_line_is_never_longer_than_a_pipe_takes_at_once(world: World, ask: Client, lines: Any, tmp_path: Path) -> None:
    world.namespace.answers = tuple(EndpointAnswer("e" * 64, Result.ABSENT, None, 1.0) for _ in range(200))
    world.namespace.file("/" + "é" * 500)
    ask("GET", "/fed/" + "%C3%A9" * 500 + "?" + "q" * 4000, {"User-Agent": "\\" * 300, "ClientInfo": "ü" * 300})
    line = the_line(lines)
    assert (tmp_path / "access.log").stat().st_size <= 4096
    assert line["path"].startswith("/fed/%C3%A9%C3%A9")
    assert line["path"].endswith("…")
    assert line["asked"]


def test_every_field_of_a_line_is_described() -> None:
    assert list(access.FIELDS) == list(access.Line.__struct_fields__)


def test_log_goes_where_the_settings_of_the_moment_say(
    world: World, ask: Client, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for place in ("stdout", str(tmp_path / "a"), "off", str(tmp_path / "b"), "stdout"):
        world.configure(access_log=place)
        ask("OPTIONS", "/fed/x")
        ask.app.observer.flush()
    assert [json.loads(line)["path"] for line in capfd.readouterr().out.splitlines()] == ["/fed/x"] * 2
    assert [len((tmp_path / name).read_text().splitlines()) for name in "ab"] == [1, 1]


def test_request_that_is_refused_for_want_of_a_right_asked_nobody(world: World, ask: Client, lines: Any) -> None:
    world.namespace.denied = frozenset(Right)
    ask("GET", "/fed/atlas/f")
    line = the_line(lines)
    assert (line["decision"], line["error"], line.get("cache")) == ("refused", "permission-denied", None)


def test_server_that_tells_no_raw_target_is_understood(ask: Client, lines: Any) -> None:
    environ = ask.environ("GET", "/", {}, b"")
    del environ["RAW_URI"]
    environ |= {"SCRIPT_NAME": "", "PATH_INFO": "/fed/atlas/f", "QUERY_STRING": "a=1"}
    ask.open(environ)
    line = the_line(lines)
    assert (line["path"], line["query"], line["status"]) == ("/fed/atlas/f", "a=1", 302)


def test_outcome_of_one_request_is_not_that_of_another(world: World, ask: Client, lines: Any) -> None:
    world.namespace.answers = (EndpointAnswer("cern", Result.FOUND, None, 1.0),)
    ask("GET", "/fed/atlas/f")
    world.namespace.answers = ()
    ask("OPTIONS", "/fed/atlas/f")
    first, second = lines()
    assert ("asked" in first, "asked" in second) == (True, False)


def test_health_check_is_told_only_when_it_fails(world: World, ask: Client, lines: Any) -> None:
    ask("GET", "/-/health/ready")
    assert lines() == []
    world.problems.append("every endpoint is down")
    ask("GET", "/-/health/ready")
    assert the_line(lines)["status"] == 503
