# SPDX-License-Identifier: Apache-2.0
"""One request to the drunk server, and what can be done to the client that waits for its answer.

Knows: bytes on one connection. Refuses to know: which misbehaviour is wanted.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ugr.testing.drunk.server import DrunkServer


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it came. ``connection`` counts the server's connections from 1."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    connection: int

    @property
    def path(self) -> str:
        """The target without its query, as sent."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str | None:
        """Return the first value of a header (lower-case name), or None."""
        return next((value for key, value in self.headers if key == name), None)


@dataclass(slots=True)
class Served:
    """A good answer."""

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


class Exchange:
    """One request and the connection that waits for its answer."""

    def __init__(self, server: DrunkServer, connection: socket.socket, number: int, seen: Seen) -> None:
        self.server = server
        self.connection = connection
        self.number = number
        """Counts the requests of this connection from 1."""
        self.seen = seen
        self.generation = server.generation
        self.keep = True
        """Whether the connection goes on after this exchange."""

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.connection.sendall(data)

    def head(self, status: str, *headers: str) -> None:
        """Send a status line and headers, nothing added."""
        self.send("\r\n".join((f"HTTP/1.1 {status}", *headers, "", "")).encode("latin-1"))

    def good(self, served: Served) -> None:
        """Answer well."""
        lines = [f"{name}: {value}" for name, value in served.headers]
        self.head(f"{served.status} Said", f"Content-Length: {len(served.body)}", *lines)
        if self.seen.method != "HEAD":
            self.send(served.body)

    def wait(self, seconds: float | None = None) -> bool:
        """Do nothing until the server sobers up or stops (False) or the seconds are over (True).

        Ends as well when the client goes away.
        """
        limit = None if seconds is None else time.monotonic() + seconds
        while limit is None or time.monotonic() < limit:
            left = 0.05 if limit is None else min(0.05, max(0.0, limit - time.monotonic()))
            if self.server.released(self) or self.gone(left):
                return False
        return True

    def gone(self, seconds: float) -> bool:
        """Wait a little; say whether the client closed the connection."""
        readable, _, _ = select.select([self.connection], [], [], seconds)
        return bool(readable) and self.connection.recv(1, socket.MSG_PEEK) == b""

    def hang(self) -> None:
        """Say nothing more, then close."""
        self.wait()
        self.keep = False

    def close(self) -> None:
        """Close the connection after this."""
        self.keep = False

    def reset(self) -> None:
        """Have the connection end with a TCP reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.keep = False
