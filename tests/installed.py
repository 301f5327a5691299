# SPDX-License-Identifier: Apache-2.0
"""Environments in which wheels are installed, and nothing of this checkout.

Knows: how wheels are built and installed. Refuses to know: what is in them, and what is done with
them. What they depend on is installed by pip, from the registry that pip is configured for.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.servers.process import ROOT

SOURCES = ("ugr", "setup.cfg", "pyproject.toml", "README.rst", "LICENSE")
"""What ugr's own wheel is made of."""

LIMIT = 300.0
"""Seconds for building or installing."""

TESTS = ("pytest", "pytest-timeout")
"""What it takes to run a test."""


class Environment:
    """A virtual environment in ``place``/venv, and commands that run in ``place`` with it."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.bin = place / "venv" / "bin"
        self.python = self.bin / "python"
        # without pip, which this checkout's environment has: that is three seconds less
        self.run(sys.executable, "-m", "venv", "--without-pip", place / "venv")

    def install(self, *what: str | Path) -> None:
        """Install wheels, and packages by name, with all that they need."""
        self._pip("install", *what)

    def pip(self, *words: str | Path) -> str:
        """Run pip on this environment; return what it printed."""
        return self.run(sys.executable, "-m", "pip", "--python", self.python, *words, limit=LIMIT)

    def _pip(self, command: str, *words: str | Path) -> None:
        self.pip("--quiet", "--disable-pip-version-check", command, *words)

    def ugr(self, *words: str | Path) -> str:
        """Run the command ``ugr``; return what it printed."""
        return self.run(self.bin / "ugr", *words)

    def run(self, *words: str | Path, limit: float = 120.0, **env: str) -> str:
        """Run a command; return what it printed, fail with it when it fails."""
        return run(*words, cwd=self.place, limit=limit, env=env)


def run(*words: str | Path, cwd: Path, limit: float = 120.0, env: Mapping[str, str] | None = None) -> str:
    """Run a command that sees nothing of this checkout's Python; return all that it printed, fail when it fails."""
    foreign = ("PYTHON", "VIRTUAL_ENV", "UGR_", "PYTEST")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env=kept | dict(env or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=limit,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(map(str, words))} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


def copied(source: Path, target: Path) -> Path:
    """Copy a file or folder without what Python and setuptools left in it."""
    if source.is_dir():
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "build", ".*_cache")
        return Path(shutil.copytree(source, target, ignore=ignored))
    return Path(shutil.copy2(source, target))


def wheel(source: Path, place: Path) -> Path:
    """Build the wheel of a distribution into an empty directory; return its file."""
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", place, source, cwd=source, limit=LIMIT)
    (built,) = place.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def ugr_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of ugr itself."""
    source = tmp_path_factory.mktemp("ugr-source")
    for name in SOURCES:
        copied(ROOT / name, source / name)
    return wheel(source, tmp_path_factory.mktemp("ugr-wheel"))
