# SPDX-License-Identifier: Apache-2.0
"""One connection to a memcached that is none: whatever it says, the event loop goes on and the answer is None soon."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.servers.memcached import Memcached as Server
from tests.servers.process import HOST, free_port
from ugr.federation import memcached
from ugr.federation.memcached import Memcached

TIMEOUT = 0.1


def trickle(connection):
    """Answer a byte every 40 ms, for ever: no single wait is long."""
    connection.sendall(b"VALUE key 0 1000000\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.04)


def flood(connection):
    """Send a line that does not end."""
    while True:
        connection.sendall(b"x" * 65536)


def hang(connection):
    """Take the question, and say nothing."""
    connection.recv(1)


def says(text):
    def answer(connection):
        connection.sendall(text)
        time.sleep(0.5)

    answer.__name__ = text.decode(errors="replace").strip()[:30] or "nothing"
    return answer


BEHAVIOURS = [
    trickle,
    flood,
    hang,
    *map(
        says,
        (
            b"",
            b"\r\n",
            b"garbage\r\n",
            b"VALUE\r\n",
            b"VALUE another 0 1\r\nx\r\nEND\r\n",
            b"VALUE key 0 many\r\nx\r\nEND\r\n",
            b"VALUE key 0 -5\r\nx\r\nEND\r\n",
            b"VALUE key 0 99999999999999\r\nx\r\nEND\r\n",
            b"VALUE key 0 5\r\nx\r\nEND\r\n",
            b"SERVER_ERROR out of memory\r\n",
            b"CLIENT_ERROR bad command\r\n",
            b"ERROR\r\n",
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            b"\xff\xfe\0\0",
        ),
    ),
]


@contextlib.contextmanager
def listening(behaviour: Callable[[socket.socket], None]) -> Iterator[str]:
    """Listen on a port; each connection is served in a thread of its own."""
    with socket.create_server((HOST, free_port())) as server:

        def serve(connection):
            with connection, contextlib.suppress(OSError):
                connection.recv(4096)
                behaviour(connection)
                connection.recv(65536)

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"{HOST}:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def run(test):
    asyncio.run(asyncio.wait_for(test, 30))


def key(client):
    return client.get("key", b"none")


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.__name__)
def test_answer_is_none_soon_and_the_server_is_left_alone(behaviour):
    async def test():
        with listening(behaviour) as address:
            server = Memcached(address, TIMEOUT)
            began = time.monotonic()
            found = await asyncio.gather(*(server.ask(key) for _ in range(5)))
            took = time.monotonic() - began
            assert found in ([None] * 5, [b"none"] * 5)
            assert took < 2.5 * TIMEOUT
            if found[0] is None:
                assert not server.usable
                began = time.monotonic()
                assert await server.ask(key) is None
                assert time.monotonic() - began < 0.02
            server.close()

    run(test())


def test_refused_connection_is_one_that_failed():
    async def test():
        server = Memcached(f"{HOST}:{free_port()}", TIMEOUT)
        assert await server.ask(key) is None
        assert not server.usable
        server.close()

    run(test())


def test_server_that_comes_back_is_found_by_whoever_looks_again(monkeypatch):
    monkeypatch.setattr(memcached, "REST", 0.2)

    async def test():
        with Server("memcached-back") as real:
            server = Memcached(real.address, TIMEOUT)
            assert await server.ask(key) == b"none"
            real.pause()
            assert await server.ask(key) is None
            real.resume()
            assert await server.ask(key, again=True) is None, "it has rest"
            await asyncio.sleep(0.3)
            assert await server.ask(key) is None, "others wait until it answered"
            assert await server.ask(key, again=True) == b"none"
            assert await server.ask(key) == b"none"
            server.close()

    run(test())


def test_more_questions_than_may_wait_are_answered_at_once(monkeypatch):
    monkeypatch.setattr(memcached, "WAITING", 10)

    async def test():
        with Server("memcached-busy") as real:
            server = Memcached(real.address, 1.0)
            assert await server.ask(key) == b"none"
            release = threading.Event()
            held = [asyncio.create_task(server.ask(lambda client: release.wait(0.5))) for _ in range(10)]
            await asyncio.sleep(0.05)
            assert await server.ask(key) is None
            assert server.usable, "there is nothing wrong with it"
            release.set()
            assert await asyncio.gather(*held) == [True] * 10
            assert await server.ask(key) == b"none"
            server.close()

    run(test())


def test_connection_by_a_unix_socket(tmp_path):
    async def test():
        server = Memcached(f"unix:{tmp_path}/memcached.sock", TIMEOUT)
        assert await server.ask(lambda client: client.set("key", b"x", expire=60, noreply=False)) is True
        assert await server.ask(key) == b"x"
        server.close()

    class Local(Server):
        def __init__(self):
            super().__init__("memcached-unix")
            at = self.argv.index("-l")
            self.argv[at : at + 6] = ["-s", f"{tmp_path}/memcached.sock"]
            self.ready = (tmp_path / "memcached.sock").exists

    with Local():
        run(test())
