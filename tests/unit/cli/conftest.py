# SPDX-License-Identifier: Apache-2.0
"""A small federation of directories, and the command line that asks it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ugr.cli import main, sample


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """Take away the handler that each command installs: it holds on to the test's own standard error."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def sites(tmp_path: Path) -> Path:
    """Return the directory of the demonstration's three endpoints; nobody serves it."""
    sample.make(tmp_path, "127.0.0.1", 8080)
    return tmp_path


Ask = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    """Run one command; return its exit code, standard output and standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def ask_json(ask: Ask) -> Callable[..., tuple[int, Any]]:
    """Run one command with ``--json``; return its exit code and the answer."""

    def run(*arguments: object) -> tuple[int, Any]:
        code, out, _ = ask(*arguments, "--json")
        return code, json.loads(out)

    return run
