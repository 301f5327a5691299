# SPDX-License-Identifier: Apache-2.0
"""Memory endpoints with one fault each, and the clauses that the suite must find broken.

Knows: one way or more to break each clause that can be checked. Refuses to know: how the suite
finds out.
"""

from tests.conformance.mutants import changing, conduct, naming, redirecting, stat_and_list
from tests.conformance.mutants.register import MUTANTS, Mutant

__all__ = ["MUTANTS", "Mutant", "changing", "conduct", "naming", "redirecting", "stat_and_list"]
