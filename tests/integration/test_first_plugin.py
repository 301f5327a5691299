# SPDX-License-Identifier: Apache-2.0
"""The tutorial of a first plugin, typed by a machine.

Its environment has ugr from a wheel, and nothing of this checkout. Code that the tutorial shows is
put where its caption says: a function in the place of the one with its name, imports above the
others.
"""

import ast
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.docs.blocks import DOCS, Block, blocks
from tests.docs.shell import Shell, steps
from tests.installed import LIMIT, Environment
from tests.servers.process import HOST, Daemon, environment, free_ports, listening

PAGE = DOCS / "tutorial/first-plugin.rst"
SETTING_UP = ("python3 -m venv ", ". ", "pip install .", "cd ", "export ")
"""What is done already when the shell begins."""

pytestmark = pytest.mark.timeout(LIMIT)


@dataclass
class Machine:
    """The reader's machine: a shell, and the servers that run in other terminals."""

    shell: Shell
    ports: dict[str, int]
    terminals: ExitStack
    serving: dict[str, Daemon] = field(default_factory=dict)

    def serve(self, command: str) -> None:
        """Run a command that does not end, in a terminal of its own; the one that ran before there ends."""
        program, *words = self.shell.translated(command).split()
        if program in self.serving:
            self.serving[program].stop()
        port = self.ports[program]
        daemon = Daemon(
            f"first-plugin-{program}",
            [self.shell.programs / program, *words],
            ready=lambda: listening(port),
            cwd=self.shell.directory,
            env=environment(**self.shell.env),
            stop_limit=10.0,
        )
        self.serving[program] = self.terminals.enter_context(daemon)

    def type(self, block: Block) -> int:
        """Type the commands of a block; return how many printed what is shown."""
        typed = 0
        for command, shown in steps(block):
            if command.startswith(("ugr serve", "python3 -m http.server")):
                self.serve(command)
            elif not command.startswith(SETTING_UP) or command.startswith("pip install -e"):
                self.shell.types(command, shown, block.place)
                typed += 1
        return typed

    def write(self, block: Block) -> None:
        """Put a block where its caption says: a whole file, or code into a file that is there."""
        file = self.shell.directory / self.shell.translated(block.caption or "")
        text = self.shell.translated(block.text)
        if block.language == "ini":
            file.write_text(text + f"[ugr]\nlisten = {HOST}:{self.ports['ugr']}\nworkers = 1\n", encoding="utf-8")
        else:
            file.write_text(changed(file.read_text(encoding="utf-8"), text), encoding="utf-8")


def changed(code: str, new: str) -> str:
    """Return code with a function replaced by the one of that name in ``new``, or with the imports of ``new``."""
    lines = code.splitlines()
    tree = ast.parse(code)
    for node in ast.parse(new).body:
        if isinstance(node, ast.FunctionDef):
            (old,) = (found for found in ast.walk(tree) if isinstance(found, type(node)) and found.name == node.name)
            lines[old.lineno - 1 : old.end_lineno] = textwrap.indent(new.rstrip(), " " * old.col_offset).splitlines()
            break
        above = next(line for line in lines if line.startswith(("import ", "from ")) and "__future__" not in line)
        lines.insert(lines.index(above), ast.unparse(node))
    return "\n".join(lines) + "\n"


@pytest.fixture
def machine(ugr_wheel: Path, tmp_path: Path) -> Iterator[Machine]:
    """Install ugr as the tutorial begins."""
    installed = Environment(tmp_path)
    # the build tool too: pip would fetch it anew for each build otherwise
    installed.install(ugr_wheel, "pip", "setuptools>=70.1")
    web, ugr = free_ports(2)
    here = {"/tmp/plugin": str(tmp_path), "9000": str(web), ":8080": f":{ugr}"}
    env = {"UGR_CONFIG": f"{tmp_path}/ugr.conf", "PIP_NO_BUILD_ISOLATION": "0"}
    shell = Shell(tmp_path, here, programs=installed.bin, env=env, limit=120.0)
    with ExitStack() as terminals:
        yield Machine(shell, {"python3": web, "ugr": ugr}, terminals)


def test_the_commands_of_the_tutorial_print_what_it_shows(machine: Machine) -> None:
    found = [block for language in ("console", "ini", "python") for block in blocks(language) if block.page == PAGE]
    typed = 0
    for block in sorted(found, key=lambda block: block.line):
        if block.language == "console":
            typed += machine.type(block)
        else:
            machine.write(block)
    assert typed > 12
