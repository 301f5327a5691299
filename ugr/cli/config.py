# SPDX-License-Identifier: Apache-2.0
"""``ugr config``: the settings that are in effect, in the syntax of the configuration itself.

What is at its default is a comment. Secrets are shown as the place that they come from.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from ugr.cli.exits import Exit
from ugr.cli.output import show, show_json
from ugr.config.bind import shown

NAME = "config"
HELP = "show the settings in effect, secrets hidden"

INCLUDED = ("ugr", "include")
"""What it names is shown here as well, so that it is not to be read again."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing of its own."""


def run(arguments: argparse.Namespace) -> int:
    """Show every section. Raises ConfigError."""
    from ugr.app import Runtime

    runtime = Runtime.load(arguments.config, serving=False)
    settings = runtime.settings
    sections: list[tuple[str, object, dict[str, str]]] = [
        ("ugr", settings.ugr, {}),
        ("cache", settings.cache, {}),
        ("selection", settings.selection, {}),
        ("health", settings.health, {}),
        *((f"network:{name}", network, {}) for name, network in settings.networks.items()),
        *((f"acl:{prefix}", acl, {}) for prefix, acl in settings.acls.items()),
        *(
            (f"endpoint:{name}", endpoint.options, {"type": endpoint.type})
            for name, endpoint in runtime.endpoints.items()
        ),
    ]
    if arguments.json:
        show_json(
            {
                header: extra | {name: text for name, (text, _) in shown(instance).items()}
                for header, instance, extra in sections
            }
        )
    else:
        show(render(sections, settings.origins))
    return Exit.OK


def render(sections: Iterable[tuple[str, object, dict[str, str]]], origins: dict[str, str]) -> str:
    """Return the sections as INI; each names the place it was read from. Reading it gives the same settings."""
    blocks = []
    for header, instance, extra in sections:
        lines = [f"# {origins.get(header, 'not written; all defaults')}", f"[{header}]"]
        lines += [assignment(name, text) for name, text in extra.items()]
        for name, (text, changed) in shown(instance).items():
            written = changed and (header, name) != INCLUDED
            lines.append(assignment(name, text) if written else "# " + assignment(name, text).replace("\n", "\n# "))
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def assignment(name: str, text: str) -> str:
    """Return ``name = text`` as the reader of configurations would take it."""
    if "\n" in text:
        text = text.replace("\n", "\n    ")
    elif text != text.strip() or text.startswith('"') or any(mark in f" {text}" for mark in (" #", " ;")):
        text = f'"{text}"'
    return f"{name} = {text}".rstrip()
