# SPDX-License-Identifier: Apache-2.0
"""``ugr plugins``: what is installed, and the options of one endpoint type."""

from __future__ import annotations

import argparse
from typing import Any

from ugr.cli.exits import Exit
from ugr.cli.output import show, show_json, table
from ugr.config.bind import options_of
from ugr.config.reference import render_text, summary
from ugr.errors import ConfigError
from ugr.plugin import loader
from ugr.plugin.options import EndpointOptions

NAME = "plugins"
HELP = "show the installed plugins, or the options of one endpoint type"

_KINDS = {loader.ENDPOINTS: "endpoint", loader.POLICIES: "policy", loader.IDENTITIES: "identity"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the endpoint type."""
    parser.add_argument("type", nargs="?", help="endpoint type whose options to show")


def run(arguments: argparse.Namespace) -> int:
    """Show; a plugin that cannot be loaded is shown with the reason. Raises ConfigError for an unknown type."""
    if arguments.type is not None:
        cls: Any = loader.load(loader.ENDPOINTS, arguments.type)
        options = cls.Options
        if arguments.json:
            show_json([summary(option) for option in options_of(options)])
        else:
            show(f"type = {arguments.type}\n")
            show(render_text([("[endpoint:NAME]", options)], without=EndpointOptions))
            show(render_text([("every [endpoint:NAME]", EndpointOptions)]).rstrip())
        return Exit.OK
    found = [
        {
            "kind": kind,
            "name": plugin.name,
            "distribution": plugin.distribution,
            "version": plugin.version,
            "problem": _problem(group, plugin.name),
        }
        for group, kind in _KINDS.items()
        for plugin in loader.installed(group)
    ]
    if arguments.json:
        show_json(found)
    else:
        rows = [
            [*(str(row[name] or "") for name in row if name != "problem"), row["problem"] or "ready"] for row in found
        ]
        show(table(("kind", "name", "distribution", "version", "state"), rows))
    return Exit.CONFIGURATION if any(row["problem"] for row in found) else Exit.OK


def _problem(group: str, word: str) -> str | None:
    """Say why a plugin cannot be used, or return None."""
    try:
        loader.load(group, word)
    except ConfigError as error:
        return error.message
    return None
