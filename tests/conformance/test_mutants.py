# SPDX-License-Identifier: Apache-2.0
"""The suite finds every fault, names the right clause, and finds nothing else.

All mutants are run by one pytest of their own inside this one.
"""

import pytest

from tests.conformance.mutants import MUTANTS
from ugr.plugin.clauses import clauses
from ugr.testing import EndpointSuite, MemoryStore
from ugr.testing.suite.clause import clause_of

pytestmark = pytest.mark.timeout(240)

NAMES_IN_USE = {"plain", "percent-slash", "double-quote", "utf8-decomposed", "no-xml", "component-4096"}
"""The names that tell the mutants apart; the other cases of every_name and of odd names would only take time."""


def suite(mutant):
    """Return a test class for one mutant."""

    class TestMutant(EndpointSuite):
        many = 120
        seconds = 1.0
        patience = 0.01
        settling = 0.3

        @pytest.fixture
        def endpoint(self):
            return mutant.cls("memory", mutant.options)

        @pytest.fixture
        def store(self, endpoint):
            return MemoryStore(endpoint)

    return TestMutant


class Recorder:
    """The plugin of the inner pytest: collects the mutants' suites, notes what fails."""

    def __init__(self):
        self.ran = {}
        self.broken = {name: set() for name in MUTANTS}

    def pytest_pycollect_makemodule(self, module_path, parent):
        module = pytest.Module.from_parent(parent, path=module_path)
        module.obj.__dict__.update({f"Test{name}": suite(mutant) for name, mutant in MUTANTS.items()})
        return module

    def pytest_collection_modifyitems(self, items):
        items[:] = [item for item in items if self.tells_apart(item)]

    @staticmethod
    def tells_apart(item):
        callspec = getattr(item, "callspec", None)
        named = callspec is not None and callspec.params.keys() & {"name", "odd"}
        return not named or callspec.id in NAMES_IN_USE

    def pytest_runtest_logreport(self, report):
        mutant, test = report.nodeid.split("::")[1:3]
        if report.when == "call":
            self.ran.setdefault(mutant.removeprefix("Test"), set()).add(clause_of(test.partition("[")[0]))
        if report.failed:
            where = "" if report.when == "call" else f" ({report.when})"
            self.broken[mutant.removeprefix("Test")].add(clause_of(test.partition("[")[0]) + where)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Run every mutant's suite; return the recorder."""
    folder = tmp_path_factory.mktemp("mutants")
    (folder / "test_all_mutants.py").write_text("")
    (folder / "pytest.ini").write_text("[pytest]\n")
    recorder = Recorder()
    switches = ["no:cacheprovider", "no:timeout", "no:faulthandler", "no:unraisableexception"]
    options = [word for switch in switches for word in ("-p", switch)]
    options += ["-q", "-s", "--tb=no", "--no-summary", "--noconftest", "-c", str(folder / "pytest.ini")]
    pytest.main([*options, str(folder)], plugins=[recorder])
    return recorder


@pytest.mark.parametrize("name", MUTANTS)
def test_exactly_the_broken_clauses_fail(found, name):
    assert found.broken[name] == MUTANTS[name].broken


def test_every_clause_has_a_mutant():
    broken = {clause for mutant in MUTANTS.values() for clause in mutant.broken}
    assert clauses().keys() - broken == set()


def test_the_suite_ran_for_every_mutant(found):
    short = {name for name in MUTANTS if len(found.ran.get(name, ())) < 25}
    assert short == set()
