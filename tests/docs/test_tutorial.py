# SPDX-License-Identifier: Apache-2.0
"""The tutorial of a first federation, typed by a machine.

Only the directory and the port are others, and probes are quicker, so that nobody waits.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.blocks import DOCS, blocks
from tests.docs.shell import Shell, steps
from tests.servers.process import HOST, Daemon, environment, free_port, listening

PAGE = DOCS / "tutorial/first-federation.rst"
ELSEWHERE = re.compile(r"(make|\.|export|ugr serve)\b")
"""Commands that prepare the shell, or never end."""

PATIENCE = 10.0
"""Seconds that probes may take to notice what a command shows."""


def configuration(directory: Path, port: int, more: str = "") -> Path:
    """Write the tutorial's configuration, with more lines in ``[ugr]``; return its file."""
    (text,) = (block.text for block in blocks("ini") if block.page == PAGE and block.whole)
    file = directory / "ugr.conf"
    file.write_text(
        text.replace("/tmp/first", str(directory))
        + f"[ugr]\nlisten = {HOST}:{port}\nworkers = 1\n{more}"
        + "[health]\ninterval = 200ms\nretry_interval = 100ms\n",
        encoding="utf-8",
    )
    return file


@dataclass(frozen=True)
class Machine:
    """The tutorial's federation, served, and a shell beside it."""

    shell: Shell
    port: int
    ugr: Daemon


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """Serve the tutorial's federation."""
    port = free_port()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    here = {"/tmp/first": str(tmp_path), ":8080": f":{port}"}
    shell = Shell(tmp_path, here, env={"UGR_CONFIG": f"{tmp_path}/ugr.conf"})
    command = [sys.executable, "-m", "ugr", "serve", "-c", configuration(tmp_path, port)]
    with Daemon("ugr-tutorial", command, ready=lambda: listening(port), stop_limit=10.0, env=environment()) as ugr:
        yield Machine(shell, port, ugr)


def test_the_commands_of_the_tutorial_print_what_it_shows(machine: Machine) -> None:
    typed = 0
    for block in sorted(blocks("console") + blocks("ini"), key=lambda block: block.line):
        if block.page != PAGE or block.whole:
            continue
        if block.language == "ini":
            machine.ugr.stop()
            configuration(machine.shell.directory, machine.port, block.text.replace("[ugr]\n", ""))
            machine.ugr.start()
            continue
        for command, shown in steps(block):
            if not ELSEWHERE.match(command):
                machine.shell.types(command, shown, block.place, PATIENCE)
                typed += 1
    assert typed > 10
