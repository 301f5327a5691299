# SPDX-License-Identifier: Apache-2.0
"""What ``ugr plugins new`` writes works as it is: as source under the linters, and as a wheel far from here."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.installed import LIMIT, Environment, wheel
from tests.integration.third_party import ThirdParty
from tests.servers.process import ROOT
from ugr.cli import scaffold

pytestmark = pytest.mark.timeout(LIMIT + 120)

NAME = "tape-index"
"""A name whose module, class and distribution are spelled differently."""


@pytest.fixture(scope="module")
def maker(ugr_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Install ugr, and what the linters want to know the types of."""
    maker = Environment(tmp_path_factory.mktemp("maker"))
    maker.install(ugr_wheel, "pytest", "requests", "types-requests")
    return maker


@pytest.fixture(scope="module")
def made(maker: Environment, ugr_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> ThirdParty:
    """Have an installed ugr make a plugin, and install that from its wheel."""
    place = tmp_path_factory.mktemp("scaffold")
    said = maker.ugr("plugins", "new", NAME, "--directory", place / "source")
    assert f"ugr-{NAME} is in {place}/source." in said
    return ThirdParty.install(NAME, place / "source", ugr_wheel, place)


def test_the_wheels_bring_all_that_is_needed(made: ThirdParty) -> None:
    made.comes_from_wheels()


def test_the_plugin_is_found_with_its_distribution(made: ThirdParty) -> None:
    made.is_listed()


def test_the_options_of_the_plugin_are_shown(made: ThirdParty) -> None:
    shown = made.environment.ugr("plugins", NAME)
    assert shown.startswith(f"type = {NAME}\n")
    assert "  token_file or token_environment\n" in shown


def test_the_plugin_keeps_the_contract(made: ThirdParty) -> None:
    made.keeps_the_contract()


def test_the_plugin_serves_a_redirect_that_leads_to_the_bytes(made: ThirdParty, tmp_path: Path) -> None:
    made.serves_a_redirect(tmp_path)


def test_the_wheel_has_the_code_its_types_and_the_licence_and_no_tests(tmp_path: Path) -> None:
    source, _ = scaffold.make(NAME, tmp_path / "source")
    with zipfile.ZipFile(wheel(source, tmp_path / "wheels")) as archive:
        names = archive.namelist()

    code = {name for name in names if "dist-info" not in name}
    assert code == {f"ugr_tape_index/{name}" for name in ("__init__.py", "endpoint.py", "options.py", "py.typed")}
    assert [name for name in names if name.endswith("/LICENSE")]


@pytest.mark.parametrize("name", [NAME, "x", "b" * scaffold.LONGEST])
def test_ruff_finds_nothing(name: str, tmp_path: Path) -> None:
    source, _ = scaffold.make(name, tmp_path / "source")

    assert tool(source, "ruff", "check", "--no-cache", ".") == (0, "All checks passed!\n")
    assert tool(source, "ruff", "format", "--no-cache", "--check", ".")[0] == 0


def test_mypy_finds_nothing(maker: Environment, tmp_path: Path) -> None:
    source, _ = scaffold.make(NAME, tmp_path / "source")
    words = ("--python-executable", maker.python, "--cache-dir", tmp_path / "types", "ugr_tape_index", "tests")

    assert tool(source, "mypy", *words) == (0, "Success: no issues found in 4 source files\n")
    assert "\nstrict = true\n" in (source / "setup.cfg").read_text(encoding="utf-8")


def test_the_linters_of_the_plugin_are_as_strict_as_ours() -> None:
    theirs = tomllib.loads(scaffold.contents("x")["pyproject.toml"])["tool"]["ruff"]
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]

    assert theirs["lint"]["select"] == ours["lint"]["select"]
    assert set(theirs["lint"]["ignore"]) <= set(ours["lint"]["ignore"])
    assert (theirs["line-length"], theirs["target-version"]) == (ours["line-length"], ours["target-version"])


def tool(source: Path, program: str, *words: str | Path) -> tuple[int, str]:
    """Run a tool of this checkout's environment in a directory; return its exit code and what it said."""
    command = [sys.executable, "-m", program, *words]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr
