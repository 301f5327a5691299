# SPDX-License-Identifier: Apache-2.0
"""Something behind a front server that behaves badly on purpose: it dies, or it takes its time.

Knows: just enough HTTP to be asked. Refuses to know: ugr, front servers.
"""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import Self

from tests.servers.process import HOST

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"
PIECES = 5
CHUNKED = b"HTTP/1.1 207 Multi-Status\r\nTransfer-Encoding: chunked\r\n\r\n"


class Upstream:
    """``with Upstream(place) as upstream:``, on a Unix socket, or on a port of 127.0.0.1.

    ``GET /good`` is answered and the connection kept. What is asked for below ``/die`` is written
    down in ``asked`` and the connection closed without a word. ``/trickle`` sends the head of an
    answer, then its body in ``PIECES`` pieces, each when ``go_on`` is released once more; ``sent``
    is when.
    """

    def __init__(self, place: Path | int) -> None:
        self.asked: list[str] = []
        self.connections = 0
        self.go_on = threading.Semaphore(0)
        self.sent: list[float] = []
        self._socket = socket.socket(socket.AF_UNIX if isinstance(place, Path) else socket.AF_INET)
        if isinstance(place, int):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(str(place) if isinstance(place, Path) else (HOST, place))
        if isinstance(place, Path):
            place.chmod(0o777)

    def __enter__(self) -> Self:
        self._socket.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on.release(PIECES)
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            while line := stream.readline().decode():
                method, target, _ = line.split()
                while stream.readline().strip():
                    pass
                path = target.partition("?")[0]
                if path in ("/-/health/ready", "/good"):
                    connection.sendall(GOOD)
                elif path == "/trickle":
                    connection.sendall(CHUNKED)
                    for _ in range(PIECES):
                        self.go_on.acquire(timeout=20)
                        self.sent.append(time.monotonic())
                        connection.sendall(b"5\r\npiece\r\n")
                    connection.sendall(b"0\r\n\r\n")
                else:
                    self.asked.append(f"{method} {target}")
                    return
