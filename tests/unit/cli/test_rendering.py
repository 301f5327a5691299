# SPDX-License-Identifier: Apache-2.0
"""How explanations, names, listings and endpoints read; the answers are made here."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from ugr.call import Call
from ugr.cli import endpoints, locate, ls, stat
from ugr.errors import NotFound, PermissionDenied, Unauthenticated, Unavailable
from ugr.federation.answers import (
    Choice,
    EndpointAnswer,
    EndpointStatus,
    Excluded,
    Explanation,
    Located,
    Ranked,
    Redirection,
    Shortfall,
    Target,
)
from ugr.model import FileInfo, Location, Result

CLIENT: dict[str, object] = {
    "address": "192.0.2.7",
    "network": "campus",
    "position": (49.25, -123.23),
    "source": "network",
}
INFO = FileInfo("f", size=2048, mtime=1767225600.0, checksums={"adler32": "0a1b2c3d"})
ANSWERS = (
    EndpointAnswer("geneva", Result.TIMED_OUT, milliseconds=3000.0, reason="no answer within 3s"),
    EndpointAnswer("vancouver", Result.FOUND, INFO, 1.25),
    EndpointAnswer("victoria", Result.NOT_ASKED, reason="down: connection refused"),
)
LOCATED = Located(
    "/atlas/f",
    INFO,
    (Target("vancouver", "/data/f"), Target("victoria-2", "/f")),
    etag='"ugr-1"',
    excluded=(Excluded("old", "its size differs: 1 byte"),),
    unasked=("victoria",),
    silent=("geneva",),
    answers=ANSWERS,
)
REDIRECTION = Redirection(
    "vancouver",
    Location("https://s3.example.org/b/f?X-Amz-Signature=s3kr1t&x=1", expires=1767229200.0, signed=True),
    Choice(
        (Ranked("vancouver", 0.0, 0), Ranked("geneva", None, 1)), (Excluded("victoria", "down: connection refused"),)
    ),
)


def status(name: str, **facts: Any) -> EndpointStatus:
    usual: dict[str, Any] = {
        "type": "s3",
        "url": "https://s3.example.org",
        "mounts": ("/",),
        "state": "unknown",
        "reason": None,
        "latency_ms": None,
        "since": 0.0,
        "position": None,
        "capabilities": (),
        "readable": True,
        "listable": True,
        "writable": False,
        "questions": 0,
    }
    return EndpointStatus(name=name, **usual | facts)


def test_an_explanation_reads_from_the_client_to_the_answer() -> None:
    explanation = Explanation("/atlas/f", CLIENT, ANSWERS, located=LOCATED, redirection=REDIRECTION)
    away = locate.distances(
        explanation,
        [status("geneva", position=(46.23, 6.05)), status("victoria", position=(48.46, -123.31)), status("x")],
    )
    assert locate.render(explanation, None, away) == (
        """\
/atlas/f

client   192.0.2.7, of [network:campus], at 49.25, -123.23 (as the network's section says)

ENDPOINT   RESULT       MS  DISTANCE  REASON
geneva     timed out  3000  8,324 km  no answer within 3s
vancouver  found       1.2         -
victoria   not asked     -     88 km  down: connection refused

found    file of 2.0 KiB, last changed 2026-01-01T00:00:00Z

order    1. vancouver (0 km)
         2. geneva
not used victoria: down: connection refused
         old: its size differs: 1 byte

answer   302 Found, to vancouver
         https://s3.example.org/b/f?[signed]
         good until 2026-01-01T01:00:00Z"""
    )


def test_no_signature_is_shown_in_any_form() -> None:
    explanation = Explanation("/atlas/f", CLIENT, ANSWERS, located=LOCATED, redirection=REDIRECTION)
    assert "s3kr1t" not in locate.render(explanation, None, {})
    assert "s3kr1t" not in repr(locate.describe(explanation, None, {}))


@pytest.mark.parametrize(
    ("client", "said"),
    [
        ({"address": None}, "client   nobody in particular; name one with --from"),
        (
            {"address": "192.0.2.7", "network": None, "position": None, "source": "unknown"},
            "client   192.0.2.7; where that is, is not known: distances do not count",
        ),
        (
            {"address": "192.0.2.7", "network": "campus", "position": None, "source": "unknown"},
            "client   192.0.2.7, of [network:campus]; where that is, is not known: distances do not count",
        ),
        (
            {"address": "192.0.2.7", "network": None, "position": (1.0, 2.0), "source": "geoip"},
            "client   192.0.2.7, at 1.00, 2.00 (as the GeoIP database says)",
        ),
    ],
)
def test_the_client_is_said_to_be_where_it_is_taken_to_be(client: dict[str, object], said: str) -> None:
    shown = locate.render(Explanation("/", client, ()), None, {})
    assert said in shown.splitlines()


@pytest.mark.parametrize(
    ("explanation", "refusal", "said"),
    [
        (
            Explanation("/f", CLIENT, ANSWERS, error=NotFound("no endpoint has it")),
            None,
            "answer   404 Not Found: no endpoint has it",
        ),
        (
            Explanation("/f", CLIENT, ANSWERS, error=Unavailable("geneva is silent")),
            None,
            "answer   503 Service Unavailable: geneva is silent",
        ),
        (
            Explanation("/f", CLIENT, ANSWERS, located=LOCATED, redirection=REDIRECTION),
            PermissionDenied("anonymous may not read here"),
            "answer   403 Forbidden: anonymous may not read here",
        ),
        (
            Explanation("/f", CLIENT, ANSWERS, located=LOCATED, redirection=REDIRECTION),
            Unauthenticated("a certificate would help"),
            "answer   403 Forbidden: a certificate would help",
        ),
        (
            Explanation("/d", CLIENT, (), located=Located("/d", FileInfo("d", directory=True), ())),
            None,
            "answer   a directory: its listing",
        ),
        (
            Explanation("/d", CLIENT, (), located=Located("/d", FileInfo("d", directory=True), ())),
            None,
            "asked    nobody: endpoints are mounted there or below",
        ),
        (
            Explanation("/f", CLIENT, (), located=LOCATED, redirection=REDIRECTION, cached=True),
            None,
            "asked    nobody: the answer was remembered",
        ),
        (
            Explanation("/f", CLIENT, (), error=NotFound("no endpoint is mounted there")),
            None,
            "asked    nobody: no endpoint is mounted there",
        ),
    ],
)
def test_the_answer_is_what_the_client_would_be_told(
    explanation: Explanation, refusal: PermissionDenied | None, said: str
) -> None:
    assert said in locate.render(explanation, refusal, {}).splitlines()


def test_an_explanation_in_json_has_distances_and_the_refusal_besides() -> None:
    explanation = Explanation("/f", CLIENT, ANSWERS, error=NotFound("no endpoint has it"))
    refusal = PermissionDenied("anonymous may not read here")
    described = locate.describe(explanation, refusal, {"geneva": 8324.4567})
    assert described["distances"] == {"geneva": 8324.5}
    assert described["refusal"] is refusal
    assert described["error"] == {"code": "not-found", "message": "no endpoint has it"}


def test_distances_need_both_places() -> None:
    nowhere = Explanation("/f", {"address": "192.0.2.7", "position": None}, ())
    assert locate.distances(nowhere, [status("geneva", position=(46.23, 6.05))]) == {}


def test_a_name_is_described_with_its_copies_and_what_is_wrong_with_them() -> None:
    assert stat.render(LOCATED) == (
        """\
path       /atlas/f
kind       file
size       2.0 KiB (2048 bytes)
changed    2026-01-01T00:00:00Z
etag       "ugr-1"
checksum   adler32  0a1b2c3d
on         vancouver   /data/f
           victoria-2  /f
not used   old  its size differs: 1 byte
not asked  victoria
silent     geneva
took       geneva     3000 ms, timed out: no answer within 3s
           vancouver  1.2 ms, found
           victoria   - ms, not asked: down: connection refused"""
    )


def test_a_directory_is_described_without_what_it_has_not() -> None:
    assert stat.render(Located("/d", FileInfo("d", directory=True), (Target("geneva", "/d"),))) == (
        "path  /d\nkind  directory\non    geneva  /d"
    )


@pytest.mark.parametrize(
    ("info", "long", "line"),
    [
        (FileInfo("f"), False, "f"),
        (FileInfo("d", directory=True), False, "d/"),
        (FileInfo("a\nb\x1b"), False, "a\\nb\\x1b"),
        (INFO, True, "           2048  2026-01-01T00:00:00Z  f"),
        (FileInfo("d", directory=True), True, "              -  -                     d/"),
    ],
)
def test_an_entry_is_one_line(info: FileInfo, long: bool, line: str) -> None:
    assert ls.line_of(info, long) == line


def test_what_a_listing_lacks_is_said_for_each_endpoint() -> None:
    listing: Any = SimpleNamespace(
        unasked=("victoria",),
        shortfall=Shortfall({"geneva": "no answer within 3s", "victoria": "down"}, {"vancouver": 1000}),
    )
    assert ls.shortfalls(listing) == [
        "not complete: endpoint victoria was not asked, it is down",
        "not complete: endpoint geneva is missing: no answer within 3s",
        "not complete: endpoint vancouver has more than the 1000 entries that were taken",
    ]


def test_endpoints_are_shown_as_the_probe_found_them() -> None:
    statuses = [
        status("geneva", mounts=("/atlas", "/belle2=/b"), writable=True),
        status("x", readable=False, listable=False),
    ]
    probes = {"geneva": endpoints.Probe(12.34, None), "x": endpoints.Probe(3000.2, "no answer within 3s")}
    assert endpoints.render(statuses, probes) == (
        """\
NAME    TYPE  STATE    MS  MOUNTS             MAY              REASON
geneva  s3    up     12.3  /atlas /belle2=/b  read list write
x       s3    down   3000  /                  -                no answer within 3s"""
    )
    described = endpoints.describe(statuses[1], probes["x"])
    assert (described["state"], described["reason"], described["latency_ms"]) == ("down", "no answer within 3s", 3000.2)
    assert not {"since", "questions"} & described.keys()


class Storage:
    """An endpoint whose probe does what a test wants."""

    def __init__(self, error: Exception | None = None, hangs: bool = False) -> None:
        self.error = error
        self.hangs = hangs

    async def health(self, call: Call) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error


def test_every_endpoint_is_probed_once_and_at_the_same_time() -> None:
    probes = asyncio.run(
        endpoints.probe_all(
            {
                "good": Storage(),
                "denied": Storage(PermissionDenied("the key is not known")),
                "hanging": Storage(hangs=True),
                "broken": Storage(KeyError("s3kr1t")),
            },
            timeout=0.05,
        )
    )
    assert {name: probe.reason for name, probe in probes.items()} == {
        "good": None,
        "denied": "the key is not known",
        "hanging": "no answer within 50ms",
        "broken": "its plugin failed: KeyError",
    }
    assert probes["hanging"].milliseconds >= 49
