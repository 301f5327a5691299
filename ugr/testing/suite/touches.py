# SPDX-License-Identifier: Apache-2.0
"""What a piece of code touches outside its own memory, as the interpreter's audit events tell.

Knows: files, sockets, processes. Refuses to know: whose code it is. Imports, and what a library
reads from its own installation, do not count.
"""

from __future__ import annotations

import sys
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_OUTSIDE = (
    "socket.connect",
    "socket.bind",
    "socket.getaddrinfo",
    "socket.gethostby",
    "socket.sendto",
    "subprocess.Popen",
)
_FILES = frozenset({"open", "os.listdir", "os.scandir"})
_INSTALLED = tuple({path for path in (*sysconfig.get_paths().values(), sys.prefix, sys.base_prefix) if path})

_recording = threading.local()
_installed = threading.Lock()
_hooked = False


@contextmanager
def touches() -> Iterator[list[str]]:
    """Give a list that grows by each file, socket or process that this thread touches inside the block."""
    global _hooked
    with _installed:
        if not _hooked:
            sys.addaudithook(_note)
            _hooked = True
    touched: list[str] = []
    _recording.touched = touched
    try:
        yield touched
    finally:
        del _recording.touched


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    """Take an audit event; called for every one of every thread, and never removed."""
    if event not in _FILES and not event.startswith(_OUTSIDE):
        return
    touched: list[str] | None = getattr(_recording, "touched", None)
    if touched is None:
        return
    subject = arguments[0] if arguments else None
    if event in _FILES:
        name = subject.decode(errors="replace") if isinstance(subject, bytes) else subject
        if not isinstance(name, str) or name.startswith(_INSTALLED) or name.endswith((".py", ".pyc")):
            return
        touched.append(f"{event} {name}")
    else:
        touched.append(event)
