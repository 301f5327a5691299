# SPDX-License-Identifier: Apache-2.0
"""Servers on 127.0.0.1 that answer as a test tells them to, well or badly."""

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Seen:
    """A request as the server saw it, and on which connection."""

    connection: int
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Connection:
    """One accepted connection; a server's script reads and writes it."""

    def __init__(self, server, sock, number):
        self.server = server
        self.socket = sock
        self.number = number
        self.answered = 0
        self._buffer = b""

    def read(self):
        """Return the next request, None at the end."""
        while b"\r\n\r\n" not in self._buffer:
            data = self.socket.recv(65536)
            if not data:
                return None
            self._buffer += data
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        while len(self._buffer) < length:
            data = self.socket.recv(65536)
            if not data:
                return None
            self._buffer += data
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        seen = Seen(self.number, method, target, headers, body)
        self.server.seen.append(seen)
        return seen

    def send(self, data):
        self.socket.sendall(data)

    def answer(self, body=b"ok", status="200 OK", headers=(), head=False):
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in headers)]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (b"" if head else body))
        self.answered += 1

    def wait_for_end(self):
        """Return when the other side has closed; whatever it sends until then is dropped."""
        while self.socket.recv(65536):
            pass

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class Server:
    """Runs ``script(connection)`` in a thread for each connection; its end closes the connection."""

    def __init__(self, script: Callable[[Connection], None], tls: ssl.SSLContext | None = None, host="127.0.0.1"):
        self.script = script
        self.tls = tls
        self.seen = []
        self.connections = 0
        self.open = 0
        self._changed = threading.Condition()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family, backlog=1024)
        self.port = self._listener.getsockname()[1]
        self._sockets = set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join(5)
        self._listener.close()
        for sock in list(self._sockets):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in self._threads[1:]:
            thread.join(5)

    def wait(self, condition, seconds=5.0):
        """Wait until ``condition()`` holds; return whether it does."""
        until = time.monotonic() + seconds
        with self._changed:
            while not condition() and time.monotonic() < until:
                self._changed.wait(0.01)
        return condition()

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._threads = [self._threads[0], *(thread for thread in self._threads[1:] if thread.is_alive())]
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock):
        with self._changed:
            self.connections += 1
            self.open += 1
            number = self.connections
            self._changed.notify_all()
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls is not None:
                sock = self.tls.wrap_socket(sock, server_side=True)
            self._sockets.add(sock)
            self.script(Connection(self, sock, number))
        except OSError:
            pass  # the client went away, or refused our certificate: that is what many tests are about
        finally:
            self._sockets.discard(sock)
            sock.close()
            with self._changed:
                self.open -= 1
                self._changed.notify_all()


def plain(connection):
    """Answer every request with its own target, at once, and keep the connection."""
    while (seen := connection.read()) is not None:
        connection.answer(seen.target.encode(), head=seen.method == "HEAD")


def raw(data, then=None):
    """Make a script that answers the first request with these bytes and hangs up."""

    def script(connection):
        connection.read()
        connection.send(data)
        if then is not None:
            then(connection)

    return script
