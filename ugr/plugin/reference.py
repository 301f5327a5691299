# SPDX-License-Identifier: Apache-2.0
"""The reference page of the plugin contract, made from the code that is the contract.

Knows: docstrings, signatures, clauses; enough reStructuredText. Refuses to know: where the page
is kept.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from ugr.plugin import endpoint, hookspecs
from ugr.plugin.clauses import clauses, methods, without_clauses
from ugr.plugin.endpoint import CONTRACT, OPTIONAL_VERBS, WRITING_VERBS, Endpoint

REQUIRED_VERBS = ("stat", "list", "redirect")


def render() -> str:
    """Return the page as reStructuredText, ending in a newline."""
    return "\n".join(_page()).rstrip() + "\n"


def _page() -> Iterator[str]:
    yield from _heading("The endpoint contract", "=")
    yield from _paragraphs(inspect.getdoc(endpoint))
    yield f"This is contract number {CONTRACT}. A class names the one that it was written for in ``contract``."
    yield ""
    yield from _heading("Hooks", "-")
    yield "A plugin module registers what it offers with hooks, which are called once, at start-up."
    yield ""
    for name, hook in vars(hookspecs).items():
        if inspect.isfunction(hook) and name.startswith("ugr_"):
            yield from _heading(f"``{name}``", "^")
            yield from _signature(hook)
            yield from _paragraphs(inspect.getdoc(hook))
    yield from _heading("For all verbs", "-")
    yield from _paragraphs(without_clauses(Endpoint.__doc__ or ""))
    yield from _promises("")
    yield from _heading("Verbs", "-")
    for name, method in methods().items():
        yield from _verb(name, method)


def _verb(name: str, method: Any) -> Iterator[str]:
    yield f".. _contract-{name.strip('_')}:"
    yield ""
    yield from _heading("Constructor" if name == "__init__" else f"``{name}``", "^")
    yield from _signature(method)
    if name in REQUIRED_VERBS:
        yield "*Required.*"
        yield ""
    elif name in OPTIONAL_VERBS:
        masked = "; taken away by ``writable = no``" if name in WRITING_VERBS else ""
        yield f"*Optional: overriding it grants the capability* ``{name}``{masked}."
        yield ""
    yield from _paragraphs(without_clauses(method.__doc__ or ""))
    yield from _promises(name)


def _promises(verb: str) -> Iterator[str]:
    """Yield a definition list of the clauses of one verb, each with a label to link to."""
    for clause in clauses().values():
        if clause.verb == verb:
            yield f".. _{clause.id.lower()}:"
            yield ""
            yield f"**{clause.id}**"
            yield "   " + re.sub("MUST NOT|MUST|SHOULD", r"**\g<0>**", _literal(clause.text))
            yield ""


def _signature(function: Any) -> Iterator[str]:
    """Yield the signature as a block of Python, one parameter a line when it is long."""
    signature = inspect.signature(function)
    start = "async def" if inspect.iscoroutinefunction(function) else "def"
    words = []
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in words:
            words.append("*")
        words.append(str(parameter).replace("'", ""))  # annotations are text, and shown as if in quotes
    returns = f" -> {signature.return_annotation}" if signature.return_annotation is not signature.empty else ""
    line = f"{start} {function.__name__}({', '.join(words)}){returns}"
    yield ".. code-block:: python"
    yield ""
    if len(line) <= 100:
        yield f"   {line}"
    else:
        yield f"   {start} {function.__name__}("
        for word in words:
            yield f"       {word},"
        yield f"   ){returns}"
    yield ""


def _heading(text: str, underline: str) -> Iterator[str]:
    yield text
    yield underline * len(text)
    yield ""


def _paragraphs(text: str | None) -> Iterator[str]:
    for line in inspect.cleandoc(text or "").splitlines():
        yield _literal(line)
    yield ""


def _literal(line: str) -> str:
    """Keep an asterisk or backquote of prose from being markup; literals in double backquotes stay."""
    parts = re.split(r"(``.+?``)", line)
    return "".join(part if part.startswith("``") else re.sub(r"([*|\\])", r"\\\1", part) for part in parts)
