# SPDX-License-Identifier: Apache-2.0
"""``ugr check-config``: say everything that is wrong with the configuration, or that nothing is."""

from __future__ import annotations

import argparse

from ugr.cli.exits import Exit, exit_of
from ugr.cli.output import show, show_json, warn
from ugr.errors import ConfigError

NAME = "check-config"
HELP = "say what is wrong with the configuration, all of it at once"

_WORDS = (("endpoint", "endpoints"), ("network", "networks"), ("access list", "access lists"))


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing of its own."""


def run(arguments: argparse.Namespace) -> int:
    """Read the configuration and build all of it; ask nobody. Raises ConfigError with every fault.

    What it names on this host and is not there is no fault, but said.
    """
    from ugr.app import Runtime

    try:
        runtime = Runtime.load(arguments.config, serving=False)
    except ConfigError as error:
        if not arguments.json:
            raise
        show_json({"faults": error.message.splitlines()})
        return exit_of(error)
    lacks = runtime.lacks()
    counts = {
        "endpoints": len(runtime.endpoints),
        "networks": len(runtime.settings.networks),
        "acls": len(runtime.settings.acls),
    }
    if arguments.json:
        show_json({"faults": [], "warnings": lacks, "files": runtime.document.files} | counts)
    else:
        for line in lacks:
            warn(f"warning: {line}")
        found = ", ".join(
            f"{count} {one if count == 1 else many}" for (one, many), count in zip(_WORDS, counts.values(), strict=True)
        )
        show(f"{arguments.config}: no faults; {found}")
    return Exit.OK
