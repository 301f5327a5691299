# SPDX-License-Identifier: Apache-2.0
"""The composition root: by what name all workers know an endpoint."""

from ugr.app.runtime import slot_names
from ugr.config.reader import parse
from ugr.federation.slate import LONGEST_NAME

TEXT = "[endpoint:*]\ntype = file\n[endpoint:a]\npath = /a\n[endpoint:b]\npath = /b\n"


def names(text, *endpoints):
    return slot_names(parse(text), dict.fromkeys(endpoints or ("a", "b")))


def test_the_same_configuration_gives_the_same_names_whatever_its_order():
    other = "[endpoint:b]\npath = /b\n[endpoint:a]\npath = /a\n[endpoint:*]\ntype = file\n"
    assert names(TEXT) == names(other)
    assert names(TEXT)["a"].startswith("a ")
    assert names(TEXT)["a"] != names(TEXT)["b"]


def test_an_endpoint_with_other_options_is_another_and_its_neighbours_are_not():
    changed = names(TEXT.replace("/a", "/elsewhere"))
    assert changed["a"] != names(TEXT)["a"]
    assert changed["b"] == names(TEXT)["b"]


def test_changed_defaults_make_all_endpoints_others():
    changed = names(TEXT.replace("type = file", "type = file\ntimeout = 1s"))
    assert changed["a"] != names(TEXT)["a"]
    assert changed["b"] != names(TEXT)["b"]


def test_long_names_fit_into_a_slot_and_stay_different():
    long = ["é" * 300 + "1", "é" * 300 + "2"]
    found = names("".join(f"[endpoint:{name}]\ntype = file\npath = /a\n" for name in long), *long)
    assert found[long[0]] != found[long[1]]
    assert all(len(name.encode()) <= LONGEST_NAME for name in found.values())
