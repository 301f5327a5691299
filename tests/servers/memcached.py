# SPDX-License-Identifier: Apache-2.0
"""memcached in the foreground, and a connection to it that knows no key by heart.

Knows: how it is started, its text protocol as far as tests need it. Refuses to know: what ugr
keeps there.
"""

from __future__ import annotations

import os
import socket
from contextlib import closing

from tests.servers.process import HOST, Daemon, environment, free_port, listening, require


class Memcached(Daemon):
    """One memcached: ``with Memcached() as memcached: memcached.address``."""

    def __init__(self, name: str = "memcached", *, megabytes: int = 64) -> None:
        self.port = free_port()
        self.address = f"{HOST}:{self.port}"
        program = require("memcached", package="memcached")
        words = [program, "-l", HOST, "-p", str(self.port), "-U", "0", "-m", str(megabytes)]
        super().__init__(
            name,
            [*words, *(("-u", "root") if os.geteuid() == 0 else ())],
            ready=lambda: listening(self.port),
            env=environment(),
        )

    def say(self, command: bytes, end: bytes = b"END\r\n") -> bytes:
        """Send one command and return the answer up to its end."""
        with closing(socket.create_connection((HOST, self.port), timeout=5.0)) as connection:
            connection.sendall(command + b"\r\n")
            answer = b""
            while not answer.endswith((end, b"ERROR\r\n")):
                data = connection.recv(65536)
                if not data:
                    break
                answer += data
            return answer

    def kept(self) -> list[str]:
        """Return all keys that it holds."""
        lines = self.say(b"lru_crawler metadump all").decode().splitlines()
        return [line.split()[0].removeprefix("key=") for line in lines if line.startswith("key=")]

    def get(self, key: str) -> bytes | None:
        """Return one value."""
        answer = self.say(f"get {key}".encode())
        if not answer.startswith(b"VALUE"):
            return None
        head, _, rest = answer.partition(b"\r\n")
        return rest[: int(head.split()[3])]

    def put(self, key: str, value: bytes) -> None:
        """Write a value under a key."""
        answer = self.say(f"set {key} 0 600 {len(value)}\r\n".encode() + value, end=b"\r\n")
        assert answer == b"STORED\r\n", answer

    def flush(self) -> None:
        """Forget everything."""
        assert self.say(b"flush_all", end=b"\r\n") == b"OK\r\n"

    def stat(self, name: str) -> int:
        """Return one of its counters."""
        lines = self.say(b"stats").decode().splitlines()
        return next(int(line.split()[2]) for line in lines if line.startswith(f"STAT {name} "))
