# SPDX-License-Identifier: Apache-2.0
"""The clauses of the optional verbs; an endpoint without the capability skips them."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable

import pytest

from ugr.errors import AlreadyExists, IsADirectory, NotFound, PermissionDenied, Unsupported
from ugr.model import NO_TRANSFER, Usage
from ugr.plugin.endpoint import MultipartStep
from ugr.testing.store import Store
from ugr.testing.suite.clause import checks_clauses
from ugr.testing.suite.names import NAMES, PREFIXES, every_name, put_named
from ugr.testing.suite.redirecting import check_signature, check_url
from ugr.testing.suite.subject import Subject, needs

CHECKSUMS: dict[str, Callable[[bytes], str]] = {
    "adler32": lambda data: f"{zlib.adler32(data):08x}",
    "crc32": lambda data: f"{zlib.crc32(data):08x}",
    "md5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "sha256": lambda data: hashlib.sha256(data).hexdigest(),
}
"""Algorithm -> what its checksum must be."""

CONTENTS = {"empty": b"", "short": b"a", "longer": b"the bytes"}
"""Contents whose adler32 begins with zeros, which careless formatting drops."""


@checks_clauses
class WriteClauses:
    """DEL, MKDIR, MOVE, COPY, SUM, PARTS, USAGE."""

    def test_del_1_a_missing_path_is_not_found(self, subject: Subject, store: Store, place: str) -> None:
        subject.needs("delete")
        store.put(f"{place}/here", b"")
        for missing in ("nothing", "nowhere/nothing", "her"):
            with pytest.raises(NotFound):
                subject.ask("delete", f"{place}/{missing}")

    @every_name
    def test_del_2_a_deleted_file_is_gone(self, subject: Subject, store: Store, place: str, name: str) -> None:
        subject.needs("delete")
        put_named(store, f"{place}/{name}")
        subject.ask("delete", f"{place}/{name}")
        with pytest.raises(NotFound):
            subject.ask("stat", f"{place}/{name}")

    def test_del_2_its_neighbours_stay(self, subject: Subject, store: Store, place: str) -> None:
        subject.needs("delete")
        for name, data in PREFIXES.items():
            store.put(f"{place}/{name}", data)
        store.put(f"{place}/dir/a", b"below")
        subject.ask("delete", f"{place}/a")
        assert {info.name for info in subject.entries(place)} == (PREFIXES.keys() | {"dir"}) - {"a"}
        assert subject.ask("stat", f"{place}/dir/a").size == 5

    def test_del_2_a_deleted_directory_is_gone(self, subject: Subject, store: Store, place: str) -> None:
        subject.needs("delete")
        store.mkdir(f"{place}/empty")
        subject.ask("delete", f"{place}/empty")
        with pytest.raises(NotFound):
            subject.ask("stat", f"{place}/empty")

    def test_mkdir_1_an_existing_name_is_taken(self, subject: Subject, store: Store, place: str) -> None:
        subject.needs("mkdir")
        store.put(f"{place}/file", b"here")
        store.mkdir(f"{place}/dir")
        for taken in ("file", "dir"):
            with pytest.raises(AlreadyExists):
                subject.ask("mkdir", f"{place}/{taken}")
        assert subject.ask("stat", f"{place}/file").size == 4

    def test_mkdir_2_the_directory_and_its_parents_are_there(self, subject: Subject, place: str) -> None:
        subject.needs("mkdir")
        subject.ask("mkdir", f"{place}/one/two three/four")
        for path in ("one", "one/two three", "one/two three/four"):
            assert subject.ask("stat", f"{place}/{path}").directory, f"{path} is not a directory"

    def test_move_1_an_existing_target_is_taken(self, subject: Subject, store: Store, place: str) -> None:
        subject.needs("move")
        _refuses_target(subject, store, place, "move")

    @pytest.mark.parametrize("overwrite", [False, True], ids=["free", "overwrite"])
    def test_move_2_the_bytes_are_at_the_target_and_nowhere_else(
        self, subject: Subject, store: Store, place: str, overwrite: bool
    ) -> None:
        subject.needs("move")
        source, target = _pair(store, place, overwrite)
        subject.ask("move", source, target, overwrite)
        assert subject.read(store, target) == (200, b"from here")
        with pytest.raises(NotFound):
            subject.ask("stat", source)

    def test_copy_1_an_existing_target_is_taken(self, subject: Subject, store: Store, place: str) -> None:
        subject.needs("copy")
        _refuses_target(subject, store, place, "copy")

    @pytest.mark.parametrize("overwrite", [False, True], ids=["free", "overwrite"])
    def test_copy_2_the_bytes_are_at_both_names(
        self, subject: Subject, store: Store, place: str, overwrite: bool
    ) -> None:
        subject.needs("copy")
        source, target = _pair(store, place, overwrite)
        subject.ask("copy", source, target, overwrite)
        assert subject.read(store, target) == (200, b"from here")
        assert subject.read(store, source) == (200, b"from here")

    @pytest.mark.parametrize("data", CONTENTS.values(), ids=CONTENTS.keys())
    def test_sum_1_a_checksum_is_the_files_in_lower_case_digits(
        self, subject: Subject, store: Store, place: str, data: bytes
    ) -> None:
        subject.needs("checksum")
        store.put(f"{place}/summed", data)
        found = {}
        for algorithm in CHECKSUMS:
            try:
                found[algorithm] = subject.ask("checksum", f"{place}/summed", algorithm)
            except Unsupported:
                continue
        if not found and subject.capabilities["store_checksum"]:
            pytest.skip("the endpoint knows only the checksums that were stored")
        assert found, f"the capability is there, and none of {', '.join(CHECKSUMS)}"
        assert found == {algorithm: CHECKSUMS[algorithm](data) for algorithm in found}

    @pytest.mark.parametrize("data", CONTENTS.values(), ids=CONTENTS.keys())
    def test_sum_2_a_stored_checksum_is_returned(
        self, subject: Subject, store: Store, place: str, data: bytes
    ) -> None:
        subject.needs("store_checksum")
        store.put(f"{place}/summed", data)
        kept = {}
        for algorithm, compute in CHECKSUMS.items():
            try:
                subject.ask("store_checksum", f"{place}/summed", algorithm, compute(data))
            except Unsupported:
                continue
            kept[algorithm] = compute(data)
        assert kept, f"the capability is there, and none of {', '.join(CHECKSUMS)}"
        found = {algorithm: subject.ask("checksum", f"{place}/summed", algorithm) for algorithm in kept}
        assert found == kept

    @pytest.mark.parametrize("step", MultipartStep, ids=[step.value for step in MultipartStep])
    def test_parts_1_as_many_locations_as_the_step_needs(
        self, subject: Subject, place: str, step: MultipartStep
    ) -> None:
        subject.needs("multipart")
        upload = None if step is MultipartStep.START else "an-upload"
        for name in (NAMES["plain"], NAMES["space"]):
            answer = subject.ask("multipart", f"{place}/{name}", step, NO_TRANSFER, upload_id=upload, parts=3)
            assert len(answer.locations) == (3 if step is MultipartStep.PARTS else 1)
            assert len({location.url for location in answer.locations}) == len(answer.locations)
            for location in answer.locations:
                check_url(location)
                check_signature(location)

    def test_usage_1_figures_are_bytes_or_unknown(self, subject: Subject, store: Store, place: str) -> None:
        subject.needs("usage")
        store.put(f"{place}/big", b"x" * 100_000)
        usage = subject.ask("usage", "/")
        assert isinstance(usage, Usage)
        for name, figure in (("used", usage.used), ("free", usage.free)):
            assert figure is None or (type(figure) is int and figure >= 0), f"{name} is {figure!r}"
        assert usage.used is None or usage.used >= 100_000, "less is used than was put there"

    def test_data_1_the_bytes_of_a_file(self, subject: Subject, store: Store, place: str) -> None:
        subject.needs("data")
        for name in ("plain", "space", "percent-slash"):
            data = put_named(store, f"{place}/{NAMES[name]}")
            with subject.ask("data", f"{place}/{NAMES[name]}") as stream:
                assert stream.read() == data

    def test_data_1_a_directory_is_not_a_file(self, subject: Subject, store: Store, place: str) -> None:
        subject.needs("data")
        store.mkdir(f"{place}/dir")
        for path in (f"{place}/dir", "/"):
            with pytest.raises(IsADirectory):
                subject.ask("data", path)

    def test_data_1_a_missing_file_is_not_found(self, subject: Subject, store: Store, place: str) -> None:
        subject.needs("data")
        store.mkdir(f"{place}/dir")
        for missing in ("nothing", "dir/nothing"):
            with pytest.raises(NotFound):
                subject.ask("data", f"{place}/{missing}")

    def test_data_1_what_leads_outside_is_denied(self, subject: Subject, store: Store, place: str) -> None:
        subject.needs("data")
        needs(store, "escape")
        store.escape(f"{place}/way-out")
        with pytest.raises(PermissionDenied):
            subject.ask("data", f"{place}/way-out")


def _pair(store: Store, place: str, both: bool) -> tuple[str, str]:
    """Put a file to move or copy, and one in its way when ``both``."""
    store.put(f"{place}/the source", b"from here")
    if both:
        store.put(f"{place}/the target", b"in the way")
    return f"{place}/the source", f"{place}/the target"


def _refuses_target(subject: Subject, store: Store, place: str, verb: str) -> None:
    source, target = _pair(store, place, both=True)
    with pytest.raises(AlreadyExists):
        subject.ask(verb, source, target, False)
    assert subject.read(store, source) == (200, b"from here")
    assert subject.read(store, target) == (200, b"in the way")
