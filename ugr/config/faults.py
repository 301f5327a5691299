# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a configuration: all of it, in order, before anything is given up.

Knows: places (file and line) and messages. Refuses to know: what is being configured.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from ugr.errors import ConfigError

_LONGEST_WORD = 64


def printable(text: str) -> str:
    """Return the text with every character that could disturb a terminal or a log line escaped."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean X?`` for the known word closest to ``word``, or nothing."""
    if len(word) > _LONGEST_WORD:
        return ""
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return f"; did you mean {by_lower[near[0]]}?" if near else ""


class Faults:
    """Collects faults; one ConfigError tells them all, a line each, sorted by file and line."""

    def __init__(self) -> None:
        self._found: set[tuple[str, int, str]] = set()

    def __bool__(self) -> bool:
        """Say whether anything is wrong."""
        return bool(self._found)

    def __len__(self) -> int:
        """Count the faults."""
        return len(self._found)

    def add(self, file: str, line: int, message: str) -> None:
        """Note a fault. ``line`` counts from 1; 0 blames the file as a whole."""
        self._found.add((printable(file), line, printable(message)))

    def lines(self) -> list[str]:
        """Return ``file:line: message`` for each fault, sorted by file and line."""
        return [
            f"{file}:{line}: {message}" if line else f"{file}: {message}" for file, line, message in sorted(self._found)
        ]

    def raise_if_any(self) -> None:
        """Raise ConfigError with one line per fault; return when there is none."""
        if self._found:
            raise ConfigError("\n".join(self.lines()))
