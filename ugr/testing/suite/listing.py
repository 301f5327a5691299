# SPDX-License-Identifier: Apache-2.0
"""The clauses of ``list``."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import Counter
from collections.abc import AsyncGenerator
from typing import cast

import pytest

from ugr.errors import EndpointError, NotADirectory, NotFound
from ugr.model import FileInfo
from ugr.plugin.endpoint import Endpoint
from ugr.testing.store import Store
from ugr.testing.suite.clause import checks_clauses
from ugr.testing.suite.names import NAMES, PREFIXES, content
from ugr.testing.suite.subject import Subject, trouble

ROUNDS = 12


@checks_clauses
class ListClauses:
    """LIST-1 to LIST-5. ``many`` is the number of entries of a large directory, ``settling`` seconds."""

    many: int
    settling: float

    def test_list_1_nothing_is_read_before_the_first_entry_is_wanted(self, subject: Subject, place: str) -> None:
        iterator = subject.endpoint.list(place, subject.call())
        assert hasattr(iterator, "__anext__"), "list must return an async iterator, not a coroutine"
        assert hasattr(iterator, "aclose"), "the iterator must have aclose, as that of an async generator"

    def test_list_1_the_first_entries_come_before_the_last_page(
        self, subject: Subject, store: Store, place: str
    ) -> None:
        fill(store, place, self.many)
        with trouble(store, "stall"):
            first = subject.run(beginning(subject.endpoint, place, subject, 1))
        assert len(first) == 1, "nothing came while the storage was still listing"

    def test_list_2_every_name_comes_once(self, subject: Subject, store: Store, place: str) -> None:
        fill(store, place, self.many)
        counted = Counter(info.name for info in subject.entries(place))
        assert {name for name, count in counted.items() if count > 1} == set(), "names came twice"
        assert counted.keys() == {f"entry-{number:05}" for number in range(self.many)}

    def test_list_2_only_names_that_can_be_names(self, subject: Subject, store: Store, place: str) -> None:
        store.put(f"{place}/dir/file", b"")
        for directory in ("/", place, f"{place}/dir"):
            wrong = [
                info.name
                for info in subject.entries(directory)
                if info.name in ("", ".", "..") or "/" in info.name or "\0" in info.name
            ]
            assert wrong == []

    def test_list_2_names_come_as_they_are(self, subject: Subject, store: Store, place: str) -> None:
        names = [
            name for name in NAMES.values() if "/" not in name and store.impossible(f"{place}/{name}") is None
        ]
        for name in names:
            store.put(f"{place}/{name}", content(name))
        assert {info.name for info in subject.entries(place)} == set(names)

    def test_list_2_only_what_is_directly_inside(self, subject: Subject, store: Store, place: str) -> None:
        for name, data in PREFIXES.items():
            store.put(f"{place}/{name}", data)
        store.put(f"{place}/dir/inside/deeper", b"")
        store.put(f"{place}/dir/file", b"")
        assert {info.name: info.directory for info in subject.entries(f"{place}/dir")} == {
            "inside": True,
            "file": False,
        }

    def test_list_3_a_missing_directory_is_not_found(self, subject: Subject, store: Store, place: str) -> None:
        store.put(f"{place}/full/file", b"here")
        for missing in ("nothing", "nowhere/nothing", "full/nothing", "ful"):
            with pytest.raises(NotFound):
                subject.entries(f"{place}/{missing}")

    def test_list_3_an_empty_directory_yields_nothing(self, subject: Subject, store: Store, place: str) -> None:
        store.mkdir(f"{place}/empty")
        assert subject.entries(f"{place}/empty") == []

    def test_list_3_an_endpoint_that_is_down_has_not_said_that_a_directory_is_missing(
        self, subject: Subject, store: Store, place: str
    ) -> None:
        with trouble(store, "down"), pytest.raises(EndpointError):
            subject.entries(f"{place}/nothing")

    def test_list_3_nonsense_does_not_say_that_a_directory_is_missing_or_empty(
        self, subject: Subject, store: Store, place: str
    ) -> None:
        with trouble(store, "garble"), pytest.raises(EndpointError):
            subject.entries(place)

    def test_list_4_a_file_is_not_a_directory(self, subject: Subject, store: Store, place: str) -> None:
        store.put(f"{place}/file", b"here")
        with pytest.raises(NotADirectory):
            subject.entries(f"{place}/file")

    def test_list_5_closing_early_frees_what_it_holds(self, subject: Subject, store: Store, place: str) -> None:
        fill(store, place, self.many)
        held = [subject.run(_abandon(subject.endpoint, place, subject, ROUNDS)) for _ in range(2)]
        deadline = time.monotonic() + self.settling
        while grown(held[0], held[-1]) and time.monotonic() < deadline:
            time.sleep(0.02)
            held[-1] = subject.run(_held())
        assert grown(held[0], held[-1]) == {}, "listings that were closed early still hold something"
        found = {info.name for info in subject.entries(place)}
        assert len(found) == self.many, "the endpoint does not list completely any more"


def fill(store: Store, place: str, count: int) -> None:
    """Put many small files into a directory."""
    for number in range(count):
        store.put(f"{place}/entry-{number:05}", b"x")


async def beginning(endpoint: Endpoint, path: str, subject: Subject, count: int) -> list[FileInfo]:
    """Return the first entries of a listing, fewer when they do not come in time, and close it."""
    # The contract says AsyncIterator; every iterator of a generator has aclose, and LIST-5 asks for it.
    entries = cast(AsyncGenerator[FileInfo, None], endpoint.list(path, subject.call()))
    found: list[FileInfo] = []
    try:
        async with asyncio.timeout(min(2.0, subject.seconds)):
            while len(found) < count:
                found.append(await anext(entries))
    except (TimeoutError, StopAsyncIteration):
        pass
    finally:
        await entries.aclose()
    return found


async def _abandon(endpoint: Endpoint, path: str, subject: Subject, rounds: int) -> Counter[str]:
    """Begin listings and close them; return what the process holds afterwards."""
    for _ in range(rounds):
        await beginning(endpoint, path, subject, 1)
    return await _held()


async def _held() -> Counter[str]:
    """Count what the process holds: tasks of this loop, threads, open files and sockets."""
    files = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    return Counter(tasks=len(asyncio.all_tasks()), threads=threading.active_count(), files=files)


def grown(before: Counter[str], after: Counter[str]) -> dict[str, int]:
    """Return what became more by half a dozen or more: pools may fill, leaks go on."""
    return {kind: after[kind] - before[kind] for kind in after if after[kind] - before[kind] >= ROUNDS // 2}
