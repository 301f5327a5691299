# SPDX-License-Identifier: Apache-2.0
"""The names of federations on questions, and how one knows itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ugr.transport.peers import MOST, NOBODY, Ourselves, named, read, written

names = st.lists(st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True), min_size=1, max_size=MOST)


@given(names)
def test_what_is_written_is_read_whatever_the_order(found):
    via = tuple(sorted(set(found)))

    assert read([written(via)]) == via
    assert read(reversed(found)) == via


@pytest.mark.parametrize("values", [["a b"], [""], ["a,"], ["ü"], ["x" * 65], ["a,b", "c,d,e"], ["a\n"]])
def test_names_that_cannot_be_are_not_read(values):
    assert read(values) is None


def test_each_federation_adds_its_name_once():
    here = Ourselves("here")

    assert here.through(()) == ("here",)
    assert here.through(("there", "a")) == ("a", "here", "there")
    assert here.through(("here",)) == ("here",)


def test_a_federation_without_a_name_adds_nothing():
    assert NOBODY.through(()) == ()
    assert NOBODY.through(("there",)) == ("there",)
    assert NOBODY.mark("http://there/f", ()) == "http://there/f"
    assert not NOBODY.serve("http://there/f")


def test_clients_carry_the_names_in_the_query():
    assert Ourselves("here").mark("http://there/f", ("a",)) == "http://there/f?ugr-via=a,here"


def test_a_federation_knows_its_own_urls():
    here = Ourselves.known("here", "https://Fed.example.org", ["alias.example.org", "[::1]"])

    ours = [
        "https://fed.example.org/f",
        "https://FED.example.org:443/f",
        "http://alias.example.org:8080/",
        "http://[::1]:80/",
    ]
    others = [
        "https://fed.example.org:8443/f",
        "http://fed.example.org/f",
        "https://example.org/",
        "http://[::1",
        "nonsense",
    ]
    assert [url for url in (*ours, *others) if here.serve(url)] == ours
    assert Ourselves.known("here", "http://h:8080", ()).serve("http://h:8080/f")


def test_a_name_that_is_made_is_the_same_each_time_and_tells_nothing():
    assert named("a secret") == named("a secret")
    assert named("a secret") != named("another")
    assert read([named("a secret")]) == (named("a secret"),)
