# SPDX-License-Identifier: Apache-2.0
"""How a mutant says which clauses it breaks."""

from dataclasses import dataclass

from ugr.config.types import Secret
from ugr.testing import MemoryOptions

KEY = "a secret that signs"
SIGNING = MemoryOptions(writable=True, key=Secret(literal=KEY))
SERVED_HERE = MemoryOptions(writable=True, served_here=True)


@dataclass(frozen=True)
class Mutant:
    cls: type
    broken: frozenset
    options: MemoryOptions


MUTANTS: dict[str, Mutant] = {}


def breaks(*clauses, options=SIGNING):
    """Register a mutant with the clauses that it breaks."""

    def register(cls):
        MUTANTS[cls.__name__] = Mutant(cls, frozenset(clauses), options)
        return cls

    return register
