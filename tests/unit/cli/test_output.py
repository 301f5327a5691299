# SPDX-License-Identifier: Apache-2.0
"""Tables, sizes and times on a terminal, and the values of JSON."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ugr.cli.output import columns, facts, kilometres, milliseconds, plain, show, size, table, when
from ugr.errors import NotFound
from ugr.federation.answers import EndpointAnswer
from ugr.model import FileInfo, Result


def test_a_table_is_aligned_below_its_header() -> None:
    assert table(("name", "ms"), [("geneva", "1.5"), ("b", "100")], right=("ms",)) == (
        "NAME     MS\n"
        "geneva  1.5\n"
        "b       100"
    )  # fmt: skip


def test_a_table_without_rows_is_its_header() -> None:
    assert table(("name", "reason"), []) == "NAME  REASON"


@given(st.lists(st.tuples(st.text(), st.text())))
@settings(deadline=None)
def test_no_cell_can_break_its_line(rows: list[tuple[str, str]]) -> None:
    text = table(("a", "b"), rows)
    assert text.count("\n") == len(rows)
    assert all(line.isprintable() for line in text.split("\n"))


def test_names_cannot_send_commands_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show("a\x1b[2Jb\ud800\nc")
    assert capsys.readouterr().out == "a\\x1b[2Jb\\ud800\nc\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (5 << 30, "5.0 GiB"),
        (5 << 60, "5120.0 PiB"),
    ],
)
def test_sizes_show_their_magnitude(value: int | None, text: str) -> None:
    assert size(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0.0, "1970-01-01T00:00:00Z"),
        (1767225600.9, "2026-01-01T00:00:00Z"),
        (1e300, f"{1e300:.0f} s since 1970"),
    ],
)
def test_times_are_utc(seconds: float | None, text: str) -> None:
    assert when(seconds) == text


def test_small_times_have_more_digits_and_the_unknown_none() -> None:
    assert [milliseconds(value) for value in (None, 0.04, 1.25, 99.96, 3000.4)] == ["-", "0.0", "1.2", "100.0", "3000"]
    assert [kilometres(value) for value in (None, 0.2, 8324.6)] == ["-", "0 km", "8,325 km"]


@pytest.mark.parametrize(
    ("pairs", "text"),
    [
        ([("path", "/f"), ("size", ""), ("on", ["a", "b"])], "path  /f\non    a\n      b"),
        ([("on", [])], ""),
        ([], ""),
    ],
)
def test_facts_are_labelled_and_empty_ones_left_out(pairs: list[tuple[str, str | Sequence[str]]], text: str) -> None:
    assert facts(pairs) == text


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert columns([("geneva", "/a"), ("b", "/c")]) == ["geneva  /a", "b       /c"]
    assert columns([]) == []


def test_values_become_json() -> None:
    answer = EndpointAnswer("geneva", Result.TIMED_OUT, info=FileInfo("f", size=1), reason="silent")
    assert plain({"answers": (answer,), "error": NotFound("no endpoint has it")}) == {
        "answers": [
            {
                "endpoint": "geneva",
                "result": "timed out",
                "info": {"name": "f", "directory": False, "size": 1, "mtime": None, "checksums": {}},
                "milliseconds": None,
                "reason": "silent",
                "path": None,
            }
        ],
        "error": {"code": "not-found", "message": "no endpoint has it", "retryable": False},
    }
