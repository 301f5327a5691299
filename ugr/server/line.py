# SPDX-License-Identifier: Apache-2.0
"""A client's connection on which nobody waits for ever.

Knows: when a read has taken too long, and whether what was sent still moves. Refuses to know: HTTP,
who reads and writes.

* A read ends at a deadline that is set for each request, however many bytes trickle in.
* A write may take any time as long as the client takes something: only a client that has taken
  nothing for a while loses its connection. A system call alone cannot tell: a socket with megabytes
  in its buffer says that it has room only when a third of them has gone.
* Threads that wait for bytes of clients are few (``Places``): the others answer.
"""

from __future__ import annotations

import errno
import fcntl
import select
import socket
import struct
import termios
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

GRACE = 0.05
"""Seconds for which any thread may wait for bytes: those of honest clients are on their way."""

LOOK_EVERY = 0.5
"""Seconds between two looks at whether a client takes what it is sent."""

_QUEUED = termios.TIOCOUTQ
"""Asks how many bytes the other side has not taken yet (SIOCOUTQ; tcp(7), unix(7))."""

_AT_ONCE = struct.pack("ii", 1, 0)
"""Have the system throw away what the client has not taken when a connection is closed."""


class TooSlow(TimeoutError, ConnectionResetError):
    """The client took too long. A server that catches it may take it for a client that has gone."""

    def __init__(self, message: str) -> None:
        super().__init__(errno.ECONNRESET, message)


class Places(AbstractContextManager[None]):
    """So many threads may wait for bytes of clients at a time; whoever comes then is told TooSlow."""

    def __init__(self, count: int) -> None:
        self._free = threading.Semaphore(count)

    def __enter__(self) -> None:
        if not self._free.acquire(blocking=False):
            raise TooSlow("too many clients are slow at this moment")

    def __exit__(self, *_: object) -> None:
        self._free.release()


class Line(socket.socket):
    """A connection that takes over an accepted socket; one thread at a time uses it.

    ``deadline`` (``time.monotonic()``) is when reading ends; ``patience`` the seconds that a client
    may take nothing of what it is sent; ``gave_up`` is called before TooSlow is raised by a read.
    ``said`` is the head of the last request, for the log; ``lost`` says that a write was given up, so
    that nothing more can be sent.
    """

    def __init__(self, accepted: socket.socket, places: Places) -> None:
        super().__init__(fileno=accepted.detach())
        self.deadline = 0.0
        self.patience = 30.0
        self.gave_up: Callable[[], None] = _nothing
        self.said = b""
        self.lost = False
        self._places = places

    def take(self, size: int) -> bytes | None:
        """Return what is there, at most ``size`` bytes; None when nothing is, ``b""`` at the end. Never waits."""
        try:
            return super().recv(size, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Return what comes next, ``b""`` at the end. Raises TooSlow at the deadline."""
        while (data := self.take(size)) is None:
            try:
                self._await_bytes()
            except TooSlow:
                self.gave_up()
                raise
        return data

    def _await_bytes(self) -> None:
        left = self.deadline - time.monotonic()
        if left <= 0.0:
            raise TooSlow("the client took too long to send its request")
        if _ready(self, select.POLLIN, min(left, GRACE)):
            return
        with self._places:
            _ready(self, select.POLLIN, max(0.0, self.deadline - time.monotonic()))

    @property
    def writable(self) -> bool:
        """Say whether a small answer would be sent at once."""
        return _ready(self, select.POLLOUT, 0.0)

    def sendall(self, data: bytes | memoryview, flags: int = 0, /) -> None:  # type: ignore[override]
        """Send all of it, in any time as long as the client takes some. Raises TooSlow when it does not."""
        left = memoryview(data)
        while left:
            try:
                left = left[self.send(left, socket.MSG_DONTWAIT | flags) :]
            except BlockingIOError:
                self._await_room()

    def _await_room(self) -> None:
        waiting, since = self._queued(), time.monotonic()
        while not _ready(self, select.POLLOUT, LOOK_EVERY):
            now, before = time.monotonic(), waiting
            waiting = self._queued()
            if waiting != before:
                since = now
            elif now - since >= self.patience:
                self.lost = True
                self.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                raise TooSlow(f"the client has taken nothing for {self.patience:g} seconds")

    def _queued(self) -> int:
        """Return how many bytes wait for the client."""
        answer: tuple[int] = struct.unpack("i", fcntl.ioctl(self.fileno(), _QUEUED, b"\0" * 4))
        return answer[0]


def _ready(line: socket.socket, event: int, seconds: float) -> bool:
    """Wait until a connection can be read or written, or has failed; say whether that came about."""
    poll = select.poll()
    poll.register(line, event)
    return bool(poll.poll(seconds * 1000))


def _nothing() -> None:
    """Do nothing."""
