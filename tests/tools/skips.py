# SPDX-License-Identifier: Apache-2.0
"""Judge the skips of one pytest run: each must be on a short list, with a reason.

Knows: JUnit XML as pytest writes it, and the list's format: one rule a line, a pattern of test
names (``*`` and ``?`` allowed), ``--`` and the message of the skip (a regular expression), then
``#`` and why that may be. Refuses to know: which tests there are.

``skips.py REPORT LIST`` fails on a skip that no rule allows, on a rule without a reason, and on a
run of no test. (Result files are this project's own: they need no hardened XML reader.)
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from xml.etree import ElementTree


@dataclass(frozen=True)
class Rule:
    """Which tests may be skipped with which message."""

    name: str
    message: re.Pattern[str]

    def allows(self, name: str, message: str) -> bool:
        """Say whether this skip is meant."""
        return fnmatchcase(name, self.name) and self.message.fullmatch(message) is not None


def rules(text: str) -> list[Rule]:
    """Return the rules of a list; raise ValueError for one that is not whole."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        rule, _, reason = (part.strip() for part in line.partition("#"))
        if not rule:
            continue
        name, separator, message = (part.strip() for part in rule.partition(" -- "))
        if not (separator and name and message):
            raise ValueError(f"line {number}: write NAMES -- MESSAGE  # REASON")
        if not reason:
            raise ValueError(f"line {number}: {rule} has no reason; write it after #")
        found.append(Rule(name, re.compile(message)))
    return found


def skipped(report: Path) -> tuple[int, list[tuple[str, str]]]:
    """Return how many tests the report has, and name and reason of each that was skipped."""
    cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    skips = []
    for case in cases:
        skip = case.find("skipped")
        if skip is not None:
            skips.append((f"{case.get('classname')}::{case.get('name')}", skip.get("message", "")))
    return len(cases), skips


def main(report: str, allowed: str) -> int:
    """Print what is wrong; return an exit status."""
    try:
        known = rules(Path(allowed).read_text(encoding="utf-8"))
        ran, skips = skipped(Path(report))
    except (OSError, ValueError, re.error, ElementTree.ParseError) as error:
        print(f"skips: {error}", file=sys.stderr)
        return 1
    if ran == len(skips):
        print(f"skips: no test ran ({len(skips)} skipped)", file=sys.stderr)
        return 1
    surprises = [(name, why) for name, why in skips if not any(rule.allows(name, why) for rule in known)]
    for name, why in surprises:
        print(f"skips: {name} was skipped ({why}); give a reason in {allowed}, or make it run", file=sys.stderr)
    return 1 if surprises else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: skips.py REPORT LIST")
    sys.exit(main(sys.argv[1], sys.argv[2]))
