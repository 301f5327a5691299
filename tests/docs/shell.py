# SPDX-License-Identifier: Apache-2.0
"""The commands of a page, typed by a machine: every line that is shown must appear.

Knows: a shell, and what no two runs have in common (signatures, ids, times), which is not compared.
Refuses to know: what the commands are about.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.blocks import Block, blocks
from tests.servers.process import environment, wait_for
from tests.servers.ugr import Ugr

VOLATILE = (
    (re.compile(r"e=\d+&m=GET(?:&v=[\w.-]+)?&s=[\w-]+"), "[signature]"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "[id]"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT[\d:.]+Z"), "[time]"),
    (re.compile(r"(?<![/\d.])\d+\.\d+(?= ms)"), "[ms]"),
    (re.compile(r"(?<![/\d.])\d+\.\d(?= )(?! [KMGTP]iB)"), "[ms]"),
    (re.compile(r"within \d{3,} ms"), "within [ms]"),
    (re.compile(r"(timed out|down) +\d{3,}(?= )"), r"\1 [ms]"),
    (re.compile(r"\bin \d+\.\d\ds\b"), "in [seconds]"),
    (re.compile(r"\b\d+ (?=passed|skipped|deselected)"), "[some] "),
    (re.compile(r"/kit-\d+-\d+\b"), "[path]"),
    (re.compile(r"Retry-After: \d+"), "Retry-After: [seconds]"),
    (re.compile(r"[ \t]+"), " "),
)


def steady(text: str) -> list[str]:
    """Return the lines of a text that say something, without what changes from run to run."""
    for pattern, words in VOLATILE:
        text = pattern.sub(words, text)
    return [line.strip() for line in text.splitlines() if line.strip()]


def steps(block: Block) -> Iterator[tuple[str, str]]:
    """Yield each command of a block, and what it is shown to print."""
    for part in re.split(r"(?m)^\$ ", block.text)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


@dataclass
class Shell:
    """A shell in a directory. ``here`` are the words of the page that are others on this machine."""

    directory: Path
    here: Mapping[str, str] = field(default_factory=dict)
    programs: Path = Path(sys.executable).parent
    env: Mapping[str, str] = field(default_factory=dict)
    limit: float = 30.0

    def translated(self, text: str) -> str:
        """Return a text of the page with this machine's words."""
        for theirs, ours in self.here.items():
            text = text.replace(theirs, ours)
        return text

    def run(self, command: str) -> str:
        """Run a command; return what it prints, errors included."""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment(PATH=f"{self.programs}:/usr/local/bin:/usr/bin:/bin", **self.env),
            timeout=self.limit,
            check=False,
        )
        return done.stdout.replace("\r", "")

    def types(self, command: str, shown: str, place: str, patience: float = 0.0) -> None:
        """Check that a command of the page prints what is shown; ask again for ``patience`` seconds."""
        wanted = steady(self.translated(shown))
        printed: list[str] = []

        def prints() -> bool:
            printed[:] = steady(self.run(self.translated(command)))
            return set(wanted) <= set(printed)

        assert wait_for(prints, limit=patience, interval=0.2), (
            f"{place}: $ {command}\nprinted\n  {_lines(printed)}\nand not\n  {_lines(set(wanted) - set(printed))}"
        )


class Howto:
    """A page about one type of storage, followed in a directory: its configuration, its commands, its reasons."""

    def __init__(self, page: Path, directory: Path, here: Mapping[str, str]) -> None:
        self.page = page
        self.file = directory / "ugr.conf"
        self.shell = Shell(directory, here, env={"UGR_CONFIG": str(self.file)})
        (text,) = (block.text for block in blocks("ini") if block.page == page and block.whole)
        self.configuration = self.shell.translated(text)
        self.file.write_text(self.configuration, encoding="utf-8")

    @property
    def reasons(self) -> str:
        """All that the page says, on one line."""
        return " ".join(self.shell.translated(self.page.read_text(encoding="utf-8")).split())

    def follow(self, states: Mapping[str, Callable[[], None]], elsewhere: tuple[str, ...] = ()) -> int:
        """Type the page's commands; return how many."""
        return follow(self.page, self.shell, states, elsewhere)

    def reason(self, **changed: object) -> str:
        """Return why the only endpoint is not well, with some options changed: without who said it.

        An option that is None is left out; one that the page does not write is added to the endpoint.
        """
        text = self.configuration
        for option, value in changed.items():
            line = "" if value is None else f"{option} = {value}\n"
            text, count = re.subn(rf"(?m)^{option} =.*\n", lambda _, line=line: line, text)
            text += "" if count else line
        other = self.file.with_name("changed.conf")
        other.write_text(text, encoding="utf-8")
        (endpoint,) = json.loads(self.shell.run(f"ugr endpoints --json -c {other}"))
        return re.sub(r"^the (storage|server) answered ", "", endpoint["reason"] or "")

    @contextmanager
    def served(self) -> Iterator[Ugr]:
        """Serve the page's configuration."""
        with Ugr(self.shell.directory, self.configuration, name=f"ugr-{self.page.stem}") as ugr:
            yield ugr
        self.file.write_text(self.configuration, encoding="utf-8")


def follow(
    page: Path,
    shell: Shell,
    states: Mapping[str, Callable[[], None]],
    elsewhere: tuple[str, ...] = (),
    patience: float = 0.0,
) -> int:
    """Type a page's commands from its first to its last, and return how many.

    What the page says to be so (``.. state: words``) is made so by ``states``. Commands that begin
    with words of ``elsewhere`` are for other programs than those of this machine.
    """
    typed, state = 0, None
    for block in blocks("console"):
        if block.page != page:
            continue
        if block.state != state and block.state is not None:
            states[block.state]()
        state = block.state
        for command, shown in steps(block):
            if not command.startswith(elsewhere):
                shell.types(command, shown, block.place, patience)
                typed += 1
    return typed


def _lines(lines: object) -> str:
    return "\n  ".join(lines)  # type: ignore[call-overload, no-any-return]
