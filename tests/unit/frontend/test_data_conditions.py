# SPDX-License-Identifier: Apache-2.0
"""Conditional requests against RFC 9110 section 13, each row citing its section."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ugr.frontend.conditions import Validators, Verdict, date, date_value, range_holds, verdict

MODIFIED = 784111777
NOW_HELD = Validators('"ugr-1"', MODIFIED)
SAME = "Sun, 06 Nov 1994 08:49:37 GMT"
BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT"
AFTER = "Sun, 06 Nov 1994 08:49:38 GMT"
GO_ON, NOT_MODIFIED, FAILED = Verdict.GO_ON, Verdict.NOT_MODIFIED, Verdict.FAILED

ROWS = [
    ({}, GO_ON),
    # If-Match, 13.1.1: strong comparison
    ({"If-Match": '"ugr-1"'}, GO_ON),
    ({"If-Match": '"a", "ugr-1"'}, GO_ON),
    ({"If-Match": '"a,b" , "ugr-1"'}, GO_ON),
    ({"If-Match": "*"}, GO_ON),
    ({"If-Match": 'W/"ugr-1"'}, FAILED),
    ({"If-Match": '"ugr-2"'}, FAILED),
    ({"If-Match": "ugr-1"}, FAILED),
    ({"If-Match": ""}, FAILED),
    ({"If-Match": '"*"'}, FAILED),
    # If-None-Match, 13.1.2: weak comparison
    ({"If-None-Match": '"ugr-1"'}, NOT_MODIFIED),
    ({"If-None-Match": 'W/"ugr-1"'}, NOT_MODIFIED),
    ({"If-None-Match": 'W/"a", "ugr-1"'}, NOT_MODIFIED),
    ({"If-None-Match": "*"}, NOT_MODIFIED),
    ({"If-None-Match": '"ugr-2"'}, GO_ON),
    ({"If-None-Match": "nonsense"}, GO_ON),
    # If-Modified-Since, 13.1.3
    ({"If-Modified-Since": SAME}, NOT_MODIFIED),
    ({"If-Modified-Since": AFTER}, NOT_MODIFIED),
    ({"If-Modified-Since": BEFORE}, GO_ON),
    ({"If-Modified-Since": "yesterday"}, GO_ON),
    ({"If-Modified-Since": ""}, GO_ON),
    # If-Unmodified-Since, 13.1.4
    ({"If-Unmodified-Since": SAME}, GO_ON),
    ({"If-Unmodified-Since": AFTER}, GO_ON),
    ({"If-Unmodified-Since": BEFORE}, FAILED),
    ({"If-Unmodified-Since": "yesterday"}, GO_ON),
    # Precedence, 13.2.2: If-Match makes If-Unmodified-Since void, If-None-Match makes If-Modified-Since void
    ({"If-Match": '"ugr-1"', "If-Unmodified-Since": BEFORE}, GO_ON),
    ({"If-Match": '"ugr-2"', "If-Unmodified-Since": AFTER}, FAILED),
    ({"If-None-Match": '"ugr-2"', "If-Modified-Since": AFTER}, GO_ON),
    ({"If-None-Match": '"ugr-1"', "If-Modified-Since": BEFORE}, NOT_MODIFIED),
    # ... and a failed precondition comes before "not modified"
    ({"If-Match": '"ugr-2"', "If-None-Match": '"ugr-1"'}, FAILED),
    ({"If-Match": '"ugr-1"', "If-None-Match": '"ugr-1"'}, NOT_MODIFIED),
    ({"If-Unmodified-Since": BEFORE, "If-Modified-Since": AFTER}, FAILED),
    ({"If-Unmodified-Since": AFTER, "If-Modified-Since": AFTER}, NOT_MODIFIED),
]


@pytest.mark.parametrize(("headers", "expected"), ROWS)
def test_conditions_count_in_the_order_of_the_rfc(headers: dict[str, str], expected: Verdict) -> None:
    assert verdict(headers, NOW_HELD) is expected


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        (None, True),
        ('"ugr-1"', True),
        (' "ugr-1" ', True),
        ('"ugr-2"', False),
        ('W/"ugr-1"', False),
        ('"ugr-1", "ugr-2"', False),
        ("*", False),
        (SAME, True),
        (BEFORE, False),
        (AFTER, False),
        ("nonsense", False),
        ("", False),
    ],
)
def test_if_range_holds_only_for_the_very_same_state(value: str | None, holds: bool) -> None:
    assert range_holds({} if value is None else {"If-Range": value}, NOW_HELD) is holds


@pytest.mark.parametrize(
    "text", ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
)
def test_all_three_forms_of_a_date_are_understood(text: str) -> None:
    assert date_value(text) == MODIFIED


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "784111777",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 +0100",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nix 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT; length=5",
    ],
)
def test_what_is_not_a_date_has_no_value(text: str) -> None:
    assert date_value(text) is None


@given(st.integers(0, 253402300799))
def test_a_written_date_reads_back(seconds: int) -> None:
    assert date_value(date(seconds)) == seconds


@given(st.text(max_size=60))
def test_no_header_text_breaks_the_verdict(text: str) -> None:
    names = ("If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range")
    headers = dict.fromkeys(names, text)
    assert verdict(headers, NOW_HELD) in Verdict
    assert range_holds(headers, NOW_HELD) in (True, False)
