# SPDX-License-Identifier: Apache-2.0
"""The directory in which workers of a server meet that knows nothing of ugr."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from pathlib import Path

import pytest

from ugr.config.siblings import PREFIX, siblings
from ugr.errors import ConfigError


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the public place for temporary files."""
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def of_a_child(config: Path) -> str:
    """Return what a forked process is told, or the error."""

    def tell() -> None:
        try:
            queue.put(str(siblings(config)()))
        except ConfigError as error:
            queue.put(error.message)

    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    child = context.Process(target=tell)
    child.start()
    told: str = queue.get()
    child.join()
    return told


def test_siblings_are_told_the_same_directory_which_is_theirs_alone(tmp_path: Path) -> None:
    one, other = of_a_child(tmp_path / "ugr.conf"), of_a_child(tmp_path / "ugr.conf")
    assert one == other
    assert Path(one).stat().st_mode & 0o777 == 0o700


def test_siblings_with_another_configuration_have_another_one(tmp_path: Path) -> None:
    assert of_a_child(tmp_path / "a.conf") != of_a_child(tmp_path / "b.conf")


def test_directory_that_others_may_look_into_is_refused(tmp_path: Path) -> None:
    Path(of_a_child(tmp_path / "ugr.conf")).chmod(0o755)
    assert of_a_child(tmp_path / "ugr.conf").endswith("remove it, or set [ugr] runtime_dir")


def test_link_to_a_directory_is_refused(tmp_path: Path) -> None:
    path = Path(of_a_child(tmp_path / "ugr.conf"))
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert of_a_child(tmp_path / "ugr.conf").endswith("remove it, or set [ugr] runtime_dir")


def test_directories_of_servers_that_have_ended_are_removed(tmp_path: Path, place: Path) -> None:
    mine = place / f"{PREFIX}{os.getppid()}-1-{os.geteuid()}-x"
    others = place / f"{PREFIX}{2**22 + 1}-1-{os.geteuid() + 1}-x"
    mine.mkdir()
    others.mkdir()
    assert Path(of_a_child(tmp_path / "ugr.conf")).is_dir()
    assert (mine.exists(), others.exists()) == (False, True)
