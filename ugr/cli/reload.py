# SPDX-License-Identifier: Apache-2.0
"""``ugr reload``: have the running service of this host take the configuration as it is now."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from ugr.cli.exits import Exit
from ugr.cli.output import show, show_json
from ugr.errors import ConfigError

NAME = "reload"
HELP = "have the running service take the configuration as it is now, without losing a request"

PATIENCE = 30.0
"""Seconds in which every worker must have answered."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing of its own."""


def run(arguments: argparse.Namespace) -> int:
    """Check the configuration, ask the workers, and tell what each made of it.

    A configuration with faults is told here and never reaches the workers. Raises ConfigError.
    """
    from ugr.app import Runtime
    from ugr.config.control import Control
    from ugr.config.directory import runtime_directory

    settings = Runtime.load(arguments.config, serving=False).settings.ugr
    if settings.runtime_dir is None:
        raise ConfigError(
            "[ugr] runtime_dir is not set, so the running service cannot be found; set it, or send SIGHUP to ugr serve"
        )
    runtime_directory(settings)
    control = Control(Path(settings.runtime_dir))
    workers = control.workers()
    if not workers:
        raise ConfigError(f"no service runs with runtime_dir = {settings.runtime_dir}; start it with ugr serve")
    outcomes = control.outcomes(control.ask(), PATIENCE)
    silent = sorted(set(control.workers()) - {outcome.pid for outcome in outcomes})
    if arguments.json:
        show_json({"workers": [asdict(outcome) for outcome in outcomes], "silent": silent})
    else:
        for outcome in outcomes:
            words = "; ".join(outcome.problems) or "reloaded" + "".join(f"; {note}" for note in outcome.notes)
            show(f"worker {outcome.pid}: {words}")
        for pid in silent:
            show(f"worker {pid}: no answer within {PATIENCE:g}s")
    if any(outcome.problems for outcome in outcomes):
        return Exit.CONFIGURATION
    return Exit.UNAVAILABLE if silent else Exit.OK
