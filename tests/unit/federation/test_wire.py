# SPDX-License-Identifier: Apache-2.0
"""What hosts tell each other: written, read, damaged, forged."""

from __future__ import annotations

import math
import os
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ugr.federation import wire
from ugr.federation.cache import CachedListing, Entry
from ugr.federation.slots import Slots
from ugr.federation.wire import Change, Names, Probe, Seal
from ugr.model import FileInfo

NOW = 1_800_000_000.0
LABELS = {name: f"{name} 0123456789abcdef" for name in ("cern", "ral", "kit", "sara")}
PIECE = 1000


def names(labels=LABELS, order=("cern", "ral", "kit", "sara")):
    """Endpoints of one process, which got their slots in an order of its own."""
    slots = Slots()
    slots.mask(order)
    return Names(labels, slots), slots


def entry(slots, present=True, **changes):
    mask = slots.mask
    found = {
        "size": 7,
        "mtime": 1.5,
        "checksums": (("adler32", "0a0b0c0d"),),
        "holders": mask(["cern", "kit"]),
        "excluded": (("ral", "its copy has 3 bytes"),),
        "elsewhere": (("kit", "/other/f"),),
    }
    return Entry(present, mask(["cern", "ral", "kit"]), 0.0, 0.0, **(found if present else {}) | changes)


PATHS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40).map(lambda text: f"/{text}")
KEY = Seal(lambda: "a key of this federation")


@given(
    PATHS,
    st.booleans(),
    st.integers(0, 2**63),
    st.none() | st.floats(0, 1e11),
    st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=3).map(tuple),
    st.permutations(sorted(LABELS)),
    st.integers(0, 2**63 - 1),
    st.floats(0, 1e6),
    st.sets(st.sampled_from(sorted(LABELS))),
)
def test_entry_is_read_as_it_was_written_whatever_the_slots(
    path, directory, size, mtime, sums, order, position, age, silent
):
    ours, slots = names()
    theirs, their_slots = names(order=order)
    size = -1 if directory else size
    written = entry(slots, directory=directory, size=size, mtime=mtime, checksums=sums, silent=slots.mask(silent))
    data = wire.pack_entry(KEY, ours, path, written, position, NOW - age)
    read = wire.unpack_entry(KEY, theirs, path, data, NOW)
    assert read is not None
    assert read.position == position
    assert read.age == pytest.approx(age, abs=1e-3)
    assert read.entry == entry(
        their_slots, directory=directory, size=size, mtime=mtime, checksums=sums, silent=their_slots.mask(silent)
    )


def test_absence_is_read_as_it_was_written():
    ours, slots = names()
    written = entry(slots, present=False, unasked=slots.bit("sara"))
    read = wire.unpack_entry(KEY, ours, "/f", wire.pack_entry(KEY, ours, "/f", written, 5, NOW), NOW)
    assert read.entry == written


def test_entry_is_compact():
    ours, slots = names()
    assert len(wire.pack_entry(KEY, ours, "/atlas/data/" + "x" * 46, entry(slots), 2**62, NOW)) < 300


def packed(**changes):
    ours, slots = names()
    return wire.pack_entry(KEY, ours, "/f", entry(slots, **changes), 5, NOW)


def unpacked(data, path="/f", seal=KEY, labels=LABELS, now=NOW):
    return wire.unpack_entry(seal, names(labels)[0], path, data, now)


def test_no_bit_of_a_value_can_be_changed_unnoticed():
    data = packed()
    assert unpacked(data) is not None
    for place in range(len(data)):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[place] ^= 1 << bit
            assert unpacked(bytes(damaged)) is None, (place, bit)


def test_without_a_key_damage_is_noticed_all_the_same():
    ours, slots = names()
    data = wire.pack_entry(Seal(), ours, "/f", entry(slots), 5, NOW)
    assert wire.unpack_entry(Seal(), ours, "/f", data, NOW) is not None
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 1
        assert wire.unpack_entry(Seal(), ours, "/f", bytes(damaged), NOW) is None, place


def test_value_that_is_cut_off_or_goes_on_is_not_read():
    data = packed()
    assert all(unpacked(data[:length]) is None for length in range(len(data)))
    assert unpacked(data + b"\0") is None


@given(st.binary(max_size=400))
def test_foreign_bytes_are_not_read(data):
    assert unpacked(data) is None
    assert unpacked(wire.FORMAT + b"n" + data) is None
    assert wire.unpack_change(KEY, 1, data) is None
    assert wire.unpack_manifest(KEY, "/f", data, PIECE) is None
    assert wire.unpack_probe(KEY, "label", data) is None


LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3) | st.binary(max_size=3)


@given(st.recursive(LEAVES, st.lists, max_leaves=20))
def test_what_is_signed_and_of_another_shape_is_not_read(value):
    payload = msgspec.msgpack.encode(value)
    for kind, read in (
        (b"n", unpacked),
        (b"j", lambda data: wire.unpack_change(KEY, 1, data)),
        (b"d", lambda data: wire.unpack_manifest(KEY, "/f", data, PIECE)),
        (b"e", lambda data: wire.unpack_probe(KEY, "label", data)),
    ):
        assert read(wire.FORMAT + kind + KEY.digest(kind + payload) + payload) is None


@pytest.mark.parametrize("data", [None, "text", 7, b"", b"u1n", os.urandom(wire.LONGEST + 1)])
def test_what_is_no_value_is_not_read(data):
    assert unpacked(data) is None


def test_value_of_another_path_key_kind_or_format_is_not_read():
    data = packed()
    assert unpacked(data, path="/g") is None
    assert unpacked(data, seal=Seal(lambda: "another key")) is None
    assert unpacked(data, seal=Seal()) is None
    assert wire.unpack_probe(KEY, "label", data) is None
    assert unpacked(b"u2" + data[2:]) is None


def test_endpoints_that_are_unknown_or_have_other_options_here_are_not_believed():
    assert unpacked(packed(), labels={name: LABELS[name] for name in ("ral", "kit", "sara")}) is None
    assert unpacked(packed(), labels=LABELS | {"cern": "cern fedcba9876543210"}) is None
    assert unpacked(packed(), labels=LABELS | {"new": "new 00"}) is not None


def test_endpoint_that_is_not_configured_any_more_is_not_told():
    _, slots = names()
    gone = Names({name: LABELS[name] for name in ("ral", "kit", "sara")}, slots)
    assert wire.pack_entry(KEY, gone, "/f", entry(slots), 5, NOW) is None


def test_time_of_another_host_may_differ_a_little_and_not_more():
    assert unpacked(packed(), now=NOW - wire.SKEW + 0.1).age == 0.0
    assert unpacked(packed(), now=NOW - wire.SKEW - 0.1) is None
    assert unpacked(packed(), now=NOW + 100.0).age == 100.0


@pytest.mark.parametrize(
    "changes",
    [{"holders": 0}, {"size": -1}, {"size": -2, "directory": True}, {"mtime": math.nan}, {"mtime": math.inf}],
)
def test_signed_nonsense_is_not_believed(changes):
    assert unpacked(packed(**changes)) is None


def test_names_that_cannot_be_written_are_not_told():
    ours, slots = names()
    assert wire.pack_entry(KEY, ours, "/\udcff", entry(slots), 5, NOW) is None
    assert wire.pack_entry(KEY, ours, "/" + "x" * wire.LONGEST, entry(slots), 5, NOW) is None
    assert wire.pack_entry(KEY, ours, "/f", entry(slots, size=2**70), 5, NOW) is None


# --- listings ---


def listing(count=3, **shortfall):
    entries = tuple(
        FileInfo(f"n{number}", number % 2 == 1, None if number % 2 else number, 1.5, {"md5": "ab"} if number else {})
        for number in range(count)
    )
    told = {"unasked": (), "missing": {}, "truncated": {}} | shortfall
    return CachedListing(entries, told["unasked"], told["missing"], told["truncated"], 0.0, 0.0)


def frame(ours, listers=("cern", "ral"), virtual=()):
    return wire.frame(ours, listers, virtual)


def told(written, seal=KEY, **pieces):
    ours, _ = names()
    body = wire.pack_rows(written)
    data = wire.pack_listing(
        seal, ours, "/d", written, body, position=5, filled=NOW - 3, frame=frame(ours), **pieces
    )
    return data, body


def test_listing_is_read_as_it_was_written():
    written = listing(5, unasked=("kit",), missing={"ral": "timed out"}, truncated={"cern": 4})
    data, _ = told(written)
    manifest = wire.unpack_manifest(KEY, "/d", data, PIECE)
    assert (manifest.position, manifest.whole, manifest.pieces) == (5, False, 0)
    read, age = wire.unpack_listing(KEY, names(order=("kit", "sara"))[0], manifest, manifest.body, NOW)
    assert age == 3.0
    assert read.entries == written.entries
    assert (read.unasked, read.missing, read.truncated) == (("kit",), {"ral": "timed out"}, {"cern": 4})


def test_body_in_pieces_is_read_when_it_is_whole():
    written = listing(200)
    data, body = told(written, id=b"12345678", pieces=2)
    manifest = wire.unpack_manifest(KEY, "/d", data, PIECE)
    ours = names()[0]
    assert wire.unpack_listing(KEY, ours, manifest, body, NOW)[0].entries == written.entries
    for damaged in (body[:-1], body + b"x", b"", body[::-1], os.urandom(len(body))):
        assert wire.unpack_listing(KEY, ours, manifest, damaged, NOW) is None


def test_listing_of_another_directory_or_in_too_many_pieces_is_not_read():
    data, _ = told(listing())
    assert wire.unpack_manifest(KEY, "/e", data, PIECE) is None
    data, _ = told(listing(), id=b"12345678", pieces=1_000_000)
    assert wire.unpack_manifest(KEY, "/d", data, PIECE) is None


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0b"])
def test_listing_with_an_impossible_name_is_not_read(name):
    ours, _ = names()
    data, body = told(CachedListing((FileInfo(name, size=1),), (), {}, {}, 0.0, 0.0))
    assert wire.unpack_listing(KEY, ours, wire.unpack_manifest(KEY, "/d", data, PIECE), body, NOW) is None


def test_body_that_would_fill_memory_is_not_read(monkeypatch):
    monkeypatch.setattr(wire, "LONGEST_LISTING", 1000)
    body = zlib.compress(bytes(2000))
    written = listing()
    data = wire.pack_listing(KEY, names()[0], "/d", written, body, position=5, filled=NOW, frame=b"f")
    manifest = wire.unpack_manifest(KEY, "/d", data, PIECE)
    assert wire.unpack_listing(KEY, names()[0], manifest, body, NOW) is None


def test_listings_are_of_the_same_endpoints_only_in_the_same_frame():
    ours, theirs = names()[0], names(order=("sara", "kit"))[0]
    assert frame(ours, ("cern", "ral")) == frame(theirs, ("ral", "cern"))
    assert frame(ours, virtual=("a", "b")) == frame(ours, virtual=("b", "a"))
    assert len({frame(ours), frame(ours, ("cern",)), frame(ours, virtual=("a",))}) == 3
    assert frame(ours, ("unknown",)) is None


def test_big_listing_is_not_told(monkeypatch):
    monkeypatch.setattr(wire, "LONGEST_BODY", 100)
    assert wire.pack_rows(listing(1)) is not None
    assert wire.pack_rows(listing(1000)) is None
    assert wire.pack_rows(CachedListing((FileInfo("\udcff", size=1),), (), {}, {}, 0.0, 0.0)) is None


# --- records and probes ---


@given(st.integers(1, 2**63), st.integers(0, 2**63), st.none() | PATHS)
def test_record_is_read_under_its_own_number(number, change, path):
    data = wire.pack_change(KEY, Change(number, change, path))
    assert wire.unpack_change(KEY, number, data) == Change(number, change, path)
    assert wire.unpack_change(KEY, number + 1, data) is None


def test_probe_is_read_under_its_own_endpoint():
    found = Probe("cern 01", "host", NOW, None, "connection refused", "FAILED")
    data = wire.pack_probe(KEY, found)
    assert wire.unpack_probe(KEY, "cern 01", data) == found
    assert wire.unpack_probe(KEY, "cern 02", data) is None
    assert wire.unpack_probe(KEY, "cern 01", wire.pack_probe(KEY, Probe("cern 01", "host", NOW, math.nan))) is None
    assert found.age(NOW + 2.0) == 2.0
    assert found.age(NOW - wire.SKEW - 1.0) is None
