# SPDX-License-Identifier: Apache-2.0
"""The tutorial, typed by a machine: every command is run, and every line that is shown must appear.

Only what no two runs have in common is not compared: signatures, request ids, times. Only the
directory and the port are others, and probes are quicker, so that nobody waits.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.blocks import DOCS, Block, blocks
from tests.servers.process import HOST, Daemon, environment, free_port, listening, wait_for

PAGE = DOCS / "tutorial/first-federation.rst"
ELSEWHERE = re.compile(r"(make|\.|export|ugr serve)\b")
"""Commands that prepare the shell, or never end."""

VOLATILE = (
    (re.compile(r"e=\d+&m=GET&s=[\w-]+"), "[signature]"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "[id]"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT[\d:]+Z"), "[time]"),
    (re.compile(r"(?<![/\d.])\d+\.\d(?= )"), "[ms]"),
    (re.compile(r"Retry-After: \d+"), "Retry-After: [seconds]"),
    (re.compile(r"[ \t]+"), " "),
)


def steady(text: str) -> list[str]:
    """Return the lines of a text that say something, without what changes from run to run."""
    for pattern, words in VOLATILE:
        text = pattern.sub(words, text)
    return [line.strip() for line in text.splitlines() if line.strip()]


def steps(block: Block) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of a block and the lines that it is shown to print."""
    for part in re.split(r"(?m)^\$ ", block.text)[1:]:
        command, _, output = part.partition("\n")
        yield command, steady(output)


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
    """The tutorial's federation, served."""

    directory: Path
    port: int
    ugr: Daemon

    def here(self, text: str) -> str:
        """Return a text of the tutorial with this machine's directory and port."""
        return text.replace("/tmp/first", str(self.directory)).replace(":8080", f":{self.port}")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """Serve the tutorial's federation."""
    port = free_port()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    command = [sys.executable, "-m", "ugr", "serve", "-c", configuration(tmp_path, port)]
    with Daemon("ugr-tutorial", command, ready=lambda: listening(port), stop_limit=10.0, env=environment()) as ugr:
        yield Machine(tmp_path, port, ugr)


def run(command: str, directory: Path) -> list[str]:
    """Run a command of the tutorial's shell; return what it prints."""
    path = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    shell = ["bash", "-c", command]
    env = environment(PATH=path, UGR_CONFIG=f"{directory}/ugr.conf")
    done = subprocess.run(shell, capture_output=True, text=True, env=env, timeout=30, check=False)
    return steady(done.stdout.replace("\r", ""))


def test_the_commands_of_the_tutorial_print_what_it_shows(machine: Machine) -> None:
    typed = 0
    for block in sorted(blocks("console") + blocks("ini"), key=lambda block: block.line):
        if block.page != PAGE or block.whole:
            continue
        if block.language == "ini":
            machine.ugr.stop()
            configuration(machine.directory, machine.port, block.text.replace("[ugr]\n", ""))
            machine.ugr.start()
            continue
        for command, shown in steps(block):
            if not ELSEWHERE.match(command):
                prints(machine.here(command), [machine.here(line) for line in shown], machine.directory, block.place)
                typed += 1
    assert typed > 10


def prints(command: str, wanted: list[str], directory: Path, place: str) -> None:
    """Check that a command prints these lines; once more, for a while, because probes take their time."""
    assert wait_for(lambda: set(wanted) <= set(run(command, directory)), limit=10.0, interval=0.2), (
        f"{place}: $ {command}\nprinted {run(command, directory)}\ninstead of {wanted}"
    )
