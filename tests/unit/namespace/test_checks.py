# SPDX-License-Identifier: Apache-2.0
"""Places, names and roles that cannot be are told, each with its option."""

from collections.abc import Mapping

import pytest

from ugr.namespace.checks import faults
from ugr.testing.memory import MemoryEndpoint, MemoryOptions


class Storage(MemoryEndpoint):
    """One that names no copies."""

    def capabilities(self) -> Mapping[str, bool]:
        return {**super().capabilities(), "replicas": False}


def told(**options) -> list[tuple[str, str, str]]:
    """Return the faults of endpoints by name; a catalogue is a memory endpoint, others name nothing."""
    made = {
        name: (MemoryEndpoint if name.startswith("cat") else Storage)(name, MemoryOptions(**written))
        for name, written in options.items()
    }
    return [tuple(fault) for fault in faults(made)]


def test_what_can_be_is_not_told():
    assert (
        told(
            cat={"role": "catalogue"},
            a={"only_named": True, "multiply": ("/d1", "/d2"), "names": "rucio", "aliases": ("srm://h:8446/x?SFN=/y",)},
            b={},
        )
        == []
    )


@pytest.mark.parametrize(
    ("options", "option", "message"),
    [
        ({"a": {"mount": ("atlas",)}}, "mount", 'must start with "/"'),
        ({"a": {"multiply": ("disk1",)}}, "multiply", 'must start with "/"'),
        ({"a": {"aliases": ("se.example.org",)}}, "aliases", "se.example.org: is not a URL"),
        ({"a": {"role": "catalogue"}}, "role", "type = memory, as it is configured, names no copies"),
        ({"a": {"only_named": True}}, "only_named", "there is no endpoint with role = catalogue"),
        ({"cat": {"role": "catalogue", "only_named": True}}, "only_named", "a catalogue is not named by others"),
    ],
)
def test_what_cannot_be_is_told_with_its_option(options, option, message):
    [(name, where, words)] = told(**options)

    assert (name, where) == (next(iter(options)), option)
    assert message in words


def test_all_faults_are_told():
    assert [fault[:2] for fault in told(a={"mount": ("x",), "aliases": ("y", "z")}, b={"only_named": True})] == [
        ("a", "mount"),
        ("a", "aliases"),
        ("a", "aliases"),
        ("b", "only_named"),
    ]
