# SPDX-License-Identifier: Apache-2.0
"""``ugr plugins``: what is installed, the options of one endpoint type, and a new plugin to begin with."""

from __future__ import annotations

import argparse
import os
import shlex
from pathlib import Path
from typing import Any

from ugr.cli import scaffold
from ugr.cli.exits import Exit
from ugr.cli.output import columns, show, show_json, table
from ugr.config.bind import options_of
from ugr.config.reference import render_text, summary
from ugr.errors import BadRequest, ConfigError
from ugr.plugin import loader
from ugr.plugin.options import EndpointOptions

NAME = "plugins"
HELP = "show the installed plugins, or the options of one endpoint type; or make a new plugin"

NEW = "new"
"""The word that makes a plugin; no type can have this name."""

_KINDS = {loader.ENDPOINTS: "endpoint", loader.POLICIES: "policy", loader.IDENTITIES: "identity"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the endpoint type, and what a new plugin needs."""
    parser.usage = f"ugr plugins [-h] [--json] [type]\n       ugr plugins {NEW} [--json] [--directory DIR] name"
    parser.add_argument("type", nargs="?", help=f"endpoint type whose options to show; or {NEW}, to make a plugin")
    parser.add_argument("name", nargs="?", help=f"with {NEW}: the type of endpoint that the plugin is for")
    parser.add_argument(
        "--directory",
        metavar="DIR",
        type=Path,
        help=f"with {NEW}: new or empty directory for the plugin (default: ugr-NAME in this one)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Show, or make; a plugin that cannot be loaded is shown with the reason.

    Raises ConfigError for an unknown type, BadRequest for words that do not go together, and what
    ``scaffold.make`` does.
    """
    if arguments.type == NEW:
        return _make(arguments)
    if arguments.name is not None or arguments.directory is not None:
        raise BadRequest(f"a name and --directory are for a new plugin: ugr plugins {NEW} NAME")
    if arguments.type is not None:
        return _show_type(arguments)
    return _show_all(arguments)


def _show_type(arguments: argparse.Namespace) -> int:
    """Show the options of one endpoint type."""
    cls: Any = loader.load(loader.ENDPOINTS, arguments.type)
    options = cls.Options
    if arguments.json:
        show_json([summary(option) for option in options_of(options)])
    else:
        show(f"type = {arguments.type}\n")
        show(render_text([("[endpoint:NAME]", options)], without=EndpointOptions))
        show(render_text([("every [endpoint:NAME]", EndpointOptions)]).rstrip())
    return Exit.OK


def _show_all(arguments: argparse.Namespace) -> int:
    """Show what is installed, and whether it can be used."""
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


def _make(arguments: argparse.Namespace) -> int:
    """Write a new plugin, and say how to go on."""
    if arguments.name is None:
        raise BadRequest(f"say what the new type is called: ugr plugins {NEW} NAME")
    directory, paths = scaffold.make(arguments.name, arguments.directory)
    if arguments.json:
        show_json({"type": arguments.name, "directory": str(directory), "files": paths})
    else:
        show(_guide(arguments.name, directory))
    return Exit.OK


def _guide(name: str, directory: Path) -> str:
    """Say what was made, and what to do with it."""
    own = scaffold.words(name)
    place = os.path.relpath(directory)
    if not place.startswith("."):
        place = f"./{place}"
    made = columns(
        (
            (f"{own['module']}/endpoint.py", "asks the storage, and says what its answers mean"),
            (f"{own['module']}/options.py", "declares what an administrator writes"),
            ("tests/test_conformance.py", "tests every clause of the contract, on a storage that it starts"),
            ("README.rst, LICENSE", "tell others what it is for, and what they may do with it"),
        )
    )
    commands = (
        f"pip install -e {shlex.quote(f'{place}[test]')}",
        f"ugr plugins {name}",
        f"python -m pytest {shlex.quote(place)}",
    )
    return "\n".join(
        (
            f"{own['distribution']} is in {directory}.",
            "It works as it is, over web servers that list their directories as JSON. Make it yours:\n",
            *(f"  {line}" for line in made),
            "\nInstall it, look at it, test it:\n",
            *(f"  {line}" for line in commands),
        )
    )


def _problem(group: str, word: str) -> str | None:
    """Say why a plugin cannot be used, or return None."""
    try:
        loader.load(group, word)
    except ConfigError as error:
        return error.message
    return None
