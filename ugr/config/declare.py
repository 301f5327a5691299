# SPDX-License-Identifier: Apache-2.0
"""How an option is declared: one dataclass field with default, help, example, choices.

Knows: the metadata of a field. Refuses to know: files, sections.
"""

from __future__ import annotations

import dataclasses
from typing import Any

METADATA = "ugr.option"


@dataclasses.dataclass(frozen=True, slots=True)
class Declaration:
    """What is known of an option besides its name, type and default."""

    help: str
    example: str | None = None
    choices: tuple[str, ...] | None = None


def option(
    default: Any = dataclasses.MISSING,
    *,
    help: str,
    example: str | None = None,
    choices: tuple[str, ...] | None = None,
) -> Any:
    """Declare one option of a settings or options dataclass.

    Without ``default`` the option must be written. ``help`` is one or two sentences for the
    reference; ``example`` is text as an administrator would write it. A field whose type is
    ``Secret`` is written as ``NAME_file`` or ``NAME_environment``, never as a literal.
    """
    metadata = {METADATA: Declaration(help, example, choices)}
    return dataclasses.field(default=default, metadata=metadata)
