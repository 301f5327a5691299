# SPDX-License-Identifier: Apache-2.0
"""Shared memory under processes that do nothing else but write and read it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers.process import ROOT, environment

Start = Callable[[str, float], "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start processes in a role for some seconds; none outlives the test."""
    started: list[subprocess.Popen[str]] = []

    def begin(role: str, seconds: float) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "tests.integration.workers.hammer", role, tmp_path, seconds]
        process = subprocess.Popen(
            [str(word) for word in words], cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def counts(process: subprocess.Popen[str]) -> dict[str, int]:
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    return json.loads(out)


def test_no_reader_ever_sees_half_a_record(start):
    readers = [start("read", 2.5) for _ in range(2)]
    writer = start("write", 2.5)
    written = counts(writer)["written"]
    assert written > 1000
    for reader in readers:
        found = counts(reader)
        assert found["read"] > 1000
        assert found["different"] > 20, "reader and writer did not run at the same time"
        assert found["torn"] == found["backwards"] == 0


def test_writers_that_are_killed_leave_whole_records(start, tmp_path):
    reader = start("read", 4.0)
    ending = time.monotonic() + 3.0
    killed = 0
    while time.monotonic() < ending:
        writer = start("write", 30.0)
        time.sleep(0.35)
        writer.kill()
        killed += 1
    found = counts(reader)
    assert killed >= 5
    assert found["read"] > 1000
    assert found["torn"] == found["backwards"] == 0
    assert found["none"] <= found["read"] / 1000


def test_changes_of_one_path_by_many_processes_are_never_lost(start):
    processes = [start("bump", 1.5) for _ in range(3)]
    for process in processes:
        found = counts(process)
        assert found["bumped"] > 1000
        assert found["lost"] == 0
