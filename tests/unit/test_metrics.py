# SPDX-License-Identifier: Apache-2.0
"""Counting, in one process and in several: nothing is lost, nothing is counted twice, nothing goes back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ugr import metrics
from ugr.metrics import BOUNDS, OVERFLOW, Counts, Key

KEY: Key = ("request", "GET", 302)

COUNTING = """
import pathlib, sys
from ugr.metrics import counts
counts.add(("request", "GET", 302), 0.2, 10)
counts.attach(pathlib.Path(sys.argv[1]))
counts.add(("request", "GET", 302), 0.2, 10)
counts.add(("other",))
print("counted", flush=True)
sys.stdin.read()
"""

FORKED = """
import os, pathlib, sys
from ugr.metrics import counts
counts.add(("before",))
counts.attach(pathlib.Path(sys.argv[1]))
read, write = os.pipe()
if os.fork() == 0:
    counts.add(("child",))
    os.write(write, repr((counts.alone, sorted(counts.totals()))).encode())
    os._exit(0)
os.wait()
print(os.read(read, 999).decode())
print((counts.alone, sorted(counts.totals())))
"""


class Process(subprocess.Popen[str]):
    """Another process that has counted, and waits."""

    def __init__(self, directory: Path) -> None:
        super().__init__(
            [sys.executable, "-c", COUNTING, directory], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.stdout is not None
        assert self.stdout.readline() == "counted\n"


@pytest.fixture
def counts(tmp_path: Path) -> Counts:
    """Counts that share a directory."""
    made = Counts()
    made.attach(tmp_path)
    return made


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Process]:
    """Another process that shares the directory."""
    with Process(tmp_path) as process:
        yield process
        process.kill()


def test_an_event_is_counted_with_its_time_and_amount() -> None:
    counts = Counts()
    counts.add(KEY, 0.003, 7)
    counts.add(KEY, 99.0, 8)
    row = counts.totals()[KEY]
    assert (row.count, row.amount) == (2, 15)
    assert row.seconds == pytest.approx(99.003)
    assert row.classes[BOUNDS.index(0.005)] == row.classes[-1] == 1


@pytest.mark.parametrize(("seconds", "place"), [(0.0, 0), (0.0001, 0), (0.00010001, 1), (30.0, 16), (30.1, 17)])
def test_a_bound_belongs_to_the_class_below_it(seconds: float, place: int) -> None:
    counts = Counts()
    counts.add(KEY, seconds)
    assert counts.totals()[KEY].classes[place] == 1


def test_without_a_directory_a_process_counts_for_itself() -> None:
    counts = Counts()
    counts.add(KEY)
    assert counts.alone
    assert counts.processes() == 1
    assert counts.totals()[KEY].count == 1


def test_what_was_counted_before_is_taken_along(tmp_path: Path) -> None:
    counts = Counts()
    counts.add(KEY, 0.1)
    counts.attach(tmp_path)
    counts.add(KEY, 0.1)
    counts.attach(tmp_path)
    assert not counts.alone
    assert counts.totals()[KEY].count == 2


def test_another_directory_takes_everything_with_it(counts: Counts, tmp_path: Path) -> None:
    counts.add(KEY)
    (tmp_path / "other").mkdir()
    counts.attach(tmp_path / "other")
    counts.add(KEY)
    assert counts.totals()[KEY].count == 2
    second = Counts()
    second.attach(tmp_path)
    assert second.totals() == {}


def test_processes_see_each_others_numbers_at_once(counts: Counts, other: Process) -> None:
    assert counts.totals()[KEY].count == 2
    counts.add(KEY, 0.2, 10)
    row = counts.totals()[KEY]
    assert (row.count, row.amount, row.seconds) == (3, 30, pytest.approx(0.6))
    assert counts.totals()["other",].count == 1
    assert counts.processes() == 2


def test_what_a_killed_process_counted_stays(counts: Counts, other: Process, tmp_path: Path) -> None:
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert counts.totals()[KEY].count == 2
    assert counts.processes() == 1
    for _ in range(3):
        Counts().attach(tmp_path)
        assert counts.totals()[KEY].count == 2


def test_files_of_processes_that_ended_become_one(counts: Counts, tmp_path: Path) -> None:
    counts.add(KEY)
    for _ in range(5):
        with Process(tmp_path) as process:
            process.kill()
    assert counts.totals()[KEY].count == 11
    last = Counts()
    last.attach(tmp_path)
    assert last.totals()[KEY].count == 11
    assert len(list((tmp_path / metrics.DIRECTORY).iterdir())) == 4  # the lock, the ended, the first, the last


def test_a_service_that_is_started_anew_begins_at_nothing(other: Process, tmp_path: Path) -> None:
    metrics.clear(tmp_path)
    seen = Counts()
    seen.attach(tmp_path)
    assert seen.totals()[KEY].count == 2  # a process still counts there, so it is no new start
    del seen
    other.kill()
    other.wait()
    metrics.clear(tmp_path)
    fresh = Counts()
    fresh.attach(tmp_path)
    assert fresh.totals() == {}


def test_clearing_a_directory_where_nobody_counted_is_fine(tmp_path: Path) -> None:
    metrics.clear(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_forked_process_begins_with_nothing_and_leaves_the_file_to_its_parent(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FORKED, tmp_path], capture_output=True, text=True, check=True)
    child, parent = done.stdout.splitlines()
    assert child == str((True, [("child",)]))
    assert parent == str((False, [("before",)]))


def test_threads_lose_no_count(counts: Counts) -> None:
    def add(number: int) -> None:
        for index in range(3000):
            counts.add(("thread", index % 7), 0.001, 1)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(add, range(8))) == [None] * 8
    assert sum(row.count for _, row in metrics.by_name(counts.totals(), "thread")) == 24000
    assert sum(row.amount for _, row in metrics.by_name(counts.totals(), "thread")) == 24000


@pytest.mark.parametrize("shared", [False, True])
def test_more_rows_than_fit_make_it_grow(tmp_path: Path, shared: bool) -> None:
    counts = Counts()
    if shared:
        counts.attach(tmp_path)
    for index in range(5000):
        counts.add(("row", f"name {index}"))
    assert len(counts.totals()) == 5000
    assert {row.count for row in counts.totals().values()} == {1}


def test_more_rows_than_there_may_be_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "MOST_ROWS", 10)
    counts = Counts()
    for index in range(25):
        counts.add(("row", index))
    totals = counts.totals()
    assert (len(totals), totals[OVERFLOW].count) == (11, 15)


@pytest.mark.parametrize("damage", [b"", b"x", b"ugrcount" + bytes(8), b"ugrcount\x01" + bytes(7) + b"\xff" * 200])
def test_a_file_that_is_none_of_ours_or_cut_off_is_passed_over(counts: Counts, tmp_path: Path, damage: bytes) -> None:
    counts.add(KEY)
    (tmp_path / metrics.DIRECTORY / "stranger").write_bytes(damage)
    assert counts.totals()[KEY].count == 1
    Counts().attach(tmp_path)
    assert counts.totals()[KEY].count == 1


def test_a_directory_that_is_removed_leaves_a_process_its_own_numbers(counts: Counts, tmp_path: Path) -> None:
    counts.add(KEY)
    for path in (tmp_path / metrics.DIRECTORY).iterdir():
        path.unlink()
    (tmp_path / metrics.DIRECTORY).rmdir()
    counts.add(KEY)
    assert counts.totals()[KEY].count == 2
    assert counts.processes() == 1


def test_a_directory_that_cannot_be_used_is_an_error_and_counting_goes_on(tmp_path: Path) -> None:
    counts = Counts()
    with pytest.raises(OSError, match="No such file"):
        counts.attach(tmp_path / "none")
    counts.add(KEY)
    assert counts.totals()[KEY].count == 1


@given(st.lists(st.one_of(st.text(max_size=20), st.integers(0, 999)), min_size=1, max_size=6).map(tuple))
@settings(deadline=None)
def test_a_key_of_any_words_comes_back_as_it_was(key: Key) -> None:
    counts = Counts()
    counts.add(key, 0.5, 3)
    assert [(found, row.count, row.amount) for found, row in counts.totals().items()] == [(key, 1, 3)]


def test_files_are_for_the_user_of_the_service_only(counts: Counts, tmp_path: Path) -> None:
    place = tmp_path / metrics.DIRECTORY
    assert place.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in place.iterdir() if path.name.startswith(f"{os.getpid()}-"))
