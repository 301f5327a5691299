# SPDX-License-Identifier: Apache-2.0
"""``ugr check-config``: say everything that is wrong with the configuration, or that nothing is."""

from __future__ import annotations

import argparse

from ugr.cli.exits import Exit
from ugr.cli.output import show, show_json

NAME = "check-config"
HELP = "say what is wrong with the configuration, all of it at once"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing of its own."""


def run(arguments: argparse.Namespace) -> int:
    """Read the configuration and build all of it; ask nobody. Raises ConfigError with every fault."""
    from ugr.app import Runtime

    runtime = Runtime.load(arguments.config)
    counts = {
        "endpoints": len(runtime.endpoints),
        "networks": len(runtime.settings.networks),
        "access lists": len(runtime.settings.acls),
    }
    if arguments.json:
        show_json({"faults": [], "files": runtime.document.files} | counts)
    else:
        found = ", ".join(f"{count} {words if count != 1 else words[:-1]}" for words, count in counts.items())
        show(f"{arguments.config}: no faults; {found}")
    return Exit.OK
