# SPDX-License-Identifier: Apache-2.0
"""A gthread worker whose threads wait for no client.

Knows: connections, and when one has sent a whole request. Refuses to know: what is in it.

gunicorn's own gthread gives a thread to a connection with its first byte, and leaves it there until
the request has come, is answered, and has been read: clients that stall take all threads, and 300
of them stop the service. Here the main thread collects the head of each request, and a short body,
without waiting; a thread gets it when it is complete. What may take longer in a thread is bounded by
``ugr.server.line``. A connection that is closed lingers in the main thread as well.

A connection has ``client_timeout`` for the head of its request, and the service's ``deadline`` for a
short body. When there are as many connections as there may be, the one goes that has been waiting for
a request for longest.
"""

from __future__ import annotations

import enum
import errno
import logging
import re
import resource
import selectors
import socket
import time
from functools import partial
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from ugr.server import refusals
from ugr.server.line import Line, Places, TooSlow

log = logging.getLogger("ugr.server")

AT_ONCE = 16 * 1024
"""Bytes that are read at a time."""

LONGEST_HEAD = 32 * 1024
"""Bytes of a head that the main thread collects; what is longer is read by a thread, and then mostly refused."""

LONGEST_BODY = 16 * 1024
"""Bytes of a body that the main thread collects; PROPFIND sends less than one KiB."""

LINGER = 2.0
"""Seconds for which a client may still read the last answer before its connection is cut (RFC 9112 9.6)."""

LOOK_EVERY = 0.25
"""Seconds between two looks at who has been waiting for too long."""

REST = 0.5
"""Seconds without new connections when this process can have no more files."""

_FULL = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,15})[ \t]*\r\n", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect:", re.IGNORECASE)


class Stage(enum.Enum):
    """What a connection waits for in the main thread."""

    REQUEST = "the first byte of a request"
    HEAD = "the rest of the head"
    BODY = "the rest of the body"
    ROOM = "its client to read earlier answers"
    END = "its client to close it"


class Connection(TConn):  # type: ignore[misc]  # gunicorn is not typed
    """A connection and what has come of its next request."""

    def __init__(self, cfg: Any, line: Line, client: Any, server: Any) -> None:
        super().__init__(cfg, line, client, server)
        self.line = line
        self.got = bytearray()
        self.stage = Stage.REQUEST
        self.until = 0.0
        self.events = 0
        self.used = False
        self._end = 0
        self._whole = 0
        self._drained = 0

    @property
    def head_is_here(self) -> bool:
        """Say whether the end of the head has come, or what no parser would take for a head."""
        if not self._end:
            found = self.got.find(b"\r\n\r\n")
            if found >= 0:
                self._end = found + 4
                self._whole = self._end + _short_body(bytes(self.got[: self._end]))
            elif len(self.got) >= LONGEST_HEAD or self.got.count(b"\n") != self.got.count(b"\r\n"):
                self._end = self._whole = len(self.got)
        return self._end > 0

    @property
    def request_is_here(self) -> bool:
        """Say whether a thread may have it."""
        return self.head_is_here and len(self.got) >= self._whole

    def hand_over(self) -> None:
        """Give the parser what has come; in the thread that will answer."""
        self.init()
        self.line.said = bytes(self.got[: self._end])
        self.parser.unreader.unread(bytes(self.got))
        self.got.clear()
        self._end = self._whole = 0

    def take_back(self) -> None:
        """Take from the parser what it has read beyond the request."""
        if self.parser.unreader.buf.getvalue():
            self.got += self.parser.unreader.read()

    def drained(self, count: int) -> bool:
        """Count bytes that nobody reads; say whether there are too many of them."""
        self._drained += count
        return self._drained > LONGEST_HEAD


def _short_body(head: bytes) -> int:
    """Return the length of a body that is short, and comes without being asked for; else 0."""
    length = _LENGTH.search(head)
    if length is None or _EXPECT.search(head):
        return 0
    count = int(length[1])
    return count if count <= LONGEST_BODY else 0


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn is not typed
    """The worker of ``ugr serve``. Methods run in the main thread unless they say otherwise."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if files != resource.RLIM_INFINITY:
            # The other half is for endpoints: one that could not be asked for want of files would look ill.
            self.worker_connections = min(self.cfg.worker_connections, files // 2)
        self._waiting: dict[Connection, None] = {}
        self._places = Places(max(1, self.cfg.threads // 16))
        self._look_at = 0.0
        self._rest_until = 0.0
        self._leaving = False

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Refuse TLS: front servers speak it."""
        if cfg.is_ssl:
            raise RuntimeError("ugr speaks no TLS; have a front server speak it, or use --worker-class gthread")

    def load_wsgi(self) -> None:
        """Load the application, and tell it how many threads there really are."""
        super().load_wsgi()
        self.wsgi.service.bound(threads=self.cfg.threads)

    @property
    def _settings(self) -> Any:
        return self.wsgi.service.runtime.settings.ugr

    # --- connections that wait -----------------------------------------------------------------

    def accept(self, listener: Any) -> None:
        """Take a new connection."""
        try:
            accepted, client = listener.accept()
        except OSError as error:
            if error.errno in _FULL:
                self._make_room(str(error.strerror))
            elif error.errno not in (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED):
                raise
            return
        self.nr_conns += 1
        connection = Connection(self.cfg, Line(accepted, self._places), client, listener.getsockname())
        connection.until = time.monotonic() + self._settings.client_timeout
        self._collect(connection)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Take new connections or not."""
        super().set_accept_enabled(enabled and time.monotonic() >= self._rest_until)

    def _make_room(self, problem: str) -> None:
        """Have fewer files open; rest for a while where that does not help."""
        if not self._drop_oldest():
            self._rest_until = time.monotonic() + REST
            self.set_accept_enabled(False)
            log.warning("no new connections for %g s: %s; raise the limit of open files", REST, problem)

    def _drop_oldest(self) -> bool:
        """Close the connection that has waited longest, one that asks nothing first; say whether there is one."""
        idle = (c for c in self._waiting if c.stage in (Stage.REQUEST, Stage.HEAD, Stage.END))
        oldest = next(idle, next(iter(self._waiting), None))
        if oldest is not None:
            self._close(oldest)
        return oldest is not None

    def _collect(self, connection: Connection) -> None:
        """Take what has come of a request; have it answered when that is all of it."""
        while not connection.request_is_here:
            try:
                data = connection.line.take(AT_ONCE)
            except OSError:
                self._close(connection)
                return
            if data is None:
                self._await_more(connection)
                return
            if not data and not connection.head_is_here:
                self._close(connection)
                return
            if not data:
                break  # the thread finds out as well, and says how much is missing
            if not connection.got and connection.stage is Stage.REQUEST and connection.used:
                connection.until = time.monotonic() + self._settings.client_timeout
            connection.got += data
        if connection.used and not connection.line.writable:
            self._await(connection, Stage.ROOM, time.monotonic() + self._settings.client_timeout)
            return
        self._forget(connection)
        connection.used = True
        self.enqueue_req(connection)

    def _await_more(self, connection: Connection) -> None:
        """Wait for more of a request, within the time that its part may take."""
        if not connection.got:
            self._await(connection, Stage.REQUEST, connection.until)
        elif not connection.head_is_here:
            self._await(connection, Stage.HEAD, connection.until)
        elif connection.stage is not Stage.BODY:
            self._await(connection, Stage.BODY, time.monotonic() + self._settings.deadline)

    def _await(self, connection: Connection, stage: Stage, until: float) -> None:
        connection.stage, connection.until = stage, until
        self._waiting.setdefault(connection)
        events = selectors.EVENT_WRITE if stage is Stage.ROOM else selectors.EVENT_READ
        if connection.events == events:
            return
        watch = self.poller.modify if connection.events else self.poller.register
        watch(connection.line, events, partial(self._moved, connection))
        connection.events = events

    def _moved(self, connection: Connection, _line: Line) -> None:
        """Go on with a connection that can be read or written."""
        if connection not in self._waiting:
            return  # closed since, to make room
        if connection.stage is Stage.END:
            self._drain(connection)
        else:
            self._collect(connection)

    def _drain(self, connection: Connection) -> None:
        """Throw away what still comes; a connection that is closed with bytes unread would lose its last answer."""
        try:
            data = connection.line.take(AT_ONCE)
        except OSError:
            data = b""
        if data == b"" or (data and connection.drained(len(data))):
            self._close(connection)

    def murder_pending(self) -> None:
        """Part with those who have been waiting for too long; gunicorn calls it in each turn of its loop."""
        while self.nr_conns >= self.worker_connections and self._drop_oldest():
            pass
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_EVERY
        if not self.alive and not self._leaving:
            self._leaving = True
            for connection in self._waiting:
                connection.until = min(connection.until, now + LINGER)
        for connection in [c for c in self._waiting if c.until <= now]:
            self._give_up(connection)

    def _give_up(self, connection: Connection) -> None:
        """Part with a client that was too slow; one that began a request is told so."""
        if connection.stage in (Stage.HEAD, Stage.BODY):
            connection.line.said = bytes(connection.got)
            self.handle_error(None, connection.line, connection.client, TooSlow("the request took too long to come"))
            self._linger(connection)
        else:
            self._close(connection)

    def _linger(self, connection: Connection) -> None:
        """Say that nothing more will be sent, and give the client time to read what was."""
        try:
            connection.line.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(connection)
            return
        self._await(connection, Stage.END, time.monotonic() + LINGER)

    def _forget(self, connection: Connection) -> None:
        self._waiting.pop(connection, None)
        if connection.events:
            self.poller.unregister(connection.line)
            connection.events = 0

    def _close(self, connection: Connection) -> None:
        self._forget(connection)
        self.nr_conns -= 1
        connection.close()

    # --- requests ------------------------------------------------------------------------------

    def handle(self, conn: Connection) -> Any:
        """Answer one request; in a thread."""
        conn.line.deadline = time.monotonic() + self._settings.deadline
        conn.line.patience = self._settings.client_timeout
        conn.hand_over()
        return super().handle(conn)

    def handle_request(self, req: Any, conn: Connection) -> Any:
        """Answer a request that has been parsed; in a thread. No other follows one that did not come whole."""
        conn.line.gave_up = req.force_close
        return super().handle_request(req, conn)

    def _keepalive_after(self, conn: Connection, keepalive: Any) -> bool:
        """Say whether another request may follow: not where the rest of a body would have to be waited for."""
        conn.line.deadline = 0.0
        return bool(keepalive and conn.parser.finish_body(max_bytes=LONGEST_HEAD))

    def finish_request(self, conn: Connection, fs: Any) -> None:
        """Go on with a connection whose request was answered."""
        if fs.cancelled() or fs.exception() is not None or conn.line.lost:
            self._close(conn)
        elif not fs.result():
            self._linger(conn)
        else:
            conn.take_back()
            conn.stage = Stage.REQUEST
            idle = self._settings.client_timeout if conn.got else self.cfg.keepalive
            conn.until = time.monotonic() + (idle if self.alive else LINGER)
            self._collect(conn)

    def handle_error(self, req: Any, client: Line, addr: Any, exc: Exception) -> None:
        """Refuse what cannot be answered, as everything else is refused; in any thread."""
        try:
            client.send(refusals.refuse(self.wsgi, client.said, addr, exc), socket.MSG_DONTWAIT)
        except OSError as error:
            log.debug("a client did not hear that its request was refused: %s", error)
