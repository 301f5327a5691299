# SPDX-License-Identifier: Apache-2.0
"""Generations: what a change makes old, for whom, and what it leaves alone."""

import logging
import os

import pytest

from ugr.errors import ConfigError
from ugr.federation.generations import FILE, PLACES, Generations


@pytest.fixture
def two(tmp_path):
    """Two processes' tables, as far as one process can have two."""
    one, other = Generations(), Generations()
    one.open(tmp_path)
    other.open(tmp_path)
    return one, other


def test_a_change_gives_the_path_and_its_directory_another_generation():
    generations = Generations()
    before = {path: generations.of(path) for path in ("/d/f", "/d", "/", "/d/g", "/e")}
    generations.bump("/d/f")
    changed = [path for path, generation in before.items() if generations.of(path) != generation]
    assert changed == ["/d/f", "/d"]


@pytest.mark.parametrize(("path", "directory"), [("/f", "/"), ("/", "/"), ("/é/日本", "/é")])
def test_names_in_the_root_the_root_and_any_characters_have_generations(path, directory):
    generations = Generations()
    before = generations.of(path), generations.of(directory)
    generations.bump(path)
    assert generations.of(path) != before[0]
    assert generations.of(directory) != before[1]


def test_every_change_is_another_generation():
    generations = Generations()
    seen = {generations.of("/f")}
    for _ in range(1000):
        generations.bump("/f")
        seen.add(generations.of("/f"))
    assert len(seen) == 1001


def test_a_change_by_one_is_seen_by_the_other_at_once(two):
    one, other = two
    before = other.of("/d/f"), other.of("/d")
    assert before == (one.of("/d/f"), one.of("/d"))
    one.bump("/d/f")
    assert other.of("/d/f") == one.of("/d/f") != before[0]
    assert other.of("/d") == one.of("/d") != before[1]


def test_changes_by_two_at_once_cannot_undo_each_other(two):
    one, other = two
    one.bump("/f")
    between = one.of("/f")
    other.bump("/f")
    assert one.of("/f") == other.of("/f") != between


def test_a_table_that_is_opened_again_remembers_the_changes(tmp_path, two):
    two[0].bump("/f")
    again = Generations()
    again.open(tmp_path)
    assert again.of("/f") == two[0].of("/f")


def test_tables_before_opening_are_strangers():
    one, other = Generations(), Generations()
    one.bump("/f")
    assert other.of("/f") == 0


def test_all_paths_that_never_changed_share_one_object(two):
    assert two[0].of("/f") is two[0].of("/g")


@pytest.mark.parametrize("spoil", [os.unlink, lambda path: os.truncate(path, 4096)])
def test_after_the_file_is_lost_everything_reads_as_changed(tmp_path, two, spoil):
    one, other = two
    before = one.of("/f")
    one.renew()
    assert one.of("/f") == before
    spoil(tmp_path / FILE)
    one.renew()
    other.renew()
    assert one.of("/f") == other.of("/f") != before
    one.bump("/f")
    assert one.of("/f") == other.of("/f")
    assert (tmp_path / FILE).stat().st_size > 8 * PLACES


def test_table_that_cannot_be_opened_again_goes_on_alone_and_says_so(tmp_path, two, caplog):
    one, _ = two
    (tmp_path / FILE).unlink()
    (tmp_path / FILE).mkdir()
    with caplog.at_level(logging.ERROR, "ugr.cache"):
        one.renew()
    assert "changes made by other workers are not seen" in caplog.text
    before = one.of("/f")
    one.bump("/f")
    assert one.of("/f") != before


def test_directory_that_is_not_there_is_a_fault_of_the_configuration(tmp_path):
    with pytest.raises(ConfigError, match=r"\[ugr\] runtime_dir = .*/nowhere: generations in it cannot be used"):
        Generations().open(tmp_path / "nowhere")


def test_all_paths_change_at_once_for_every_process(tmp_path):
    mine, other = Generations(), Generations()
    mine.open(tmp_path)
    other.open(tmp_path)
    other.bump("/d/f")
    paths = ["/", "/d", "/d/f", "/d/g"]
    before = [mine.of(path) for path in paths]
    other.bump_all()
    after = [mine.of(path) for path in paths]
    assert not set(before) & set(after)
    assert after == [other.of(path) for path in paths]
    mine.renew()
    assert mine.of("/a") is mine.of("/b"), "one object for all paths that did not change since"


def test_who_only_joins_makes_no_file(tmp_path):
    assert not Generations().join(tmp_path)
    assert list(tmp_path.iterdir()) == []
    mine = Generations()
    mine.open(tmp_path)
    before = mine.of("/f")
    guest = Generations()
    assert guest.join(tmp_path)
    guest.bump("/f")
    assert mine.of("/f") != before


def test_who_joins_replaces_nothing_that_does_not_fit(tmp_path):
    (tmp_path / "generations").write_bytes(b"something else")
    assert not Generations().join(tmp_path)
    assert (tmp_path / "generations").read_bytes() == b"something else"
    assert not Generations().join(tmp_path / "nowhere")
