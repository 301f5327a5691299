# SPDX-License-Identifier: Apache-2.0
"""Which test checks which clause, and how a failing one says so.

Knows: the names of tests and clauses. Refuses to know: what any of them checks.

``test_stat_3_a_missing_name_...`` checks STAT-3.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from ugr.plugin.clauses import clauses

C = TypeVar("C", bound=type)

_NAME = re.compile(r"test_([a-z]+)_([0-9]+)_\w+")


def clause_of(test: str) -> str:
    """Return the id of the clause that a test checks, by the test's name."""
    match = _NAME.fullmatch(test)
    if match is None:
        raise ValueError(f"{test} names no clause")
    return f"{match[1].upper()}-{match[2]}"


def checks_clauses(cls: C) -> C:
    """Let each test of a class say, when it fails, which clause is broken and what that asks."""
    for name, member in list(vars(cls).items()):
        if name.startswith("test_"):
            setattr(cls, name, _explained(member, clause_of(name)))
    return cls


def _explained(test: Callable[..., None], identifier: str) -> Callable[..., None]:
    clause = clauses()[identifier]
    where = f"Endpoint.{clause.verb}" if clause.verb else "Endpoint"
    note = f"{clause.id}: {clause.text}\n(a clause of {where}, see its docstring in ugr.plugin.endpoint)"

    @functools.wraps(test)
    def checked(*arguments: Any, **named: Any) -> None:
        __tracebackhide__ = True
        try:
            test(*arguments, **named)
        except (Exception, pytest.fail.Exception) as error:
            error.add_note(note)
            raise

    return checked
