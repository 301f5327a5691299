# SPDX-License-Identifier: Apache-2.0
"""``ugr forget`` on one host: who is told, and what is said when nobody can be."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ugr.cli.exits import Exit
from ugr.federation.generations import Generations

Ask = Callable[..., tuple[int, str, str]]
AskJson = Callable[..., tuple[int, Any]]

PATHS = ("/d/f", "/d/g", "/d", "/other")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with a runtime directory."""
    (tmp_path / "run").mkdir()
    config = tmp_path / "ugr.conf"
    config.write_text(f"[ugr]\nruntime_dir = {tmp_path / 'run'}\n")
    return config


@pytest.fixture
def worker(tmp_path: Path, config: Path) -> Generations:
    """What a worker of the service has."""
    generations = Generations()
    generations.open(tmp_path / "run")
    return generations


def changed(worker: Generations, before: dict[str, int]) -> set[str]:
    return {path for path, stamp in before.items() if worker.of(path) != stamp}


def stamps(worker: Generations) -> dict[str, int]:
    for path in PATHS:
        worker.bump(path)
    return {path: worker.of(path) for path in PATHS}


def test_workers_hear_of_the_path_and_its_directory(config: Path, worker: Generations, ask: Ask) -> None:
    before = stamps(worker)
    assert ask("forget", "-c", config, "d/f") == (Exit.OK, "/d/f: told the workers of this host\n", "")
    assert changed(worker, before) == {"/d/f", "/d"}


def test_several_paths_and_everything(config: Path, worker: Generations, ask: Ask, ask_json: AskJson) -> None:
    before = stamps(worker)
    code, answer = ask_json("forget", "-c", config, "/d/f", "/d/g")
    assert (code, answer) == (Exit.OK, {"paths": ["/d/f", "/d/g"], "here": True, "told": [], "untold": []})
    assert changed(worker, before) == {"/d/f", "/d/g", "/d"}
    assert ask("forget", "-c", config, "--all") == (Exit.OK, "everything: told the workers of this host\n", "")
    assert changed(worker, before) == set(PATHS)


def test_where_no_service_has_run_nothing_is_made(config: Path, tmp_path: Path, ask: Ask) -> None:
    told = "/f: told nobody: no service has run here\n"
    assert ask("forget", "-c", config, "/f") == (Exit.OK, told, "")
    assert os.listdir(tmp_path / "run") == []


def test_without_a_place_to_meet_nobody_can_be_told(tmp_path: Path, ask: Ask) -> None:
    config = tmp_path / "ugr.conf"
    config.write_text("[ugr]\n")
    code, out, err = ask("forget", "-c", config, "/f")
    assert (code, out) == (Exit.CONFIGURATION, "")
    assert "neither [ugr] runtime_dir nor [cache] memcached is set" in err


@pytest.mark.parametrize("words", [(), ("/d/f", "--all"), ("/d/../f",), ("/a\x01",)])
def test_command_that_cannot_be_understood_is_refused(config: Path, ask: Ask, words: tuple[str, ...]) -> None:
    assert ask("forget", "-c", config, *words)[0] == Exit.USAGE
