# SPDX-License-Identifier: Apache-2.0
"""The clauses of the plugin contract, read from the docstrings that state them.

Knows: how a clause is written. Refuses to know: what any clause asks.

The docstrings of ``ugr.plugin.endpoint`` are the contract; the reference page, the conformance
kit's messages and the test that each clause is tested are made from what this module reads there.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import FunctionType

from ugr.plugin.endpoint import Endpoint

_CLAUSE = re.compile(r"^ *\* ([A-Z]+-[0-9]+): (.+?)(?=\n *\* |\n *\n|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Clause:
    """One promise. ``verb`` is the method whose docstring states it, "" for all verbs."""

    id: str
    verb: str
    text: str


@cache
def clauses() -> dict[str, Clause]:
    """Return every clause by its id, in the order of the contract."""
    return {clause.id: clause for clause in _read()}


def methods() -> dict[str, FunctionType]:
    """Return the methods of the contract by name, in its order; the constructor first."""
    return {
        name: member
        for name, member in vars(Endpoint).items()
        if inspect.isfunction(member) and (name == "__init__" or not name.startswith("_"))
    }


def without_clauses(docstring: str) -> str:
    """Return what a docstring says besides its clauses."""
    return re.sub(r"\n{3,}", "\n\n", _CLAUSE.sub("", inspect.cleandoc(docstring))).strip()


def _read() -> Iterator[Clause]:
    documented = {"": inspect.getdoc(Endpoint)} | {name: inspect.getdoc(method) for name, method in methods().items()}
    for verb, docstring in documented.items():
        for match in _CLAUSE.finditer(docstring or ""):
            yield Clause(match[1], verb, " ".join(match[2].split()))
