# SPDX-License-Identifier: Apache-2.0
"""All commands, the parser of the command line, and what happens around a command.

Knows: which modules are commands, options that all of them have. Refuses to know: what a command
does.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from types import ModuleType

from ugr import __version__
from ugr.cli import check, config, demo, endpoints, forget, locate, ls, plugins, reload, serve, stat
from ugr.cli.exits import MEANING, Exit, exit_of
from ugr.cli.output import show_error
from ugr.errors import UgrError
from ugr.log import configure

COMMANDS: tuple[ModuleType, ...] = (serve, reload, demo, check, config, endpoints, plugins, ls, stat, locate, forget)
"""The commands in the order of ``ugr --help``."""

DEFAULT_CONFIG = "/etc/ugr/ugr.conf"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    everywhere = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    everywhere.add_argument(
        "-c", "--config", metavar="FILE", help=f"the configuration (default: $UGR_CONFIG, or {DEFAULT_CONFIG})"
    )
    everywhere.add_argument("--json", action="store_true", help="answer in JSON")
    everywhere.add_argument("-v", "--verbose", action="store_true", help="say on standard error what happens")
    top = argparse.ArgumentParser(
        prog="ugr",
        description="A federation of storage endpoints: one namespace, and each client is sent to the closest copy.",
        epilog="exit codes:\n" + "\n".join(f"  {code:<4} {words}" for code, words in MEANING.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[everywhere],
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"ugr {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        sub = commands.add_parser(
            command.NAME,
            help=command.HELP,
            description=f"{command.HELP[0].upper()}{command.HELP[1:]}.",
            parents=[everywhere],
            allow_abbrev=False,
        )
        command.arguments(sub)
        sub.set_defaults(run=command.run)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code (``ugr.cli.exits``)."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        arguments = parser().parse_args(argv)
    except SystemExit as leaving:
        return int(leaving.code or 0)
    arguments.json = getattr(arguments, "json", False)
    arguments.verbose = getattr(arguments, "verbose", False)
    arguments.config = getattr(arguments, "config", None) or os.environ.get("UGR_CONFIG") or DEFAULT_CONFIG
    configure("debug" if arguments.verbose else "error")
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except UgrError as error:
        show_error(error, arguments.json)
        return exit_of(error)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has seen enough; Python would complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    return code
