# SPDX-License-Identifier: Apache-2.0
"""Clients are commands: how one is run, and what it said.

Knows: processes. Refuses to know: which client it is.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.servers.process import LOGS, environment, require


@dataclass(frozen=True)
class Ran:
    """What a client's command said."""

    status: int
    out: str
    error: str
    argv: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)
    said: str | None = None

    def shown(self, words: Mapping[str, str]) -> str:
        """Return the command line as one would type it, with a word in place of each text of this run alone."""

        def quoted(argument: str) -> str:
            for text, word in words.items():
                argument = argument.replace(text, word)
            return shlex.quote(argument)

        settings = [f"{name}={quoted(value)}" for name, value in self.env.items()]
        typed = [] if self.said is None else ["<<<", quoted(self.said.partition("\n")[0])]
        return " ".join([*settings, *map(quoted, self.argv), *typed])


Run = Callable[..., Ran]


def run(program: str, *words: str | Path, package: str, check: bool = True, said: str | None = None, **env: str) -> Ran:
    """Run a client's command; ``package`` is the Debian package that brings it, ``said`` what is typed into it."""
    path = require(program, package=package)
    done = subprocess.run(
        [path, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(LANG="C.UTF-8", **env),
        **({"stdin": subprocess.DEVNULL} if said is None else {"input": said}),
    )
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / "clients.log").open("a") as log:
        log.write(f"$ {program} {' '.join(map(str, words))}\n{done.stdout}{done.stderr}\n")
    if check and done.returncode:
        pytest.fail(f"{program} {words} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return Ran(done.returncode, done.stdout, done.stderr, (program, *map(str, words)), env, said)
