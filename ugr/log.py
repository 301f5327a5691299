# SPDX-License-Identifier: Apache-2.0
"""Logging: one line per event to standard error, without secrets and without control characters.

Knows: the line's layout, what a secret looks like in text; where the lines of the access log go.
Refuses to know: who logs what, what an access line says.

Modules use ``logging.getLogger("ugr.ROOM")`` with stable text and lazy arguments, and name the
request with ``extra=about(call)``. A line is::

    2026-03-01T12:00:00.000Z INFO ugr.federation [1f3a...] message

Whatever reaches the line, a message, its arguments or a traceback, has its secrets replaced by
``***`` and its control characters escaped, so that no client can forge a line (CWE-117).
"""

from __future__ import annotations

import atexit
import logging
import os
import re
import sys
import threading
import time
from collections import deque
from typing import TextIO
from weakref import WeakSet

from ugr.call import Call
from ugr.metrics import counts

HIDDEN = "***"

STANDARD_OUTPUT = 1
"""The descriptor of it, whatever ``sys.stdout`` has become."""

LONGEST_LINE = 4096
"""Bytes that Linux writes into a pipe at once, so that nothing comes between them (PIPE_BUF)."""

LOOK_EVERY = 1.0
"""Seconds between two looks at whether the access log's file is still the one of that name."""

GATHER = 0.05
"""Seconds for which lines of the access log are gathered before they are written."""

AT_ONCE = 64 * 1024
"""Bytes that are written to a file at once."""

MOST_WAITING = 50_000
"""Lines that wait to be written; more are waiting only where nobody takes them."""

COMPLAIN_EVERY = 60.0
"""Seconds between two complaints about lines that cannot be written."""

LOST_LINE = "lost_line"
"""What lines of the access log that could not be written are counted under."""

_log = logging.getLogger("ugr.log")

_NAMES = (
    "authz",
    "access_token",
    "refresh_token",
    "id_token",
    "token",
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
    return _redacted(text) if _suspicious(text.lower()) else text


def _redacted(text: str) -> str:
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def _suspicious(lower: str) -> bool:
    """Say whether a pattern could match: each needs one of these words. Twenty times quicker than the patterns."""
    return (
        "auth" in lower
        or "token" in lower
        or "secret" in lower
        or "passw" in lower
        or "sig" in lower
        or "credential" in lower
        or "accesskey" in lower
        or "cookie" in lower
        or "bearer" in lower
        or "basic" in lower
        or "eyj" in lower
        or "@" in lower
        or "/-/data/" in lower
    )


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


class LineSink:
    """Where the access log's lines go: standard output, or a file. Safe to use from any thread.

    ``write`` only hands a line over; a thread writes them ``GATHER`` seconds later, many at a time:
    a request neither waits for a disk or a pipe, nor pays for the change of threads that a system
    call is. Lines that wait when the process is killed are lost; when it ends by itself they are
    written. Lines of several processes do not mix: a file is opened for appending, and a pipe takes
    ``LONGEST_LINE`` bytes at once. A file that was renamed or removed (logrotate) is opened anew
    within ``LOOK_EVERY`` seconds, without a signal.

    Opens and starts nothing before the first line, so that each process has its own. Never raises:
    a line that cannot be written, or finds ``MOST_WAITING`` waiting, is lost and counted.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._look_at = 0.0
        self._complain_at = 0.0
        self._waiting: deque[bytes] = deque()
        self._any = threading.Event()
        self._closed = threading.Event()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None

    def write(self, line: bytes) -> None:
        """Hand over one line, which ends in a line end, and is at most ``LONGEST_LINE`` bytes long."""
        waiting = self._waiting
        if len(waiting) >= MOST_WAITING:
            counts.add((LOST_LINE,))
            return
        waiting.append(line)
        if not self._any.is_set():
            self._any.set()
            if self._thread is None:
                self._start()

    def flush(self, limit: float = -1.0) -> None:
        """Write what waits, in this thread; not if another one is at it and not done within ``limit`` seconds."""
        if self._writing.acquire(timeout=limit):
            try:
                self._write_waiting()
            finally:
                self._writing.release()

    def close(self) -> None:
        """Write what waits, and what those who have it at hand still write, and end; in the background."""
        self._closed.set()
        self._any.set()

    def _write_waiting(self) -> None:
        while self._waiting:
            lines = self._next_lines()
            try:
                _write_all(STANDARD_OUTPUT if self._path is None else self._file(self._path), b"".join(lines))
            except OSError as error:
                self._complain(error, len(lines))

    def _start(self) -> None:
        with self._writing:
            if self._thread is None:
                _sinks.add(self)
                self._thread = threading.Thread(target=self._run, name="access log", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._closed.is_set():
            self._any.wait()
            self._closed.wait(GATHER)
            self._any.clear()
            self.flush()
        threading.Event().wait(LOOK_EVERY)
        self.flush()
        with self._writing:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def _next_lines(self) -> list[bytes]:
        """Take as many of the waiting lines as may be written at once."""
        most = LONGEST_LINE if self._path is None else AT_ONCE
        lines = [self._waiting.popleft()]
        length = len(lines[0])
        while self._waiting and length + len(self._waiting[0]) <= most:
            lines.append(self._waiting.popleft())
            length += len(lines[-1])
        return lines

    def _file(self, path: str) -> int:
        """Return the open file that has the name now. Raises OSError."""
        now = time.monotonic()
        if self._descriptor is not None and now >= self._look_at:
            self._look_at = now + LOOK_EVERY
            if _elsewhere(path, self._descriptor):
                os.close(self._descriptor)
                self._descriptor = None
        if self._descriptor is None:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        return self._descriptor

    def _complain(self, error: OSError, lost: int) -> None:
        for _ in range(lost):
            counts.add((LOST_LINE,))
        now = time.monotonic()
        if now >= self._complain_at:
            self._complain_at = now + COMPLAIN_EVERY
            where = self._path or "standard output"
            _log.error("access log %s: %s; lines are lost until that is mended", where, error.strerror or error)


_sinks: WeakSet[LineSink] = WeakSet()


@atexit.register
def _flush_all() -> None:
    for sink in list(_sinks):
        sink.flush(LOOK_EVERY)


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _elsewhere(path: str, descriptor: int) -> bool:
    """Say whether a path leads to another file by now, or to none."""
    try:
        return not os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return True
