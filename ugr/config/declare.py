# SPDX-License-Identifier: Apache-2.0
"""How an option is declared: one dataclass field with default, help, example, choices, bounds.

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
    minimum: float | None = None
    maximum: float | None = None


def option(
    default: Any = dataclasses.MISSING,
    *,
    help: str,
    example: str | None = None,
    choices: tuple[str, ...] | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
) -> Any:
    """Declare one option of a settings or options dataclass.

    Without ``default`` the option must be written. ``help`` is one or two sentences for the
    reference; ``example`` is text as an administrator would write it. ``choices`` are the words
    that may be written (each one, for a field of several words); ``minimum`` and ``maximum`` bound
    a number, in the field's own unit (seconds, bytes). A field whose type is
    ``Secret`` is written as ``NAME_file`` or ``NAME_environment``, never as a literal.
    """
    metadata = {METADATA: Declaration(help, example, choices, minimum, maximum)}
    return dataclasses.field(default=default, metadata=metadata)
