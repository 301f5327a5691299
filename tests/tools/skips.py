# SPDX-License-Identifier: Apache-2.0
"""Judge the skips of one pytest run: each must be on a short list, with a reason.

Knows: JUnit XML as pytest writes it, and the list's format: one rule a line, a pattern of test
names (``*`` and ``?`` allowed), then ``#`` and why that test may be skipped. Refuses to know:
which tests there are.

``skips.py REPORT LIST`` fails on a skip that no rule allows, on a rule without a reason, and on a
run of no test. (Result files are this project's own: they need no hardened XML reader.)
"""

from __future__ import annotations

import sys
from fnmatch import fnmatchcase
from pathlib import Path
from xml.etree import ElementTree


def rules(text: str) -> list[str]:
    """Return the patterns of a list; raise ValueError for one without a reason."""
    patterns = []
    for number, line in enumerate(text.splitlines(), 1):
        pattern, _, reason = line.partition("#")
        if not pattern.strip():
            continue
        if not reason.strip():
            raise ValueError(f"line {number}: {pattern.strip()} has no reason; write it after #")
        patterns.append(pattern.strip())
    return patterns


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
        patterns = rules(Path(allowed).read_text(encoding="utf-8"))
        ran, skips = skipped(Path(report))
    except (OSError, ValueError, ElementTree.ParseError) as error:
        print(f"skips: {error}", file=sys.stderr)
        return 1
    if ran == len(skips):
        print(f"skips: no test ran ({len(skips)} skipped)", file=sys.stderr)
        return 1
    surprises = [(name, why) for name, why in skips if not any(fnmatchcase(name, pattern) for pattern in patterns)]
    for name, why in surprises:
        print(f"skips: {name} was skipped ({why}); give a reason in {allowed}, or make it run", file=sys.stderr)
    return 1 if surprises else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: skips.py REPORT LIST")
    sys.exit(main(sys.argv[1], sys.argv[2]))
