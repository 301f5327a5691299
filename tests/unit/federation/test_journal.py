# SPDX-License-Identifier: Apache-2.0
"""Which answers are believed after which records were read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ugr.federation import journal as module
from ugr.federation.journal import EVERYTHING, LONGEST_GAP, Journal, Library

PATH, OTHER = b"path", b"other"


def followed(position=100, floor=90):
    journal = Journal()
    journal.begin(position, floor)
    return journal


def library(count=2, position=100):
    made = Library(count)
    for journal in made.journals:
        journal.begin(position, position)
    return made


def hear(made, which, number, change, *digests, now=0.0):
    made.journals[which].position = number
    return made.heard(which, number, change, digests or (PATH,), now)


def test_nothing_is_believed_before_a_journal_was_read():
    assert not Journal().believes(PATH, 0)


def test_answer_is_believed_between_the_floor_and_what_was_read():
    journal = followed()
    assert [journal.believes(PATH, position) for position in (89, 90, 95, 100, 101)] == [False, True, True, True, False]


def test_answer_asked_before_the_last_record_of_its_path_is_not_believed():
    made = library(1)
    hear(made, 0, 101, 7)
    assert not made.journals[0].believes(PATH, 100)
    assert made.journals[0].believes(PATH, 101)
    assert made.journals[0].believes(OTHER, 100)


def test_record_of_everything_is_one_of_every_path():
    made = library(1)
    hear(made, 0, 101, 7, EVERYTHING)
    assert not made.journals[0].believes(PATH, 100)
    assert made.journals[0].believes(PATH, 101)


def test_records_to_be_read_are_those_since_the_last():
    journal = followed(100)
    assert list(journal.behind(103)) == [101, 102, 103]
    assert list(journal.behind(100)) == []


def test_journal_that_went_back_or_far_ahead_is_another():
    journal = followed(100)
    assert journal.behind(99) is None
    assert journal.behind(100 + LONGEST_GAP + 1) is None
    assert Journal().behind(5) is None


def test_change_told_by_one_memcached_makes_the_other_doubtful_until_it_tells_as_well():
    made = library()
    here, there = made.journals
    assert hear(made, 0, 101, 7)
    assert here.believes(PATH, 101)
    assert not there.believes(PATH, 100)
    assert there.believes(OTHER, 100)
    assert not hear(made, 1, 101, 7)
    assert not there.believes(PATH, 100)
    assert there.believes(PATH, 101)


def test_doubt_about_everything_is_one_about_every_path():
    made = library()
    hear(made, 0, 101, 7, EVERYTHING)
    assert not made.journals[1].believes(PATH, 100)
    hear(made, 1, 101, 7, EVERYTHING)
    assert made.journals[1].believes(PATH, 101)


def test_doubts_outlive_a_journal_that_begins_anew():
    made = library()
    hear(made, 0, 101, 7)
    made.journals[1].begin(5000, 5000)
    assert not made.journals[1].believes(PATH, 5000)
    hear(made, 1, 5001, 7)
    assert made.journals[1].believes(PATH, 5001)


def test_doubt_ends_when_all_that_it_was_about_has_expired():
    made = library()
    hear(made, 0, 101, 7, now=10.0)
    made.journals[1].settle(before=10.0)
    assert not made.journals[1].believes(PATH, 100)
    made.journals[1].settle(before=10.1)
    assert made.journals[1].believes(PATH, 100)


def test_change_that_is_told_twice_is_new_once():
    made = library()
    assert hear(made, 0, 101, 7)
    assert not hear(made, 0, 102, 7)
    assert not made.journals[0].believes(PATH, 101)


def test_memory_of_records_and_doubts_is_bounded_by_believing_less(monkeypatch):
    monkeypatch.setattr(module, "MOST_DOUBTS", 10)
    monkeypatch.setattr(module, "MOST_CHANGES", 10)
    made = library()
    for number in range(101, 141):
        hear(made, 0, number, number, str(number).encode())
    here, there = made.journals
    assert len(here._last) <= 11
    assert len(there._doubts) <= 11
    assert not here.believes(PATH, 110), "what was forgotten could have been about it"
    assert here.believes(PATH, 140)
    assert not there.believes(PATH, 100)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 2)), max_size=40))
def test_no_answer_asked_before_a_change_is_believed_by_who_heard_of_it_from_anywhere(steps):
    """Changes of three paths reach either memcached or both; answers carry what was known when they were asked."""
    made = Library(2)
    heads = [1000, 2000]
    for journal, head in zip(made.journals, heads, strict=True):
        journal.begin(head, head)
    told = []
    for change, (first, second, path) in enumerate(steps):
        digest = str(path).encode()
        before = [journal.position for journal in made.journals]
        for which in range(2):
            if (first, second)[which] or not (first or second):
                heads[which] += 1
                made.journals[which].position = heads[which]
                made.heard(which, heads[which], change, [digest], float(change))
        told.append((digest, before))
        for digest, positions in told:
            for journal, position in zip(made.journals, positions, strict=True):
                assert not journal.believes(digest, position)
