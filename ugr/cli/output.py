# SPDX-License-Identifier: Apache-2.0
"""How answers are put on a terminal, and as JSON.

Knows: tables, sizes, times, JSON. Refuses to know: what is being shown.

Names come from storages and clients: whatever could disturb a terminal is escaped.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence

from ugr.config.faults import printable
from ugr.errors import UgrError

UNKNOWN = "-"
"""What stands for a value that is not known."""

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def show(text: str) -> None:
    """Print one line or several to standard output."""
    print("\n".join(printable(line) for line in text.split("\n")))


def warn(text: str) -> None:
    """Print a line to standard error."""
    print(f"ugr: {printable(text)}", file=sys.stderr)


def show_json(value: object) -> None:
    """Print a value as one JSON document."""
    print(json.dumps(plain(value), indent=2, ensure_ascii=True))


def plain(value: object) -> object:
    """Return a value in terms of JSON: dataclasses and mappings are objects, enums their values."""
    if isinstance(value, enum.Enum):
        return value.value
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, UgrError):
        return {"code": value.code, "message": value.message, "retryable": value.retryable}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    return str(value)


def show_error(error: UgrError, as_json: bool) -> None:
    """Print an error: to standard error for people, as the answer when JSON was asked for."""
    if as_json:
        show_json({"error": error})
        return
    lines = str(error).splitlines() or [error.message]
    if len(lines) == 1:
        warn(lines[0])
        return
    warn(f"{len(lines)} faults:")
    for line in lines:
        print(printable(line), file=sys.stderr)


def table(header: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = ()) -> str:
    """Return rows in aligned columns below an upper-case header; the columns named ``right`` to the right."""
    lines = [[title.upper() for title in header], *([printable(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if title in right else cell.ljust(width)
            for cell, width, title in zip(line, widths, header, strict=True)
        ).rstrip()
        for line in lines
    )


def columns(rows: Iterable[Sequence[str]]) -> list[str]:
    """Return lines in which the first of two columns is as wide as its widest cell."""
    kept = list(rows)
    width = max((len(first) for first, _ in kept), default=0)
    return [f"{first:{width}}  {second}" for first, second in kept]


def milliseconds(value: float | None) -> str:
    """Write a time in milliseconds with as many digits as help."""
    if value is None:
        return UNKNOWN
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def kilometres(value: float | None) -> str:
    """Write a distance."""
    return UNKNOWN if value is None else f"{value:,.0f} km"


def size(value: int | None) -> str:
    """Write a number of bytes so that its magnitude is seen."""
    if value is None:
        return UNKNOWN
    scaled, unit = float(value), _UNITS[0]
    for unit in _UNITS:
        if scaled < 1024 or unit == _UNITS[-1]:
            break
        scaled /= 1024
    return f"{value} B" if unit == "B" else f"{scaled:.1f} {unit}"


def when(seconds: float | None) -> str:
    """Write a time since 1970 as RFC 3339 in UTC."""
    if seconds is None:
        return UNKNOWN
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    except (OverflowError, ValueError, OSError):
        return f"{seconds:.0f} s since 1970"


def facts(pairs: Iterable[tuple[str, str | Sequence[str]]]) -> str:
    """Return labelled paragraphs; the first line of each stands beside its label, empty ones are left out."""
    kept = [(label, [text] if isinstance(text, str) else list(text)) for label, text in pairs if text]
    width = max((len(label) for label, _ in kept), default=0)
    return "\n".join(
        f"{label if number == 0 else '':{width}}  {line}".rstrip()
        for label, lines in kept
        for number, line in enumerate(lines)
    )
