# SPDX-License-Identifier: Apache-2.0
"""ugr's own sections, and what must hold between them."""

from __future__ import annotations

import ipaddress

import pytest

from ugr.config.bind import settings
from ugr.config.faults import Faults, suggestion
from ugr.config.reader import parse
from ugr.config.settings import AclSettings, NetworkSettings, Settings
from ugr.model import Position, Right


def checked(text: str) -> tuple[Settings, list[str]]:
    faults = Faults()
    return settings(parse(text, "ugr.conf"), faults), faults.lines()


def test_an_empty_configuration_has_the_defaults_and_no_fault() -> None:
    assert checked("") == (Settings(), [])


def test_faulty_option_does_not_hide_what_else_is_wrong() -> None:
    assert checked(
        "[ugr]\nthreads = many\nmax_waiting = 900\nprefix = /-/x\npublic_url = https://h/y\n"
        "[cache]\nttl = 1s\nmax_ttl = soon\nnegative_ttl = 1m\n"
        "[acl:/]\nread = network:nope\nlits = any\n"
    )[1] == [
        "ugr.conf:2: [ugr] threads = many: not a whole number",
        "ugr.conf:4: [ugr] prefix = /-/x: /-/x is taken by the service's own pages; write for example /fed",
        "ugr.conf:5: [ugr] public_url = https://h/y: must be scheme, host and port only; the path is that of prefix",
        "ugr.conf:8: [cache] max_ttl = soon: not a duration; write a number and a unit: 500ms, 10s, 5m, 2h, 1d",
        "ugr.conf:9: [cache] negative_ttl = 1m: negative_ttl (1m) must be shorter than ttl (1s)",
        "ugr.conf:11: [acl:/] read = network:nope: there is no [network:nope]",
        "ugr.conf:12: [acl:/] lits: there is no such option; did you mean list?",
    ]


@pytest.mark.parametrize("word", ["http://x/", "b/c", "h:99999", "h:x", "a b:1/", "[::1", "*.example.org"])
def test_allowed_hosts_are_hosts(word: str) -> None:
    ((fault),) = checked(f"[ugr]\nallowed_hosts = fine.example.org:8443 [::1]:80 {word}\n")[1]
    assert "is not a host name with an optional port" in fault


def test_every_section_is_bound_and_knows_its_place() -> None:
    found, faults = checked(
        "[ugr]\nprefix = /data\n[cache]\nttl = 1m\n[selection]\nfuzz = 5\n[health]\nfailures = 5\n"
        "[endpoint:cern]\n[network:geneva]\naddresses = 192.0.2.0/24\nposition = 46.2, 6.1\nprefer = cern\n"
        "[acl:/]\nread = anonymous\n[acl:/atlas]\nread = network:geneva any\nwrite = nobody\n"
    )
    assert faults == []
    assert (found.ugr.prefix, found.cache.ttl, found.selection.fuzz, found.health.failures) == ("/data", 60.0, 5.0, 5)
    assert found.networks == {
        "geneva": NetworkSettings(
            addresses=(ipaddress.ip_network("192.0.2.0/24"),), position=Position(46.2, 6.1), prefer=("cern",)
        )
    }
    assert found.acls == {
        "/": AclSettings(read=("anonymous",)),
        "/atlas": AclSettings(read=("network:geneva", "any"), write=("nobody",)),
    }
    assert found.acls["/atlas"].granted(Right.LIST) is None
    assert found.origins["network:geneva"] == "ugr.conf:10"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[ugr]\nprefix = fed", ['ugr.conf:2: [ugr] prefix = fed: must start with "/"']),
        ("[ugr]\nprefix = /fed/", ['ugr.conf:2: [ugr] prefix = /fed/: must not end with "/"']),
        ("[ugr]\nprefix = //fed", ['ugr.conf:2: [ugr] prefix = //fed: must have no empty, "." or ".." part']),
        ("[ugr]\nprefix = /a/../b", ['ugr.conf:2: [ugr] prefix = /a/../b: must have no empty, "." or ".." part']),
        (
            "[ugr]\nprefix = /",
            ["ugr.conf:2: [ugr] prefix = /: / is taken by the service's own pages; write for example /fed"],
        ),
        (
            "[ugr]\nprefix = /-/fed",
            ["ugr.conf:2: [ugr] prefix = /-/fed: /-/fed is taken by the service's own pages; write for example /fed"],
        ),
        (
            "[ugr]\nthreads = 4\nmax_waiting = 4",
            [
                "ugr.conf:3: [ugr] max_waiting = 4: max_waiting (4) must be below threads (4), "
                "so that a thread is left for what needs no waiting"
            ],
        ),
        (
            "[ugr]\npublic_url = https://h/fed",
            [
                "ugr.conf:2: [ugr] public_url = https://h/fed: "
                "must be scheme, host and port only; the path is that of prefix"
            ],
        ),
        (
            "[ugr]\nruntime_dir = run",
            ['ugr.conf:2: [ugr] runtime_dir = run: must be an absolute path, starting with "/"'],
        ),
        (
            "[ugr]\nlog_level = warn",
            ["ugr.conf:2: [ugr] log_level = warn: must be one of debug, info, warning, error; did you mean warning?"],
        ),
        ("[ugr]\nworkers = 0", ["ugr.conf:2: [ugr] workers = 0: must be at least 1"]),
        ("[cache]\nttl = 10s", ["ugr.conf:2: [cache] ttl = 10s: negative_ttl (10s) must be shorter than ttl (10s)"]),
        (
            "[cache]\nttl = 1h\nnegative_ttl = 2h",
            ["ugr.conf:3: [cache] negative_ttl = 2h: negative_ttl (2h) must be shorter than ttl (1h)"],
        ),
        ("[cache]\nttl = 2h", ["ugr.conf:2: [cache] ttl = 2h: ttl (2h) must not be longer than max_ttl (1h)"]),
        ("[cache]\nttl = 1h", []),
        (
            "[network:a]",
            ["ugr.conf:1: [network:a] addresses: must be written; for example addresses = 192.0.2.0/24 2001:db8::/32"],
        ),
        (
            "[network:a]\naddresses =",
            ["ugr.conf:2: [network:a] addresses: needs one CIDR block at least, for example 192.0.2.0/24"],
        ),
        (
            "[network:a]\naddresses = 10.0.0.0/8\nprefer = crn\n[endpoint:cern]",
            ["ugr.conf:3: [network:a] prefer = crn: there is no [endpoint:crn]; did you mean cern?"],
        ),
        (
            "[network:a]\naddresses = 10.0.0.0/8\n[network:b]\naddresses = 10.1.0.0/16 10.0.0.0/8",
            [
                "ugr.conf:4: [network:b] addresses = 10.1.0.0/16 10.0.0.0/8: "
                "10.0.0.0/8 is already in [network:a] of ugr.conf:1"
            ],
        ),
        ("[acl:atlas]", ['ugr.conf:1: [acl:atlas]: the prefix must start with "/"']),
        ("[acl:/atlas/]", ['ugr.conf:1: [acl:/atlas/]: the prefix must not end with "/"']),
        (
            "[acl:/]\nread = anyone",
            ["ugr.conf:2: [acl:/] read = anyone: anyone is nobody that is known; did you mean any?"],
        ),
        (
            "[acl:/]\nread = vo:atlas",
            [
                "ugr.conf:2: [acl:/] read = vo:atlas: "
                "vo:atlas is nobody that is known; write anonymous, any, nobody or network:NAME"
            ],
        ),
        ("[acl:/]\nread =", ["ugr.conf:2: [acl:/] read: names nobody; write nobody if that is meant"]),
        ("[acl:/]\nread = any nobody", ["ugr.conf:2: [acl:/] read = any nobody: nobody stands alone or not at all"]),
        (
            "[acl:/]\nlist = network:genva\n[network:geneva]\naddresses = ::/0",
            ["ugr.conf:2: [acl:/] list = network:genva: there is no [network:genva]; did you mean geneva?"],
        ),
        (
            "[endpoint:-a]",
            [
                "ugr.conf:1: [endpoint:-a]: a name of an endpoint has 1 to 64 letters, digits, dots, dashes and "
                "underscores, and starts with a letter or digit"
            ],
        ),
        (
            "[endpoint:cern]\n[endpoint:CERN]",
            ["ugr.conf:2: [endpoint:CERN]: differs from [endpoint:cern] in ugr.conf:1 by capital letters only"],
        ),
    ],
)
def test_each_contradiction_is_told_where_it_would_be_mended(text: str, expected: list[str]) -> None:
    assert checked(text + "\n")[1] == expected


def test_a_key_that_is_too_short_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UGR_TEST_KEY", "s3kr1t")
    assert checked("[ugr]\ndata_key_environment = UGR_TEST_KEY\n")[1] == [
        "ugr.conf:2: [ugr] data_key_environment = UGR_TEST_KEY: "
        "a key is a line of 32 characters or more; that one is shorter"
    ]


def test_faults_are_sorted_by_file_and_line_and_told_once() -> None:
    faults = Faults()
    for file, line in (("b", 1), ("a", 10), ("a", 9), ("a", 0), ("a", 9)):
        faults.add(file, line, "wrong")
    assert faults.lines() == ["a: wrong", "a:9: wrong", "a:10: wrong", "b:1: wrong"]
    assert len(faults) == 4


def test_a_fault_cannot_break_its_line() -> None:
    faults = Faults()
    faults.add("ugr.conf", 1, "x\ny\x1b[31m\u2028")
    assert faults.lines() == ["ugr.conf:1: x\\ny\\x1b[31m\\u2028"]


@pytest.mark.parametrize(
    ("word", "expected"),
    [("timout", "; did you mean timeout?"), ("TIMEOUT", "; did you mean timeout?"), ("x" * 99, ""), ("", "")],
)
def test_a_suggestion_is_made_only_when_something_is_near(word: str, expected: str) -> None:
    assert suggestion(word, ["timeout", "weight"]) == expected
