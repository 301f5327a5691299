# SPDX-License-Identifier: Apache-2.0
"""``ugr serve``: serve the federation until told to stop."""

from __future__ import annotations

import argparse
from pathlib import Path

NAME = "serve"
HELP = "serve the federation until told to stop"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: everything is in the configuration."""


def run(arguments: argparse.Namespace) -> int:
    """Serve in the foreground, logging to standard error; return the server's exit code."""
    from ugr.server import serve

    return serve(Path(arguments.config))
