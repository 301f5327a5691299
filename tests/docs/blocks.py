# SPDX-License-Identifier: Apache-2.0
"""The code blocks of the documentation.

Knows: how a block is written in reStructuredText. Refuses to know: what any language means.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

PAGES = [
    page
    for page in sorted([*ROOT.glob("*.rst"), *DOCS.rglob("*.rst"), *ROOT.glob("plugins/*/README.rst")])
    if DOCS / "_build" not in page.parents
]
"""Every page that people read."""

_BLOCK = re.compile(
    r"^(?P<indent> *)\.\. code-block:: (?P<language>\w+)\n"
    r"(?P<options>(?:(?P=indent) +:\w+:.*\n)*)"
    r"\n"
    r"(?P<body>(?:(?P=indent) {3}.*\n|[ ]*\n)+)",
    re.MULTILINE,
)
_CAPTION = re.compile(r":caption: (.+)")
_STATE = re.compile(r"^\.\. state: (.+)$", re.MULTILINE)
"""A comment of a page: what is so from there on, for the test that types its commands."""


@dataclass(frozen=True)
class Block:
    """One block. ``caption`` is None when it has none, ``state`` when the page has said nothing of it so far."""

    page: Path
    line: int
    language: str
    caption: str | None
    text: str
    state: str | None = None

    @property
    def whole(self) -> bool:
        """Say whether a configuration is a whole file: it has a caption, or both rights and endpoints."""
        return self.caption is not None or ("[acl:/]" in self.text and "[endpoint:" in self.text)

    @property
    def place(self) -> str:
        """Return ``docs/page.rst:line``."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(language: str) -> list[Block]:
    """Return every block of a language, over all pages."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in _BLOCK.finditer(text + "\n"):
            if match["language"] == language:
                caption = _CAPTION.search(match["options"])
                line = text.count("\n", 0, match.start()) + 1
                body = textwrap.dedent(match["body"]).strip("\n") + "\n"
                states = _STATE.findall(text, 0, match.start())
                state = states[-1] if states else None
                found.append(Block(page, line, language, caption and caption[1], body, state))
    return found


def prose() -> str:
    """Return the text of every page."""
    return "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
