# SPDX-License-Identifier: Apache-2.0
"""Pages become entries: none twice, none that cannot be a name, none that was not asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.objects.bucket import Cut
from ugr.plugin import FileInfo, Misbehaved
from ugr.plugin.objects import Entries, Object


def page(*keys: str | None) -> Cut:
    """Make a page of objects, and of prefixes for keys that end in "/"; None for what is not text."""
    files = [Object(key, 1, 2.0) if key is not None else None for key in keys if key is None or key[-1] != "/"]
    return Cut(list(files), [key for key in keys if key is not None and key[-1] == "/"])


def shown(prefix: str, *pages: Cut) -> tuple[list[str], int]:
    entries = Entries(prefix)
    names = [info.name + "/" * info.directory for cut in pages for info in entries.of(cut)]
    return names, entries.hidden


def test_files_have_what_is_known_of_them_and_directories_have_nothing():
    cut = Cut([Object("d/f", 1, 2.0, {"md5": "0" * 32}), Object("d/m", 0, 2.0, directory=True)], ["d/s/"])
    assert list(Entries("d/").of(cut)) == [
        FileInfo("f", size=1, mtime=2.0, checksums={"md5": "0" * 32}),
        FileInfo("m", directory=True),
        FileInfo("s", directory=True),
    ]


def test_the_marker_of_the_directory_itself_is_no_entry():
    assert shown("d/", Cut([Object("d/", 0), Object("d/f", 1)], [])) == (["f"], 0)


def test_a_file_hides_a_directory_of_its_name():
    assert shown("", page("a", "a-b", "a/", "b/")) == (["a", "a-b", "b/"], 0)


def test_a_file_hides_a_directory_of_its_name_that_comes_pages_later():
    assert shown("d/", page("d/a", "d/a!"), page("d/a-1", "d/a.txt"), page("d/a/", "d/b/")) == (
        ["a", "a!", "a-1", "a.txt", "b/"],
        0,
    )


def test_what_stands_for_a_directory_hides_its_prefix_that_comes_pages_later():
    first = Cut([Object("a", 0, directory=True), Object("a-b", 1)], [])
    assert shown("", first, page("a/", "b/")) == (["a/", "a-b", "b/"], 0)


def test_a_directory_at_the_edge_of_two_pages_is_shown_once():
    assert shown("", page("a/"), page("a/", "b/")) == (["a/", "b/"], 0)


def test_keys_that_cannot_be_names_are_counted_and_left_out():
    left_out = Cut([Object("d/..", 1), Object("d/a\nb", 1), Object("d/ok", 1), None], ["d//", "d/./", None])
    assert shown("d/", left_out) == (["ok"], 6)


@pytest.mark.parametrize("keys", [["other/f"], ["d/s/f"], ["d/s/t/"], ["e/"]])
def test_what_was_not_asked_for_is_refused(keys):
    with pytest.raises(Misbehaved, match="asked for"):
        shown("d/", page(*keys))


def listing(keys: set[str], size: int) -> list[Cut]:
    """List keys as storages do: in order of their bytes, cut into pages."""
    tops = sorted({key if "/" not in key else key[: key.index("/") + 1] for key in keys}, key=str.encode)
    return [page(*tops[start : start + size]) for start in range(0, len(tops), size)]


@given(st.sets(st.text("ab-/.0", min_size=1, max_size=5), max_size=20), st.integers(1, 4))
def test_no_name_comes_twice_however_the_pages_are_cut(keys, size):
    names, hidden = shown("", *listing(keys, size))
    bare = [name.rstrip("/") for name in names]
    assert len(set(bare)) == len(bare)
    expected = {key.split("/")[0] for key in keys}
    assert set(bare) == expected - {"", ".", ".."}
    assert {name for name in names if name[-1] != "/"} == {key for key in keys if "/" not in key} - {".", ".."}
    assert (hidden > 0) == bool(expected & {"", ".", ".."})
