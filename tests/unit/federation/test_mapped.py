# SPDX-License-Identifier: Apache-2.0
"""A mapped file: what is shared, and what is recognised as not fitting."""

import os

import pytest

from ugr.errors import ConfigError
from ugr.federation.mapped import HEADER, Layout, MappedFile

LAYOUT = Layout(b"ugrtests", 1, 4096)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "shared"


def test_two_that_open_a_file_share_its_words(path):
    one, other = MappedFile.open(path, LAYOUT), MappedFile.open(path, LAYOUT)
    one.words[8] = 2**64 - 1
    other.memory[100:103] = b"abc"
    assert other.words[8] == 2**64 - 1
    assert bytes(one.memory[100:103]) == b"abc"
    assert not one.replaced()


def test_a_file_is_there_whole_or_not_at_all(path):
    MappedFile.open(path, LAYOUT)
    assert [entry.name for entry in path.parent.iterdir()] == ["shared"]
    assert (path.stat().st_size, path.stat().st_mode & 0o777) == (4096, 0o600)


def test_what_a_file_holds_outlives_those_who_had_it_open(path):
    first = MappedFile.open(path, LAYOUT)
    first.words[9] = 7
    first.close()
    first.close()
    assert MappedFile.open(path, LAYOUT).words[9] == 7


def test_a_fresh_file_is_filled_before_anybody_sees_it(path):
    def fill(memory):
        memory[HEADER:] = b"\x05" * (len(memory) - HEADER)

    layout = Layout(b"ugrtests", 1, 4096, fill=fill)
    MappedFile.open(path, layout).memory[HEADER] = 6
    assert bytes(MappedFile.open(path, layout).memory[HEADER : HEADER + 2]) == b"\x06\x05"


def shorter(path):
    os.truncate(path, 4095)


def empty(path):
    os.truncate(path, 0)


def garbage(path):
    path.write_bytes(os.urandom(8192))


def other_run_of_the_machine(path):
    with path.open("r+b") as file:
        file.seek(16)
        file.write(os.urandom(16))


def other_layout(path):
    path.unlink()
    MappedFile.open(path, Layout(b"ugrtests", 2, 4096))


def other_kind(path):
    path.unlink()
    MappedFile.open(path, Layout(b"ugrother", 1, 4096))


def link(path):
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def pipe(path):
    path.unlink()
    os.mkfifo(path)


def claims_more_than_it_has(path):
    MappedFile.open(path, LAYOUT).words[10] = 4097


@pytest.mark.parametrize(
    "spoil",
    [
        shorter,
        empty,
        garbage,
        other_run_of_the_machine,
        other_layout,
        other_kind,
        link,
        pipe,
        claims_more_than_it_has,
    ],
)
def test_a_file_that_does_not_fit_is_replaced_in_one_step(path, spoil):
    layout = Layout(b"ugrtests", 1, 4096, extent=lambda words: words[10])
    before = MappedFile.open(path, layout)
    before.words[9] = 7
    spoil(path)
    fresh = MappedFile.open(path, layout)
    assert fresh.words[9] == 0
    assert len(fresh.memory) == 4096
    assert before.replaced()
    assert not fresh.replaced()
    assert not [entry.name for entry in path.parent.iterdir() if entry.name.startswith(".")]


def test_memory_of_a_file_that_was_removed_stays_valid(path):
    old = MappedFile.open(path, LAYOUT)
    path.unlink()
    assert old.replaced()
    old.words[9] = 7
    new = MappedFile.open(path, LAYOUT)
    assert (old.words[9], new.words[9]) == (7, 0)
    assert old.replaced()


def test_a_file_that_was_cut_off_counts_as_replaced(path):
    file = MappedFile.open(path, LAYOUT)
    os.truncate(path, 100)
    assert file.replaced()


def test_what_one_adds_the_other_can_map(path):
    one, other = MappedFile.open(path, LAYOUT), MappedFile.open(path, LAYOUT)
    held = one.words
    one.grow(8192)
    one.words[1023] = 7
    assert len(other.memory) == 4096
    other.remap()
    assert other.words[1023] == 7
    other.words[9] = 8
    assert (held[9], one.words[9]) == (8, 8)
    one.grow(100)
    assert len(one.memory) == 8192


def test_directory_that_is_not_there_is_a_fault_of_the_configuration(tmp_path):
    with pytest.raises(ConfigError) as caught:
        MappedFile.open(tmp_path / "nowhere" / "board", LAYOUT)
    assert caught.value.message == (
        f"[ugr] runtime_dir = {tmp_path}/nowhere: board in it cannot be used: No such file or directory; "
        "it must be a directory on a disk of this host that ugr may write"
    )


def test_directory_in_the_place_of_the_file_is_a_fault_and_leaves_nothing_behind(path):
    (path / "inside").mkdir(parents=True)
    with pytest.raises(ConfigError, match="shared in it cannot be used: "):
        MappedFile.open(path, LAYOUT)
    assert [entry.name for entry in path.parent.iterdir()] == ["shared"]
