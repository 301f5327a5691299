# SPDX-License-Identifier: Apache-2.0
"""``ugr stat``: describe one name of the namespace, and say which endpoints hold it."""

from __future__ import annotations

import argparse

from ugr.cli.asking import GRACE, call_of, lfn, started
from ugr.cli.exits import Exit
from ugr.cli.output import columns, facts, milliseconds, show, show_json, size, warn, when
from ugr.federation.answers import Located

NAME = "stat"
HELP = "describe one name, and say which endpoints hold it"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the path."""
    parser.add_argument("path", help="path in the namespace")


def run(arguments: argparse.Namespace) -> int:
    """Describe; the exit code says whether all endpoints have answered. Raises NotFound, Unavailable."""
    with started(arguments) as runtime:
        seconds = runtime.settings.ugr.deadline
        located = runtime.loop.run(runtime.operator.stat(lfn(arguments.path), call_of(seconds)), seconds + GRACE)
    if arguments.json:
        show_json(located)
    else:
        show(render(located))
    lacks = [f"endpoint {name} was not asked, it is down" for name in located.unasked]
    lacks += [f"endpoint {name} was silent{_why(located, name)}" for name in located.silent]
    for line in lacks:
        warn(f"not complete: {line}")
    return Exit.UNAVAILABLE if lacks else Exit.OK


def _why(located: Located, endpoint: str) -> str:
    """Say why an endpoint was silent, as far as that is known."""
    reasons = (answer.reason for answer in located.answers if answer.endpoint == endpoint)
    return "".join(f": {reason}" for reason in reasons if reason)


def render(located: Located) -> str:
    """Return the facts, a line each."""
    info = located.info
    checksums = [(algorithm, value) for algorithm, value in sorted(info.checksums.items())]
    answers = [
        (
            answer.endpoint,
            f"{milliseconds(answer.milliseconds)} ms, {answer.result.value}{_why(located, answer.endpoint)}",
        )
        for answer in located.answers
    ]
    return facts(
        (
            ("path", located.path),
            ("kind", "directory" if info.directory else "file"),
            ("size", _size(info.size)),
            ("changed", "" if info.mtime is None else when(info.mtime)),
            ("etag", located.etag or ""),
            ("checksum", columns(checksums)),
            ("on", columns((target.endpoint, target.path) for target in located.holders)),
            ("not used", columns((item.endpoint, item.reason) for item in located.excluded)),
            ("not asked", ", ".join(located.unasked)),
            ("silent", ", ".join(located.silent)),
            ("took", columns(answers)),
        )
    )


def _size(value: int | None) -> str:
    """Write a size both for people and exactly."""
    if value is None:
        return ""
    return size(value) if value < 1024 else f"{size(value)} ({value} bytes)"
