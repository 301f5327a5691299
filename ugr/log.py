# SPDX-License-Identifier: Apache-2.0
"""Logging: one line per event to standard error, without secrets and without control characters.

Knows: the line's layout, what a secret looks like in text. Refuses to know: who logs what.

Modules use ``logging.getLogger("ugr.ROOM")`` with stable text and lazy arguments, and name the
request with ``extra=about(call)``. A line is::

    2026-03-01T12:00:00.000Z INFO ugr.federation [1f3a...] message

Whatever reaches the line, a message, its arguments or a traceback, has its secrets replaced by
``***`` and its control characters escaped, so that no client can forge a line (CWE-117).
"""

from __future__ import annotations

import logging
import re
import sys
import time
from typing import TextIO

from ugr.call import Call

HIDDEN = "***"

_NAMES = (
    "authz",
    "access_token",
    "refresh_token",
    "id_token",
    "client_secret",
    "secret_key",
    "secret",
    "password",
    "passwd",
    "x-amz-signature",
    "x-amz-credential",
    "x-amz-security-token",
    "awsaccesskeyid",
    "signature",
    "sig",
    "temp_url_sig",
)
"""Parameters whose value is a secret, or a capability as long as it lasts."""

_HEADERS = (
    "(?:proxy-)?authorization",
    "transferheaderauthorization",
    "x-auth-token",
    "x-storage-token",
    "x-subject-token",
    "x-amz-security-token",
    "set-cookie",
    "cookie",
)
"""Header fields whose value is a secret, as they appear in text, in ``repr`` or in JSON."""

_VALUE = r"""(?:"[^"]*"|'[^']*'|(?:(?!%26)[^\s&"'<>,;)\]}])+)"""

_SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    # scheme://user:password@host
    (re.compile(r"(?<=://)[^\s/@\"'<>]+@"), f"{HIDDEN}@"),
    # Header: value; ('header', 'value'); "header": "value". The scheme of credentials may stay.
    (
        re.compile(
            rf"""(?ix)(?<![\w-])((?:{"|".join(_HEADERS)})["']?\s*[:=,]\s*(?:b?["'])?)
            (?:(bearer|basic|negotiate)\s+[^\s"',;]+ | [^"'\r\n]+)"""
        ),
        rf"\1{HIDDEN}",
    ),
    # name=value, also percent-encoded inside another URL
    (re.compile(rf"(?i)(?:(?<![\w-])|(?<=%3F)|(?<=%26))((?:{'|'.join(_NAMES)})(?:=|%3D)){_VALUE}"), rf"\1{HIDDEN}"),
    # 'name': 'value' of dictionaries and JSON
    (re.compile(rf"""(?i)(["'](?:{"|".join(_NAMES)})["']\s*[:,]\s*)("[^"]*"|'[^']*')"""), rf"\1{HIDDEN}"),
    # the signature of a URL of data served by ugr itself
    (re.compile(r"(/-/data/[^\s\"'?]*\?(?:[^\s\"'#]*&)?s=)[\w-]+"), rf"\1{HIDDEN}"),
    # credentials without the name of their header, and JSON web tokens anywhere (RFC 7519)
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{16,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), HIDDEN),
)


def redact(text: str) -> str:
    """Return the text with the value of everything that looks like a secret replaced by ``***``."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def one_line(text: str) -> str:
    """Return the text with control characters, line ends and lone surrogates escaped."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def about(call: Call) -> dict[str, str]:
    """Return the ``extra`` of an event that belongs to one call."""
    return {"request": call.id}


class LineFormatter(logging.Formatter):
    """Lays out one event as one line; secrets are gone and control characters escaped."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end. A traceback is on it too, its own line ends escaped."""
        parts = [record.getMessage()]
        if record.exc_info:
            parts.append(self.formatException(record.exc_info))
        if record.stack_info:
            parts.append(self.formatStack(record.stack_info))
        request = getattr(record, "request", None)
        label = f" [{request}]" if isinstance(request, str) else ""
        head = f"{_utc(record)} {record.levelname} {record.name}{label} "
        return head + one_line(redact("\n".join(parts)))


def _utc(record: logging.LogRecord) -> str:
    """Return when it happened: RFC 3339, UTC, milliseconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"


class _OursOrImportant(logging.Filter):
    """Lets through what ugr and its plugins say, and warnings of libraries."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING or record.name.startswith("ugr")


class _Handler(logging.StreamHandler[TextIO]):
    """The handler that ``configure`` installs, told apart by its class."""


def configure(level: str, stream: TextIO | None = None) -> None:
    """Log events from ``level`` (debug, info, warning, error) on to ``stream``, standard error by default.

    May be called again: the last call counts.
    """
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, _Handler):
            root.removeHandler(handler)
    handler = _Handler(stream if stream is not None else sys.stderr)
    handler.setFormatter(LineFormatter())
    handler.addFilter(_OursOrImportant())
    root.addHandler(handler)
    root.setLevel(level.upper())
