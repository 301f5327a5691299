# SPDX-License-Identifier: Apache-2.0
"""The contract's clauses, their tests and their page go together."""

import inspect
import re

from ugr.plugin import hookspecs
from ugr.plugin.clauses import clauses, methods, without_clauses
from ugr.plugin.endpoint import OPTIONAL_VERBS, Endpoint
from ugr.plugin.reference import render
from ugr.testing import EndpointSuite
from ugr.testing.suite.clause import clause_of


def clauses_with_a_test():
    return {clause_of(name) for name, _ in inspect.getmembers(EndpointSuite) if name.startswith("test_")}


def test_every_clause_has_a_test_and_every_test_a_clause():
    assert clauses_with_a_test() == set(clauses())


def test_every_identifier_in_the_docstrings_is_a_clause():
    text = "\n".join(filter(None, [Endpoint.__doc__, *(method.__doc__ for method in methods().values())]))
    assert set(re.findall(r"\b[A-Z]+-[0-9]+\b", text)) == set(clauses())


def test_clauses_of_a_family_are_numbered_without_gaps():
    families = {}
    for identifier in clauses():
        family, number = identifier.split("-")
        families.setdefault(family, []).append(int(number))
    assert families == {family: list(range(1, len(numbers) + 1)) for family, numbers in families.items()}


def test_a_clause_is_read_to_its_end_and_no_further():
    assert clauses()["STAT-2"].text == (
        "for a file, ``size`` MUST be its length in bytes; 0 only for an empty file."
    )
    assert clauses()["DATA-1"].text.endswith("outside the endpoint's root PermissionDenied.")
    assert clauses()["STAT-2"].verb == "stat"
    assert clauses()["ERR-1"].verb == ""


def test_what_is_left_of_a_docstring_has_no_clause():
    rest = without_clauses(Endpoint.stat.__doc__)
    assert rest == "Describe one name.\n\nRaises NotFound, PermissionDenied, Unauthenticated, EndpointError."


def test_a_failing_test_says_which_clause_is_broken():
    suite = EndpointSuite()

    class Wrong:
        def ask(self, *_):
            raise AssertionError("the root is not a directory")

    try:
        suite.test_stat_1_the_root_is_a_directory(Wrong())
    except AssertionError as error:
        notes = error.__notes__
    assert notes == [
        'STAT-1: "/" MUST be a directory whenever the storage answers.\n'
        "(a clause of Endpoint.stat, see its docstring in ugr.plugin.endpoint)"
    ]


def test_the_page_has_every_verb_every_hook_and_every_clause():
    page = render()
    hooks = [name for name in vars(hookspecs) if name.startswith("ugr_")]
    for name in ("stat", "list", "redirect", "open", "close", "refresh", *OPTIONAL_VERBS, *hooks):
        assert f"``{name}``\n{'^' * (len(name) + 4)}\n" in page
    for clause in clauses().values():
        assert f".. _{clause.id.lower()}:\n\n**{clause.id}**\n   " in page


def test_the_page_shows_signatures_as_they_are_written():
    page = render()
    assert "   async def stat(self, path: str, call: Call) -> FileInfo\n" in page
    assert (
        "   async def multipart(\n"
        "       self,\n"
        "       path: str,\n"
        "       step: MultipartStep,\n"
        "       transfer: Transfer,\n"
        "       call: Call,\n"
        "       *,\n"
        "       upload_id: str | None = None,\n"
        "       parts: int = 1,\n"
        "   ) -> Multipart\n"
    ) in page
