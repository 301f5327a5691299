# SPDX-License-Identifier: Apache-2.0
"""The drunk server's sockets and threads.

Knows: just enough HTTP/1.1 to read requests. Refuses to know: what it is asked for.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import BinaryIO

from ugr.testing.drunk.behaviours import BEHAVIOURS, Behaviour
from ugr.testing.drunk.exchange import Exchange, Seen, Served

MAX_LINE = 1 << 20
MISSING = Served(b"no such path\n", 404)


class DrunkServer:
    """A server on a free port of 127.0.0.1; use it as a context manager.

    ``requests`` are all requests that were read, in order; ``connections`` counts the accepted
    ones. All methods may be called from any thread, at any time.
    """

    def __init__(self) -> None:
        self.requests: list[Seen] = []
        self.connections = 0
        self.generation = 0
        self.port = 0
        self._served: dict[str, Served] = {}
        self._behaviours: dict[str | None, Behaviour] = {}
        self._listener: socket.socket | None = None
        self._accepting = threading.Event()
        self._stopped = False
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def __enter__(self) -> DrunkServer:
        """Start to listen."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    @property
    def url(self) -> str:
        """The server's URL, without a path."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen and accept; on the port of before when there was one."""
        self._stopped = False
        listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._accepting.set()
        self._begin(self._accept, listener)

    def stop(self) -> None:
        """Close everything, and wait for the threads."""
        self._stopped = True
        self.sober_up()
        self._close_listener()
        self._close_connections()
        for thread in self._threads:
            thread.join(5)
        self._threads.clear()

    def serve(self, path: str, body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """Give a path a good answer."""
        self._served[path] = Served(body, status, tuple((headers or {}).items()))

    def behave(self, behaviour: str | Behaviour, path: str | None = None) -> None:
        """Misbehave for one path, or for all paths without a behaviour of their own."""
        self._behaviours[path] = BEHAVIOURS[behaviour] if isinstance(behaviour, str) else behaviour

    def refuse(self) -> None:
        """Refuse connections and close those that are open, until ``sober_up``."""
        self._close_listener()
        self._close_connections()

    def ignore(self) -> None:
        """Accept no connection: the kernel completes it, and nobody reads. Until ``sober_up``."""
        self._accepting.clear()

    def sober_up(self) -> None:
        """Behave well from now on, and let go of whatever hangs."""
        self._behaviours.clear()
        self.generation += 1
        self._accepting.set()
        if self._listener is None and not self._stopped:
            self.start()

    def released(self, exchange: Exchange) -> bool:
        """Say whether an exchange must hang no longer."""
        return self._stopped or exchange.generation != self.generation

    def served(self, seen: Seen) -> Served:
        """Return the good answer to a request."""
        return self._served.get(seen.path, MISSING)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return  # closed
            self._accepting.wait()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                number = self.connections
                self._open.add(connection)
            self._begin(self._converse, connection, number)

    def _converse(self, connection: socket.socket, number: int) -> None:
        """Answer the requests of one connection, one after the other."""
        try:
            with connection, connection.makefile("rb") as stream, contextlib.suppress(OSError, ValueError):
                count = 0
                while not self._stopped and (seen := self._read(stream, connection, number)) is not None:
                    count += 1
                    with self._lock:
                        self.requests.append(seen)
                    exchange = Exchange(self, connection, count, seen)
                    behaviour = self._behaviours.get(seen.path) or self._behaviours.get(None)
                    if behaviour is None:
                        exchange.good(self.served(seen))
                    else:
                        behaviour(exchange)
                    if not exchange.keep or seen.header("connection") == "close":
                        return
        finally:
            with self._lock:
                self._open.discard(connection)

    def _read(self, stream: BinaryIO, connection: socket.socket, number: int) -> Seen | None:
        """Read one request, body included; return None at the end of the connection."""
        line = stream.readline(MAX_LINE)
        if not line:
            return None
        method, target, _ = line.decode("latin-1").split(" ", 2)
        headers: list[tuple[str, str]] = []
        while (line := stream.readline(MAX_LINE).strip()) != b"":
            name, _, value = line.decode("latin-1").partition(":")
            headers.append((name.strip().lower(), value.strip()))
        seen = Seen(method, target, tuple(headers), b"", number)
        if (seen.header("expect") or "").lower() == "100-continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if (seen.header("transfer-encoding") or "").lower() == "chunked":
            body = b"".join(iter(lambda: _chunk(stream), b""))
        else:
            body = stream.read(int(seen.header("content-length") or 0))
        return Seen(method, target, tuple(headers), body, number)

    def _begin(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, name="drunk", daemon=True)  # type: ignore[arg-type]
        with self._lock:
            self._threads = [known for known in self._threads if known.is_alive()]
            self._threads.append(thread)
            thread.start()

    def _close_listener(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            listener.close()

    def _close_connections(self) -> None:
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def _chunk(stream: BinaryIO) -> bytes:
    """Read one chunk of a chunked body; the last one is empty."""
    size = int(stream.readline(MAX_LINE).partition(b";")[0], 16)
    data = stream.read(size)
    stream.readline(MAX_LINE)
    return data
