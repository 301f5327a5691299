# SPDX-License-Identifier: Apache-2.0
"""The relay fails in the way that it is told to, and then no more."""

from __future__ import annotations

import http.client
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from tests.servers.process import HOST
from tests.servers.relay import Relay


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.path)))
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, *_: object) -> None:
        return


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Connections that the relay resets are what is tested."""


@pytest.fixture
def relay() -> Iterator[Relay]:
    with Server((HOST, 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        with Relay(server.server_address[1]) as one:
            yield one
        server.shutdown()
        thread.join(5)


def ask(relay: Relay, target: str = "/hello") -> bytes:
    connection = http.client.HTTPConnection(HOST, relay.port, timeout=0.3)
    try:
        connection.request("GET", target)
        return connection.getresponse().read()
    finally:
        connection.close()


def test_a_relay_passes_on(relay):
    assert ask(relay) == b"/hello"


@pytest.mark.parametrize(
    ("trouble", "error"),
    [("down", ConnectionRefusedError), ("hang", TimeoutError), ("garble", http.client.BadStatusLine)],
)
def test_trouble_is_there_until_it_is_over(relay, trouble, error):
    getattr(relay, trouble)()
    with pytest.raises(error):
        ask(relay)
    relay.up()
    assert ask(relay) == b"/hello"


def test_a_stalled_request_is_known_by_its_text(relay):
    relay.stall(b"second")
    assert ask(relay, "/first") == b"/first"
    with pytest.raises(TimeoutError):
        ask(relay, "/second")
    relay.up()
    assert ask(relay, "/second") == b"/second"


def test_trouble_breaks_open_connections(relay):
    connection = http.client.HTTPConnection(HOST, relay.port, timeout=2)
    connection.request("GET", "/one")
    assert connection.getresponse().read() == b"/one"
    relay.down()
    connection.request("GET", "/two")
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        connection.getresponse()
    connection.close()
