# SPDX-License-Identifier: Apache-2.0
"""The clauses of ``stat``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from ugr.call import Call
from ugr.errors import BadRequest, EndpointError, NotADirectory, NotFound, PermissionDenied, Unauthenticated
from ugr.testing.store import Store
from ugr.testing.suite.clause import checks_clauses
from ugr.testing.suite.names import ODD, PREFIXES, every_name, put_named
from ugr.testing.suite.subject import Subject, drain, outcome, trouble

Ask = Callable[[str, Call], Awaitable[Any]]

ABSENT = (NotFound, NotADirectory, BadRequest, PermissionDenied)
"""What a name may be told that is not there; some storages deny what is too long."""


@checks_clauses
class StatClauses:
    """STAT-1 to STAT-7."""

    def test_stat_1_the_root_is_a_directory(self, subject: Subject) -> None:
        info = subject.ask("stat", "/")
        assert info.directory, "the root is not a directory"
        assert info.size is None, "a directory has no size"

    @pytest.mark.parametrize("size", [0, 1, 1000, 1 << 17])
    def test_stat_2_the_size_of_a_file_is_its_length(
        self, subject: Subject, store: Store, place: str, size: int
    ) -> None:
        store.put(f"{place}/sized", b"x" * size)
        info = subject.ask("stat", f"{place}/sized")
        assert not info.directory, "a file is described as a directory"
        assert info.size == size

    def test_stat_2_the_size_follows_the_file(self, subject: Subject, store: Store, place: str) -> None:
        for size in (10, 20):
            store.put(f"{place}/growing", b"x" * size)
            assert subject.ask("stat", f"{place}/growing").size == size

    @pytest.mark.parametrize("missing", ["nothing", "nowhere/nothing", "full/nothing", "ful", "full/fil", "full/file2"])
    def test_stat_3_a_missing_name_is_not_found(
        self, subject: Subject, store: Store, place: str, missing: str
    ) -> None:
        store.put(f"{place}/full/file", b"here")
        with pytest.raises(NotFound):
            subject.ask("stat", f"{place}/{missing}")

    def test_stat_3_a_removed_name_is_not_found(self, subject: Subject, store: Store, place: str) -> None:
        store.put(f"{place}/brief", b"here")
        assert subject.ask("stat", f"{place}/brief").size == 4
        store.remove(f"{place}/brief")
        with pytest.raises(NotFound):
            subject.ask("stat", f"{place}/brief")

    def test_stat_3_an_endpoint_that_is_down_has_not_said_that_a_name_is_missing(
        self, subject: Subject, store: Store, place: str
    ) -> None:
        with trouble(store, "down"), pytest.raises(EndpointError):
            subject.ask("stat", f"{place}/nothing")

    def test_stat_3_refused_credentials_do_not_say_that_a_name_is_missing(
        self, subject: Subject, store: Store, place: str
    ) -> None:
        with trouble(store, "deny"), pytest.raises((PermissionDenied, Unauthenticated)):
            subject.ask("stat", f"{place}/nothing")

    def test_stat_3_nonsense_does_not_say_that_a_name_is_missing(
        self, subject: Subject, store: Store, place: str
    ) -> None:
        with trouble(store, "garble"), pytest.raises(EndpointError):
            subject.ask("stat", f"{place}/nothing")

    @every_name
    def test_stat_4_the_name_is_the_last_component(
        self, subject: Subject, store: Store, place: str, name: str
    ) -> None:
        data = put_named(store, f"{place}/{name}")
        info = subject.ask("stat", f"{place}/{name}")
        assert info.name == name.rpartition("/")[2]
        assert info.size == len(data), "another file was described"

    def test_stat_4_the_name_of_a_directory_is_the_last_component(
        self, subject: Subject, store: Store, place: str
    ) -> None:
        store.put(f"{place}/upper/lower/file", b"")
        assert subject.ask("stat", f"{place}/upper/lower").name == "lower"
        assert subject.ask("stat", "/").name == ""

    def test_stat_5_what_is_listed_is_found_with_the_same_kind_and_size(
        self, subject: Subject, store: Store, place: str
    ) -> None:
        for name, data in PREFIXES.items():
            store.put(f"{place}/{name}", data)
        store.put(f"{place}/dir/below", b"")
        listed = {info.name: (info.directory, info.size) for info in subject.entries(place)}
        assert listed == {name: (False, len(data)) for name, data in PREFIXES.items()} | {"dir": (True, None)}
        for name, described in listed.items():
            info = subject.ask("stat", f"{place}/{name}")
            assert (info.directory, info.size) == described, f"stat and list disagree about {name}"

    def test_stat_6_nothing_is_below_a_file(self, subject: Subject, store: Store, place: str) -> None:
        store.put(f"{place}/file", b"here")
        with pytest.raises((NotFound, NotADirectory)):
            subject.ask("stat", f"{place}/file/below")

    @pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
    def test_stat_7_an_odd_name_is_not_there_and_the_storage_is_well(
        self, subject: Subject, place: str, odd: str
    ) -> None:
        endpoint = subject.endpoint
        asked: dict[str, Ask] = {"stat": endpoint.stat, "list": partial(drain, endpoint)}
        for path in (f"{place}/{odd}", f"{place}/{odd}/below"):
            for verb, ask in asked.items():
                result, _ = subject.run(outcome(ask(path, subject.call())))
                well = isinstance(result, ABSENT) or not isinstance(result, Exception)
                assert well, f"{verb} ended with {result!r:.200}"
        assert subject.ask("health") is None, "the endpoint has been ill ever since"
