# SPDX-License-Identifier: Apache-2.0
"""The parts of the reference that are made from the code while the documentation is built.

Knows: where each fact is declared, and how it is laid out on a page. Refuses to know: the facts.
A line ``.. generated: NAME`` of a page is replaced by what ``GENERATORS[NAME]`` returns, as
reStructuredText. Nothing is written to disk, so no page can be older than the code.
"""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from ugr import errors
from ugr.cli import parser
from ugr.cli.exits import CODES, MEANING, exit_of
from ugr.config.reference import SECTIONS, render_rst
from ugr.errors import UgrError
from ugr.frontend.access import FIELDS
from ugr.frontend.exposition import METRICS
from ugr.frontend.outcome import DECISIONS
from ugr.frontend.replies import REFUSALS, reason, status_of
from ugr.plugin import loader
from ugr.plugin import reference as contract
from ugr.plugin.blocking import BlockingEndpoint
from ugr.plugin.options import EndpointOptions
from ugr.plugin.policy import Policy
from ugr.testing.drunk import BEHAVIOURS

ROOT = Path(__file__).resolve().parents[2]

PLACEHOLDER = re.compile(r"^\.\. generated: ([a-z-]+)$", re.MULTILINE)


def error_classes() -> list[type[UgrError]]:
    """Return every class of error in the order of the module that defines them."""
    found = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, UgrError)]
    return [cls for cls in found if cls.__module__ == errors.__name__]


def commands() -> Mapping[str, argparse.ArgumentParser]:
    """Return the parser of each command by its name."""
    for action in parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            return action.choices
    raise LookupError("the command line has no commands")


def endpoint_types() -> dict[str, type]:
    """Return the endpoint class of each installed type."""
    return {plugin.name: loader.load(loader.ENDPOINTS, plugin.name) for plugin in loader.installed(loader.ENDPOINTS)}


def options_of_sections() -> str:
    """Return the options of every section but the endpoints'."""
    return render_rst(SECTIONS)


def options_of_endpoints() -> str:
    """Return the options that every endpoint has."""
    return render_rst([("[endpoint:NAME]", EndpointOptions)])


def options_of_types() -> str:
    """Return the options of each installed type, without those that every endpoint has."""
    pages = []
    for word, cls in endpoint_types().items():
        blocking = issubclass(cls, BlockingEndpoint)
        options: Any = cls.Options  # type: ignore[attr-defined]
        text = render_rst([(f"[endpoint:NAME] type = {word}", options)], without=EndpointOptions)
        pages.append(text + ("\nIt works in threads of its own.\n" if blocking else ""))
    return "\n".join(pages)


def policies() -> str:
    """Return the installed policies and what each says of itself."""
    rows = []
    for plugin in loader.installed(loader.POLICIES):
        cls = loader.load(loader.POLICIES, plugin.name)
        assert issubclass(cls, Policy)
        rows.append((f"``{plugin.name}``", sentence(cls.__doc__), "yes" if cls.spreads else "no"))
    return table(("Policy", "What it does", "Only spreads"), rows, "15 70 15")


def errors_and_statuses() -> str:
    """Return every class of error with its code, status, exit code."""
    rows = []
    for cls in error_classes():
        error = cls("x")
        status, code = status_of(error, ("Bearer",)), int(exit_of(error))
        again = "yes" if cls.retryable else "no"
        name = f"``{cls.__name__}``"
        rows.append((name, f"``{cls.code}``", str(status), str(code), again, sentence(cls.__doc__)))
    return table(("Class", "Code", "Status", "Exit", "Retry", "Meaning"), rows, "16 18 6 6 6 48")


def refusals() -> str:
    """Return the refusals that HTTP alone is the reason for."""
    rows = [(f"``{code}``", f"{status} {reason(status)}") for code, status in REFUSALS.items()]
    return table(("Code", "Status"), rows, "50 50")


def exit_codes() -> str:
    """Return the exit codes of the commands."""
    meant = {code: [cls.__name__ for cls, wanted in CODES.items() if wanted is code] for code in MEANING}
    rows = [
        (str(int(code)), f"{words[0].upper()}{words[1:]}.", ", ".join(f"``{name}``" for name in meant[code]) or "\\-")
        for code, words in MEANING.items()
    ]
    return table(("Code", "Meaning", "Errors"), rows, "8 42 50")


def command_line() -> str:
    """Return every command: usage, what it does, its arguments."""
    pages = []
    for name, command in commands().items():
        lines = [f".. _ugr-{name}:", "", f"ugr {name}", "-" * (len(name) + 4), "", command.description or "", ""]
        own = [action for action in command._actions if action.dest not in ("help", "config", "json", "verbose")]
        for action in own:
            label = ", ".join(action.option_strings) or action.dest
            if action.option_strings and action.nargs != 0:
                label += f" {action.metavar or action.dest.upper()}"
            lines += [f"``{label}``", f"    {sentence_case(action.help or '')}.", ""]
        pages.append("\n".join(lines))
    return "\n".join(pages)


def access_fields() -> str:
    """Return the fields of a line of the access log."""
    return table(("Field", "What it says"), ((f"``{name}``", words) for name, words in FIELDS.items()), "20 80")


def decisions() -> str:
    """Return the words for what became of a request."""
    rows = ((f"``{word}``", f"{sentence_case(words)}.") for word, words in DECISIONS.items())
    return table(("Decision", "What was done"), rows, "20 80")


def metrics() -> str:
    """Return every metric with its kind, labels and meaning."""
    rows = (
        (f"``{name}``", item.kind, ", ".join(f"``{label}``" for label in item.labels) or "\\-", item.help)
        for name, item in METRICS.items()
    )
    return table(("Metric", "Kind", "Labels", "What it says"), rows, "30 10 20 40")


def storages() -> str:
    """Return what each plugin of this checkout says of itself."""
    return "\n".join(page.read_text(encoding="utf-8") for page in sorted(ROOT.glob("plugins/*/README.rst")))


def contract_page() -> str:
    """Return the page of the plugin contract."""
    return contract.render()


def drunk() -> str:
    """Return the ways in which the drunk server misbehaves."""
    rows = ((f"``{name}``", sentence(behaviour.__doc__)) for name, behaviour in sorted(BEHAVIOURS.items()))
    return table(("Behaviour", "What the server does"), rows, "30 70")


GENERATORS: Mapping[str, Callable[[], str]] = {
    "options-of-sections": options_of_sections,
    "options-of-endpoints": options_of_endpoints,
    "options-of-types": options_of_types,
    "policies": policies,
    "errors": errors_and_statuses,
    "refusals": refusals,
    "exit-codes": exit_codes,
    "commands": command_line,
    "contract": contract_page,
    "storages": storages,
    "metrics": metrics,
    "access-fields": access_fields,
    "decisions": decisions,
    "drunk": drunk,
}


def table(header: Iterable[str], rows: Iterable[Iterable[str]], widths: str) -> str:
    """Return a list-table."""
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", ""]
    for row in (header, *rows):
        lines += [f"   {'* -' if number == 0 else '  -'} {cell}" for number, cell in enumerate(row)]
    return "\n".join(lines) + "\n"


def sentence(docstring: str | None) -> str:
    """Return the first paragraph of a docstring on one line."""
    return " ".join(inspect.cleandoc(docstring or "").partition("\n\n")[0].split())


def sentence_case(text: str) -> str:
    """Return the text with a capital at its start, and ``%`` as argparse shows it."""
    text = text.replace("%%", "%").rstrip(".")
    return text[:1].upper() + text[1:]


def expand(text: str) -> str:
    """Return a page with its placeholders replaced."""
    return PLACEHOLDER.sub(lambda match: GENERATORS[match[1]](), text)


def _read(_app: Sphinx, _page: str, source: list[str]) -> None:
    source[0] = expand(source[0])


def _outdated(
    app: Sphinx, env: BuildEnvironment, _added: set[str], _changed: set[str], _removed: set[str]
) -> Iterator[str]:
    """Read the pages with placeholders again on every build: the code may have changed."""
    for page in env.found_docs:
        with open(env.doc2path(page), encoding="utf-8") as stream:
            if PLACEHOLDER.search(stream.read()):
                yield page


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("source-read", _read)
    app.connect("env-get-outdated", _outdated)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
