# SPDX-License-Identifier: Apache-2.0
"""The clauses of ``replicas``."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from ugr.errors import EndpointError, NotFound
from ugr.model import Replica
from ugr.testing.store import Store
from ugr.testing.suite.clause import checks_clauses
from ugr.testing.suite.names import NAMES, put_named
from ugr.testing.suite.subject import Subject, trouble

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/\s]+/\S*\Z")


@checks_clauses
class ReplicaClauses:
    """REPL-1, REPL-2."""

    def test_repl_1_every_url_is_absolute(self, subject: Subject, store: Store, place: str) -> None:
        subject.needs("replicas")
        for name in ("plain", "space", "percent-slash"):
            put_named(store, f"{place}/{NAMES[name]}")
            found: Sequence[Replica] = subject.ask("replicas", f"{place}/{NAMES[name]}")
            assert [replica.url for replica in found if not _ABSOLUTE.match(replica.url)] == []

    def test_repl_2_of_a_missing_name_none_is_named(self, subject: Subject, store: Store, place: str) -> None:
        subject.needs("replicas")
        store.put(f"{place}/full/file", b"here")
        for missing in ("nothing", "nowhere/nothing", "full/nothing", "full/fil"):
            try:
                named = subject.ask("replicas", f"{place}/{missing}")
            except NotFound:
                continue
            assert list(named) == [], "copies of a file that is not there were named"

    def test_repl_2_silence_does_not_say_that_there_are_none(self, subject: Subject, store: Store, place: str) -> None:
        subject.needs("replicas")
        with trouble(store, "down"), pytest.raises(EndpointError):
            subject.ask("replicas", f"{place}/nothing")
