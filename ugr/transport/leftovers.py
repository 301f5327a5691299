# SPDX-License-Identifier: Apache-2.0
"""Bytes that come on a connection when nobody has asked anything.

Knows: one socket at a time. Refuses to know: libcurl.

An endpoint that sends the body of a HEAD answer late, or a second answer, leaves bytes that
libcurl takes for the head of the next answer on that connection: it looks for them only when the
connection was idle for a second. So they are taken away here, and the connection is shut down,
which libcurl notices when it wants to use it.
"""

from __future__ import annotations

import os
import socket

_MOST_READS = 64
_INTERNET = (socket.AF_INET, socket.AF_INET6)


def identity(fd: int) -> int:
    """Return a number that is the descriptor's as long as it is the same open file."""
    return os.fstat(fd).st_ino


def take_away(fd: int, known: int) -> bool:
    """Shut a connection down if it has something to say; return whether it had.

    ``known`` is the identity under which the connection was met: a descriptor that was closed
    and used again for something else is left alone. A connection that was closed by its other
    side is left alone too; so is anything that is no TCP connection.
    """
    try:
        own = os.dup(fd)
    except OSError:
        return False
    if identity(own) != known:
        os.close(own)
        return False
    try:
        connection = socket.socket(fileno=own)
    except OSError:  # no socket at all
        os.close(own)
        return False
    with connection:
        return connection.family in _INTERNET and _drain(connection)


def _drain(connection: socket.socket) -> bool:
    try:
        if not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
            return False
        connection.shutdown(socket.SHUT_RDWR)
        for _ in range(_MOST_READS):
            if not connection.recv(65536, socket.MSG_DONTWAIT):
                break
    except OSError:
        return False  # broken already, or nothing to read after all
    return True
