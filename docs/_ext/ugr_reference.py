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
from collections.abc import Callable, Iterable, Iterator

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from ugr import errors
from ugr.cli import parser
from ugr.config.reference import SECTIONS, render_rst
from ugr.frontend.replies import REFUSALS, STATUS, reason, status_of
from ugr.plugin import reference as contract
from ugr.plugin.loader import installed
from ugr.plugin.options import EndpointOptions

PLACEHOLDER = re.compile(r"^\.\. generated: ([a-z-]+)$", re.MULTILINE)


def subclasses(root: type) -> Iterator[type]:
    """Yield all classes below one, depth first, in order of definition."""
    for cls in root.__subclasses__():
        yield cls
        yield from subclasses(cls)


def table(header: Iterable[str], rows: Iterable[Iterable[str]], widths: str) -> str:
    """Return a list-table."""
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", ""]
    for row in (header, *rows):
        for number, cell in enumerate(row):
            lines.append(f"   {'* -' if number == 0 else '  -'} {cell}")
    return "\n".join(lines) + "\n"


def sentence(docstring: str | None) -> str:
    """Return the first paragraph of a docstring on one line."""
    return " ".join(inspect.cleandoc(docstring or "").partition("\n\n")[0].split())


def sections() -> str:
    """Return the options of every section but the endpoints'."""
    return render_rst(SECTIONS)


def endpoint_options() -> str:
    """Return the options that every endpoint has."""
    return render_rst([("[endpoint:NAME]", EndpointOptions)])
