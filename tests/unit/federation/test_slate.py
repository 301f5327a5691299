# SPDX-License-Identifier: Apache-2.0
"""The slate: records, slots, terms, and half records that nobody takes for whole ones."""

import os

import pytest

from ugr.federation.health import State, Verdict
from ugr.federation.slate import LONGEST_NAME, LONGEST_REASON, VERSION, Record, Slate, _pack, _start

UP = Record(Verdict(State.UP, None, 0.25, 1000.5), probes=7, streak=3, probe=0.5)
DOWN = Record(Verdict(State.DOWN, "down: connection refused", None, 1001.0), probes=8)


@pytest.fixture
def slate(tmp_path):
    return Slate.open(tmp_path)


@pytest.fixture
def other(tmp_path, slate):
    return Slate.open(tmp_path)


@pytest.mark.parametrize("record", [UP, DOWN, Record(Verdict(State.UNKNOWN, None, None, 0.0))])
def test_what_is_written_is_read_by_all(slate, other, record):
    slot = slate.begin_term(["cern"])["cern"]
    slate.write(slot, record)
    assert other.read(other.slots(["cern"])["cern"]) == (1, record)
    assert slate.read(slot) == (1, record)


def test_slots_are_found_by_name_and_those_without_are_left_out(slate, other):
    slots = slate.begin_term(["cern", "triumf"])
    assert other.slots(["triumf", "nowhere", "cern"]) == {"triumf": slots["triumf"], "cern": slots["cern"]}


def test_slot_that_nothing_was_written_to_has_no_record(slate):
    assert slate.read(slate.begin_term(["cern"])["cern"]) is None


def test_version_changes_with_every_record_and_every_term(slate, other):
    seen = [other.words[VERSION]]
    slot = slate.begin_term(["cern"])["cern"]
    seen.append(other.words[VERSION])
    for record in (UP, DOWN, DOWN):
        slate.write(slot, record)
        seen.append(other.words[VERSION])
    slate.beat(5.0)
    assert len(set(seen)) == 5
    assert other.words[VERSION] == seen[-1]


def test_a_name_keeps_its_slot_and_a_slot_its_name(slate):
    first = slate.begin_term(["a", "b"])
    second = slate.begin_term(["c", "b"])
    third = slate.begin_term(["a"])
    assert second["b"] == first["b"]
    assert third["a"] == first["a"]
    assert len({first["a"], first["b"], second["c"]}) == 3


def test_the_file_grows_by_slots_and_others_see_the_new_ones(tmp_path, slate, other):
    few = slate.begin_term(["a"])
    slate.write(few["a"], UP)
    assert other.slots(["a"]) == few
    names = [f"endpoint-{number}" for number in range(200)]
    many = slate.begin_term(["a", *names])
    for name in names:
        slate.write(many[name], DOWN)
    assert other.slots(["a", *names]) == many
    assert len(set(many.values())) == 201
    assert other.read(many["endpoint-199"]) == (1, DOWN)
    assert other.read(many["a"]) == (1, UP)
    assert Slate.open(tmp_path).slots(names) == {name: many[name] for name in names}


def test_longest_name_is_kept_whole(slate, other):
    name = "é" * (LONGEST_NAME // 2)
    assert slate.begin_term([name]) == other.slots([name])


@pytest.mark.parametrize("reason", ["down: " + "x" * 1000, "down: " + "é" * 1000, "down: " + "日" * 1000])
def test_long_reason_is_cut_between_characters(slate, reason):
    slot = slate.begin_term(["cern"])["cern"]
    slate.write(slot, Record(Verdict(State.DOWN, reason, None, 0.0)))
    _, record = slate.read(slot)
    kept = record.verdict.reason
    assert kept.endswith("…")
    assert reason.startswith(kept[:-1])
    assert LONGEST_REASON - 3 < len(kept.encode()) <= LONGEST_REASON


def test_terms_say_which_slots_are_watched_and_by_whom(slate, other):
    first = slate.begin_term(["a", "b"])
    assert (other.term, other.leader) == (1, os.getpid())
    assert other.watched(first["a"])
    assert other.watched(first["b"])
    slate.begin_term(["b"])
    assert other.term == 2
    assert not other.watched(first["a"])
    assert other.watched(first["b"])


def test_signs_of_life_have_an_age(slate, other):
    assert other.age(100000.0) > 1000
    slate.beat(100000.0)
    assert other.age(100002.5) == pytest.approx(2.5)
    assert other.age(99990.0) == pytest.approx(10.0), "a sign of life from the future is none"


def test_every_report_changes_the_word(slate, other):
    slot = slate.begin_term(["cern"])["cern"]
    seen = {slate.reported(slot)}
    for reporter in (other, slate, other):
        reporter.report(slot)
        seen.add(slate.reported(slot))
    assert len(seen) == 4


def test_writer_that_died_in_the_middle_leaves_the_old_record_in_use(slate, other):
    slot = slate.begin_term(["cern"])["cern"]
    slate.write(slot, DOWN)
    slate.write(slot, UP)
    raw, start = _pack(3, DOWN), _start(slot, 3)
    for end in range(len(raw) + 1):
        slate._file.memory[start : start + end] = raw[:end]
        assert other.read(slot) == (2, UP)


def test_half_a_record_is_never_taken_for_a_whole_one(slate, other):
    slot = slate.begin_term(["cern"])["cern"]
    slate.write(slot, Record(Verdict(State.DOWN, "x" * 100, None, 0.0)))
    slate.write(slot, UP)
    raw, start = _pack(3, DOWN), _start(slot, 3)
    slate._set(slot, 0, 3)  # as if the number had been seen before what it stands for
    for end in range(len(raw)):
        slate._file.memory[start : start + end] = raw[:end]
        assert other.read(slot) is None
    slate._file.memory[start : start + len(raw)] = raw
    assert other.read(slot) == (3, DOWN)


def test_record_that_a_foreign_hand_spoiled_is_no_record(slate, other):
    slot = slate.begin_term(["cern"])["cern"]
    slate.write(slot, DOWN)
    memory = slate._file.memory
    at = bytes(memory).index(b"connection refused")
    memory[at] = ord("C")
    assert other.read(slot) is None
    slate.write(slot, UP)
    assert other.read(slot) == (2, UP)


def test_file_that_claims_more_slots_than_it_has_is_replaced(tmp_path, slate):
    slate.begin_term(["cern"])
    slate.words[9] = 10**6
    fresh = Slate.open(tmp_path)
    assert fresh.slots(["cern"]) == {}
    assert slate.replaced()
