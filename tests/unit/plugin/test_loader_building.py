# SPDX-License-Identifier: Apache-2.0
"""From a configuration to endpoints and policies: options, defaults, all faults at once."""

import textwrap

from tests.unit.plugin.modules import BLOCKING, GOOD, POLICY
from ugr.config.faults import Faults
from ugr.config.reader import parse
from ugr.config.types import Duration
from ugr.plugin.blocking import Threaded
from ugr.plugin.loader import build, policies


def faults_of(text):
    """Build the endpoints of a configuration; return them and the faults."""
    faults = Faults()
    document = parse(textwrap.dedent(text), "ugr.conf", faults)
    return build(document, faults), faults.lines()


def test_endpoints_are_built_with_their_options_and_the_defaults(install):
    install("ugr-good", GOOD, endpoints=["good"])
    install("ugr-slow", BLOCKING, endpoints=["slow"])
    endpoints, faults = faults_of(
        """
        [endpoint:*]
        depth = 7
        timeout = 2s

        [endpoint:one]
        type = good
        colour = blue

        [endpoint:two]
        type = good
        depth = 8

        [endpoint:three]
        type = slow
        max_threads = 3
        """
    )
    assert faults == []
    assert list(endpoints) == ["one", "two", "three"]
    assert (endpoints["one"].options.colour, endpoints["one"].options.depth) == ("blue", 7)
    assert (endpoints["two"].options.colour, endpoints["two"].options.depth) == ("red", 8)
    assert isinstance(endpoints["three"], Threaded)
    assert (endpoints["three"].options.max_threads, endpoints["three"].options.timeout) == (3, 2.0)
    assert (endpoints["three"].name, endpoints["three"].type) == ("three", "slow")


def test_faulty_option_does_not_hide_what_the_plugin_says_of_others(install):
    code = GOOD.replace(
        "async def stat",
        """def __init__(self, name, options):
            super().__init__(name, options)
            raise ConfigError("depth = 9: too deep\\ncolour = red: too red")
        async def stat""",
    )
    install("ugr-good", code, endpoints=["good"])
    _, faults = faults_of("[endpoint:one]\ntype = good\ncolour = green\ndepth = 9\n")
    assert faults == [
        "ugr.conf:3: [endpoint:one] colour = green: must be one of red, blue",
        "ugr.conf:4: [endpoint:one] depth = 9: too deep",
    ]


def test_the_type_may_be_a_default(install):
    install("ugr-good", GOOD, endpoints=["good"])
    endpoints, faults = faults_of(
        """
        [endpoint:*]
        type = good
        depth = 1
        [endpoint:one]
        """
    )
    assert faults == []
    assert endpoints["one"].type == "good"


def test_endpoints_that_write_no_url_lifetime_get_the_one_given(install):
    install("ugr-good", GOOD, endpoints=["good"])
    document = parse(
        "[endpoint:one]\ntype = good\ndepth = 1\n[endpoint:two]\ntype = good\ndepth = 1\nurl_lifetime = 5m\n"
    )
    endpoints = build(document, Faults(), Duration(60.0))
    assert endpoints["one"].options.url_lifetime == 60.0
    assert endpoints["two"].options.url_lifetime == 300.0


def test_all_faults_are_told_at_once_with_file_and_line(install):
    install("ugr-good", GOOD, endpoints=["good"])
    install("ugr-broken", "import no_such_library", endpoints=["broken"])
    endpoints, faults = faults_of(
        """\
        [endpoint:fine]
        type = good
        depth = 1
        [endpoint:typo]
        type = good
        depht = 1
        [endpoint:untyped]
        depth = 1
        [endpoint:broken]
        type = broken
        [endpoint:blue]
        type = good
        depth = 1
        colour = green
        """
    )
    assert list(endpoints) == ["fine", "blue"]  # as far as it goes, for further checks
    starts = [
        "ugr.conf:4: [endpoint:typo] depth: must be written",
        "ugr.conf:6: [endpoint:typo] depht: there is no such option; did you mean depth?",
        "ugr.conf:7: [endpoint:untyped] type: must be written; installed are ",
        "ugr.conf:10: [endpoint:broken] type = broken: distribution ugr-broken 1.0 cannot be imported",
        "ugr.conf:14: [endpoint:blue] colour = green: must be one of red, blue",
    ]
    assert [fault[: len(start)] for fault, start in zip(faults, starts, strict=True)] == starts


def test_a_default_that_no_type_knows_is_a_fault(install):
    install("ugr-good", GOOD, endpoints=["good"])
    _, faults = faults_of("[endpoint:*]\ndepth = 1\nswiftness = 9\n[endpoint:one]\ntype = good\n")
    assert faults == ["ugr.conf:3: [endpoint:*] swiftness: no configured endpoint type has this option"]


def test_options_that_cannot_work_together_are_blamed_on_the_section(install):
    code = GOOD.replace(
        "async def stat",
        """def __init__(self, name, options):
            super().__init__(name, options)
            if options.depth > 3:
                raise ConfigError("depth and colour do not go together")
            if options.depth == 3:
                raise ValueError("s3cret")
        async def stat""",
    )
    install("ugr-good", code, endpoints=["good"])
    _, faults = faults_of("[endpoint:one]\ntype = good\ndepth = 9\n[endpoint:two]\ntype = good\ndepth = 3\n")
    assert faults == [
        "ugr.conf:1: [endpoint:one]: depth and colour do not go together",
        "ugr.conf:4: [endpoint:two]: module_of_ugr_good.Good cannot be made: ValueError",
    ]


def test_policies_come_through_the_same_door(install):
    install("ugr-order", POLICY, policies=["alphabetical"])
    faults = Faults()
    found = policies(("alphabetical",), parse("[selection]\npolicies = alphabetical\n"), faults)
    assert not faults
    assert [policy.name for policy in found] == ["alphabetical"]


def test_faults_of_policies_are_told_at_their_line(install):
    install("ugr-order", POLICY, policies=["alphabetical"])
    document = parse("[selection]\npolicies = alphabetical nearest alphabetical\n", "ugr.conf")
    faults = Faults()
    assert len(policies(("alphabetical", "nearest", "alphabetical"), document, faults)) == 1
    first, second = faults.lines()
    assert first.startswith(
        "ugr.conf:2: [selection] policies = alphabetical nearest alphabetical: alphabetical is named twice"
    )
    assert "no installed distribution offers 'nearest'" in second


def test_faults_of_the_default_policies_blame_the_file():
    faults = Faults()
    policies(("no-such-policy",), parse("", "ugr.conf"), faults)
    assert faults.lines()[0].startswith("ugr.conf: [selection] policies: no installed distribution offers")
