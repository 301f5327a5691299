# SPDX-License-Identifier: Apache-2.0
"""The examples in the documentation work: configurations bind, Python compiles, commands exist."""

import re
from pathlib import Path

import pytest

from tests.docs.blocks import DOCS, ROOT, Block, blocks
from ugr.app import Runtime
from ugr.cli.commands import COMMANDS
from ugr.config.bind import bind
from ugr.config.faults import Faults
from ugr.config.reader import parse
from ugr.config.reference import SECTIONS
from ugr.plugin import loader

MADE_THERE = DOCS / "tutorial/first-plugin.rst"
"""A page whose type of endpoint is made on it; tests/integration/test_first_plugin.py does so."""

INI = [block for block in blocks("ini") if block.page != MADE_THERE]
CLASSES = {re.split("[]:]", header.lstrip("["))[0]: cls for header, cls in SECTIONS}
SECRET = "an example of a secret, 32 characters long"


def name(block: Block) -> str:
    return block.place


def commands() -> set[str]:
    """Return the names of all commands."""
    return {command.NAME for command in COMMANDS}


def loaded(text: str, directory: Path) -> list[str]:
    """Load a configuration as the service does, but for the place of its runtime_dir; return its endpoints."""
    (directory / "run").mkdir(exist_ok=True)
    file = directory / "ugr.conf"
    file.write_text(re.sub(r"(?m)^runtime_dir = .*$", f"runtime_dir = {directory}/run", text), encoding="utf-8")
    return list(Runtime.load(file).endpoints)


def with_secrets(text: str, directory: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the text with the files of secrets moved into a directory, and the secrets there."""

    def move(match: re.Match[str]) -> str:
        place = directory / match[2].lstrip("/").replace("/", "-")
        place.write_text(SECRET + "\n", encoding="utf-8")
        return f"{match[1]}{place}"

    for variable in re.findall(r"^\w+_environment = (\w+)$", text, re.MULTILINE):
        monkeypatch.setenv(variable, SECRET)
    return re.sub(r"^(\w+_file = )(\S+)$", move, text, flags=re.MULTILINE)


@pytest.mark.parametrize("block", [block for block in INI if block.whole], ids=name)
def test_a_whole_configuration_file_can_be_loaded(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = with_secrets(block.text, tmp_path, monkeypatch)
    (tmp_path / "conf.d").mkdir()

    assert loaded(text, tmp_path) == re.findall(r"(?m)^\[endpoint:([^*\]]+)\]", text)


@pytest.mark.parametrize("block", [block for block in INI if not block.whole], ids=name)
def test_a_part_of_a_configuration_binds(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = Faults()
    document = parse(with_secrets(block.text, tmp_path, monkeypatch), block.place, faults)
    for section in document.sections:
        if section.kind != "endpoint":
            bind(section, CLASSES[section.kind], faults)
    loader.build(document, faults)

    assert faults.lines() == []
    assert document.sections


@pytest.mark.parametrize("block", blocks("python"), ids=name)
def test_python_compiles(block: Block) -> None:
    assert compile(block.text, block.place, "exec").co_names


def test_the_plugin_in_the_readme_is_the_one_that_is_tested() -> None:
    shown = [block.text for block in blocks("python") if block.page == ROOT / "README.rst"]
    code = (ROOT / "plugins/example/ugr_example/endpoint.py").read_text(encoding="utf-8")

    assert [text for text in shown if text not in code] == []
    assert shown


def test_every_command_in_an_example_exists() -> None:
    text = "".join(block.text for block in blocks("console"))
    words = set(re.findall(r"(?m)^[$#] (?:\S*/)?ugr ([a-z][a-z-]*)", text))
    targets = set(re.findall(r"(?m)^[$#] make ([a-z-]+)", text))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert words <= commands()
    assert targets <= set(re.findall(r"(?m)^([a-z-]+):", makefile))
    assert words
    assert targets
