# SPDX-License-Identifier: Apache-2.0
"""The Range header against the grammar and the examples of RFC 9110 section 14."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ugr.frontend.ranges import MAX_RANGES, Span, select

SIZE = 10000

SATISFIABLE = [
    # RFC 9110 section 14.1.2, its own examples
    ("bytes=0-499", [(0, 500)]),
    ("bytes=500-999", [(500, 1000)]),
    ("bytes=-500", [(9500, 10000)]),
    ("bytes=9500-", [(9500, 10000)]),
    ("bytes=0-0,-1", [(0, 1), (9999, 10000)]),
    ("bytes= 0-999, 4500-5499, -1000", [(0, 1000), (4500, 5500), (9000, 10000)]),
    ("bytes=500-600,601-999", [(500, 601), (601, 1000)]),
    ("bytes=500-700,601-999", [(500, 701), (601, 1000)]),
    # a last position beyond the end means the end; a suffix longer than the file, the file
    ("bytes=9999-10000", [(9999, 10000)]),
    ("bytes=0-99999999999999999999999999999999", [(0, 10000)]),
    ("bytes=-99999999999999999999999999999999", [(0, 10000)]),
    ("bytes=00000000000000000000000000000000005-7", [(5, 8)]),
    # unit names are case-insensitive (14.1), list elements may be empty (5.6.1.2)
    ("BYTES=1-2", [(1, 3)]),
    ("bytes=,,1-2,\t, 4-5 ,", [(1, 3), (4, 6)]),
    # unsatisfiable ones among others are left out
    ("bytes=20000-,1-1", [(1, 2)]),
    ("bytes=-0,1-1", [(1, 2)]),
    # the order is the client's
    ("bytes=50-59,10-19", [(50, 60), (10, 20)]),
    # more bytes than the file has: overlapping ones are joined
    ("bytes=0-,0-,0-", [(0, 10000)]),
    ("bytes=9000-,0-100,50-9500", [(0, 10000)]),
]

IGNORED = [
    "bytes",
    "bytes=",
    "bytes=,",
    "bytes=-",
    "bytes=a-b",
    "bytes=1",
    "bytes=5-2",
    "bytes=1-2,5-2",
    "bytes=1-2;3-4",
    "bytes=1 - 2",
    "bytes=0x1-2",
    "bytes=+1-2",
    "bytes=1-2-3",
    "bytes=--5",
    "bytes=\u0661-\u0662",
    "bytes=1-2\n",
    "lines=1-2",
    "bytes 1-2",
    "1-2",
    "",
]


@pytest.mark.parametrize(("value", "spans"), SATISFIABLE)
def test_ranges_select_the_bytes_that_the_rfc_says(value: str, spans: list[tuple[int, int]]) -> None:
    assert select(value, SIZE) == tuple(Span(start, stop) for start, stop in spans)


@pytest.mark.parametrize("value", IGNORED)
def test_what_is_not_a_byte_range_is_ignored(value: str) -> None:
    assert select(value, SIZE) is None


@pytest.mark.parametrize(
    "value", ["bytes=10000-", "bytes=10000-10001", "bytes=-0", "bytes=99999999999999999999999-", "bytes=10000-,-0"]
)
def test_ranges_that_start_beyond_the_end_are_unsatisfiable(value: str) -> None:
    assert select(value, SIZE) == ()


def test_an_empty_file_has_no_satisfiable_first_position() -> None:
    assert select("bytes=0-", 0) == ()
    assert select("bytes=-0", 0) == ()


def test_a_suffix_of_an_empty_file_is_the_empty_file() -> None:
    assert select("bytes=-5", 0) is None


def test_as_many_ranges_as_allowed_are_answered_and_one_more_is_ignored() -> None:
    parts = [f"{2 * n}-{2 * n}" for n in range(MAX_RANGES)]
    spans = select(f"bytes={','.join(parts)}", SIZE)
    assert spans is not None
    assert len(spans) == MAX_RANGES
    assert select(f"bytes={','.join(parts)},-1", SIZE) is None


def test_many_overlapping_ranges_cost_no_more_than_the_file() -> None:
    assert select(f"bytes={','.join(['0-'] * 1000)}", SIZE) == (Span(0, SIZE),)


def test_content_range_counts_the_last_byte_in() -> None:
    assert Span(0, 500).content_range(1234) == "bytes 0-499/1234"


@given(st.text(max_size=40), st.integers(0, 1 << 62))
def test_any_text_is_either_ignored_or_within_the_file(text: str, size: int) -> None:
    for value in (text, f"bytes={text}"):
        for span in select(value, size) or ():
            assert 0 <= span.start < span.stop <= size


SPEC = st.one_of(
    st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: (min(pair), max(pair))),
    st.tuples(st.integers(0, 60), st.none()),
    st.tuples(st.none(), st.integers(0, 60)),
)


def _wanted(first: int | None, last: int | None, size: int) -> range:
    """Say which bytes one range-spec means, in the plainest way there is."""
    if first is None:
        return range(max(0, size - (last or 0)), size)
    return range(first, min(size, size if last is None else last + 1))


@given(st.lists(SPEC, min_size=1, max_size=8), st.integers(1, 50))
def test_exactly_the_wanted_bytes_are_selected_and_never_more_than_the_file(
    specs: list[tuple[int | None, int | None]], size: int
) -> None:
    text = ",".join(f"{'' if first is None else first}-{'' if last is None else last}" for first, last in specs)
    wanted = {byte for first, last in specs for byte in _wanted(first, last, size)}
    spans = select(f"bytes={text}", size)
    assert spans is not None
    assert {byte for span in spans for byte in range(span.start, span.stop)} == wanted
    assert sum(span.length for span in spans) <= size
