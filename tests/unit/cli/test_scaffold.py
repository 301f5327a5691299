# SPDX-License-Identifier: Apache-2.0
"""``ugr plugins new``: which names and directories it takes, and that it writes all or nothing."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import Ask
from ugr.cli import scaffold
from ugr.cli.exits import Exit
from ugr.errors import BadRequest

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "plugins" / "example"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty directory."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def nobody() -> Iterator[Path]:
    """Give a directory that may be read and not written, and be somebody who has to care."""
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        closed = Path(place, "closed")
        closed.mkdir(mode=0o555)
        if os.geteuid() != 0:
            yield closed
            return
        os.seteuid(65534)
        try:
            yield closed
        finally:
            os.seteuid(0)


def found(directory: Path) -> set[str]:
    """Return the paths of all files in a directory."""
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


def test_it_makes_a_distribution_in_a_directory_of_its_name(ask: Ask, tmp_path: Path) -> None:
    code, out, _ = ask("plugins", "new", "tape-index")

    assert code == Exit.OK
    assert found(tmp_path) == {
        "ugr-tape-index/LICENSE",
        "ugr-tape-index/README.rst",
        "ugr-tape-index/pyproject.toml",
        "ugr-tape-index/setup.cfg",
        "ugr-tape-index/tests/test_conformance.py",
        "ugr-tape-index/ugr_tape_index/__init__.py",
        "ugr-tape-index/ugr_tape_index/endpoint.py",
        "ugr-tape-index/ugr_tape_index/options.py",
        "ugr-tape-index/ugr_tape_index/py.typed",
    }
    assert out.startswith(f"ugr-tape-index is in {tmp_path}/ugr-tape-index.\n")
    assert "\n  pip install -e './ugr-tape-index[test]'\n  ugr plugins tape-index\n" in out


def test_the_words_of_the_author_are_everywhere() -> None:
    texts = scaffold.contents("tape-index")

    assert [path for path, text in texts.items() if re.search(r"@\w+@", text)] == []
    assert "\n    tape-index = ugr_tape_index\n" in texts["setup.cfg"]
    assert '\n    type = "tape-index"\n' in texts["ugr_tape_index/endpoint.py"]
    assert "\nclass TapeIndexEndpoint(BlockingEndpoint):\n" in texts["ugr_tape_index/endpoint.py"]
    assert texts["README.rst"].startswith("ugr-tape-index\n==============\n")


def test_json_tells_what_was_made(ask_json: Callable[..., tuple[int, Any]], tmp_path: Path) -> None:
    code, made = ask_json("plugins", "new", "x", "--directory", "here/deep")

    assert code == Exit.OK
    assert (made["type"], made["directory"]) == ("x", f"{tmp_path}/here/deep")
    assert set(made["files"]) == found(tmp_path / "here/deep")


def test_an_empty_directory_may_be_there_already(ask: Ask, tmp_path: Path) -> None:
    code, out, _ = ask("plugins", "new", "x", "--directory", ".")

    assert code == Exit.OK
    assert found(tmp_path) == set(scaffold.contents("x"))
    assert "\n  pip install -e '.[test]'\n" in out


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("My_Store", "; my-store would do"),
        ("my store", "; my-store would do"),
        ("3d", ""),
        ("a--b", "; a-b would do"),
        ("-a", "; a would do"),
        ("../a", "; a would do"),
        ("é", ""),
        ("", ""),
        ("a" * 25, ""),
        ("a\n", "; a would do"),
    ],
)
def test_a_name_that_cannot_be_a_type_is_refused_with_one_that_can(name: str, hint: str) -> None:
    with pytest.raises(BadRequest) as refused:
        scaffold.contents(name)
    assert refused.value.message.endswith(f"24 characters at most{hint}")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("new",), "say what the new type is called: ugr plugins new NAME"),
        (("new", "new"), "new is a word of this command; choose another name"),
        (("new", "ugr-x"), "ugr-x: write only x; the distribution is called ugr-x then"),
        (("s3", "x"), "a name and --directory are for a new plugin: ugr plugins new NAME"),
        (("--directory", "x"), "a name and --directory are for a new plugin: ugr plugins new NAME"),
    ],
)
def test_words_that_do_not_go_together_are_refused(
    ask: Ask, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    assert ask("plugins", *words) == (Exit.USAGE, "", f"ugr: {message}\n")
    assert list(tmp_path.iterdir()) == []


def test_a_type_that_is_installed_is_refused_with_its_owner(ask: Ask, tmp_path: Path) -> None:
    code, _, err = ask("plugins", "new", "file")

    assert code == Exit.NO
    assert err == "ugr: type file is offered by ugr-file 0.1.0 already; choose another name\n"
    assert list(tmp_path.iterdir()) == []


def test_a_directory_with_something_in_it_is_left_alone(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "ugr-x").mkdir()
    (tmp_path / "ugr-x" / "mine").touch()
    code, _, err = ask("plugins", "new", "x")

    assert code == Exit.NO
    assert err == f"ugr: {tmp_path}/ugr-x is not empty; name a new directory with --directory\n"
    assert found(tmp_path) == {"ugr-x/mine"}


def test_a_file_in_the_place_of_the_directory_is_left_alone(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "ugr-x").touch()
    code, _, err = ask("plugins", "new", "x")

    assert code == Exit.NO
    assert err == f"ugr: {tmp_path}/ugr-x cannot be used: not a directory; name another one with --directory\n"
    assert found(tmp_path) == {"ugr-x"}


@pytest.mark.parametrize("place", ["", "new"])
def test_a_directory_that_may_not_be_written_is_told(ask: Ask, nobody: Path, place: str) -> None:
    code, _, err = ask("plugins", "new", "x", "--directory", nobody / place)

    assert code == Exit.REFUSED
    assert err == f"ugr: {nobody / place} cannot be used: permission denied; name another one with --directory\n"
    assert list(nobody.iterdir()) == []


def test_the_example_of_this_checkout_is_what_is_made_for_its_name() -> None:
    own = {"README.rst", "LICENSE"}
    made = {path: text for path, text in scaffold.contents("example").items() if path not in own}

    assert {path: (EXAMPLE / path).read_text(encoding="utf-8") for path in made} == made


def test_the_licence_is_ours() -> None:
    assert scaffold.contents("x")["LICENSE"] == (ROOT / "LICENSE").read_text(encoding="utf-8")
