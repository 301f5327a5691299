# SPDX-License-Identifier: Apache-2.0
"""The reference of options, written from their declarations; same input, same text.

Knows: how a declaration reads to people. Refuses to know: which sections and types there are,
beyond the list of ugr's own.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterable
from typing import Any

from ugr.config.bind import Option, options_of
from ugr.config.settings import (
    AclSettings,
    CacheSettings,
    HealthSettings,
    NetworkSettings,
    SelectionSettings,
    UgrSettings,
)
from ugr.config.types import Address, Addresses, Duration, LogPlace, Networks, Path, Secret, Size, Url, Words, written
from ugr.model import Position

SECTIONS: tuple[tuple[str, type], ...] = (
    ("[ugr]", UgrSettings),
    ("[cache]", CacheSettings),
    ("[selection]", SelectionSettings),
    ("[health]", HealthSettings),
    ("[network:NAME]", NetworkSettings),
    ("[acl:/prefix]", AclSettings),
)
"""Header and dataclass of each section but the endpoints'."""

TYPE_WORDS: dict[Any, str] = {
    str: "text",
    bool: "yes or no",
    int: "whole number",
    float: "number",
    Duration: "duration",
    Size: "size",
    Url: "URL",
    Address: "address",
    Addresses: "addresses",
    Path: "absolute path",
    LogPlace: "stdout, off or absolute path",
    Words: "words",
    Networks: "networks",
    Position: "latitude, longitude",
    Secret: "secret",
}
"""The types of ``ugr.config.types`` as an administrator knows them."""


_MARKUP = re.compile(r"[*`|\\]|_\b")
"""What reStructuredText would take for markup in the plain text of a help."""


def render_rst(sections: Iterable[tuple[str, type]], *, without: type | None = None) -> str:
    """Return reStructuredText (Sphinx) with one ``confval`` per option.

    ``sections`` are pairs of a header, as it is written in the file, and the dataclass that
    declares its options. Options that ``without`` declares in the same way are left out: those that
    every endpoint has, in the reference of one type. An option is referred to as
    ``:confval:`[ugr] deadline```.
    """
    return "\n".join(_section_rst(header, cls, _options(cls, without)) for header, cls in sections)


def _options(cls: type, without: type | None) -> list[Option]:
    """Return the options of a class, but those that another declares in the same way."""
    left_out = () if without is None else options_of(without)
    return [option for option in options_of(cls) if option not in left_out]


def _section_rst(header: str, cls: type, options: list[Option]) -> str:
    """Render one section: a title, what it is, its options."""
    lines = [f"``{header}``", "~" * (len(header) + 4), "", _introduction(header, cls), ""]
    for option in options:
        declaration = option.declaration
        lines += [
            f".. confval:: {header} {option.name}",
            f"   :type: {_type(option)}",
            f"   :default: {_default_rst(option)}",
            "",
            textwrap.indent(textwrap.fill(_MARKUP.sub(r"\\\g<0>", declaration.help), 96), "   "),
            "",
        ]
        if option.secret:
            lines += [f"   Written as ``{option.names[0]}`` or ``{option.names[1]}``.", ""]
        if declaration.choices is not None:
            lines += ["   One of " + ", ".join(f"``{choice}``" for choice in declaration.choices) + ".", ""]
        if _bounds(option):
            lines += [f"   {_bounds(option)}.", ""]
        if declaration.example is not None:
            lines += [f"   Example: ``{option.names[0]} = {declaration.example}``", ""]
    return "\n".join(lines)


def render_text(sections: Iterable[tuple[str, type]], *, without: type | None = None) -> str:
    """Return the same for a terminal of 80 columns."""
    return "\n".join(_section_text(header, cls, _options(cls, without)) for header, cls in sections)


def _section_text(header: str, cls: type, options: list[Option]) -> str:
    """Render one section."""
    lines = [
        header,
        *textwrap.wrap(_introduction(header, cls).replace("``", ""), 78, initial_indent="  ", subsequent_indent="  "),
        "",
    ]
    for option in options:
        declaration = option.declaration
        default = _default(option)
        facts = [_type(option), "required" if default is None else f"default: {default}"]
        if declaration.choices is not None:
            facts.append("one of " + ", ".join(declaration.choices))
        if _bounds(option):
            facts.append(_bounds(option).lower())
        lines.append(f"  {' or '.join(option.names)}")
        lines += _wrapped(f"({'; '.join(facts)})")
        lines += _wrapped(declaration.help)
        if declaration.example is not None:
            lines.append(f"      example: {option.names[0]} = {declaration.example}")
        lines.append("")
    return "\n".join(lines)


def summary(option: Option) -> dict[str, object]:
    """Return what there is to say about one option, as values of JSON."""
    return {
        "names": list(option.names),
        "type": _type(option),
        "required": option.required,
        "default": None if option.required or option.default is None else written(option.default, option.kind),
        "help": option.declaration.help,
        "example": option.declaration.example,
        "choices": option.declaration.choices,
    }


def _wrapped(text: str) -> list[str]:
    """Fill below the name of an option."""
    return textwrap.wrap(text, 78, initial_indent="      ", subsequent_indent="      ", break_long_words=False)


def _introduction(header: str, cls: type) -> str:
    """Return what the dataclass says of itself: the first paragraph of its docstring, one line.

    ``[header]: `` at its start is left out, as the title says that already.
    """
    paragraph = " ".join(inspect.cleandoc(cls.__doc__ or "").partition("\n\n")[0].split())
    text = paragraph.removeprefix(f"``{header}``: ")
    return text[:1].upper() + text[1:]


def _type(option: Option) -> str:
    """Return the type in words."""
    return "word" if option.kind is str and option.declaration.choices else TYPE_WORDS[option.kind]


def _default(option: Option) -> str | None:
    """Return the default as it would be written, None when the option is required."""
    if option.required:
        return None
    if option.default is None:
        return "not set"
    return written(option.default, option.kind) or "empty"


def _default_rst(option: Option) -> str:
    """Return the default with markup."""
    default = _default(option)
    if default is None:
        return "must be written"
    return default if default in ("not set", "empty") else f"``{default}``"


def _bounds(option: Option) -> str:
    """Return the bounds in words, or nothing."""
    least, most = option.declaration.minimum, option.declaration.maximum
    words = [
        f"{word} {written(bound, option.kind)}"
        for word, bound in (("At least", least), ("At most", most))
        if bound is not None
    ]
    return ", ".join(words).replace(", At", ", at")
