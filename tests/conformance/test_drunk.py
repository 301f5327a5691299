# SPDX-License-Identifier: Apache-2.0
"""The drunk server does what each of its behaviours says, and sobers up."""

import contextlib
import http.client
import json
import socket
import threading
import time

import pytest

from ugr.testing.drunk import BEHAVIOURS, DrunkServer


@pytest.fixture
def server():
    with DrunkServer() as server:
        server.serve("/file", b"the bytes", headers={"Content-Type": "text/plain"})
        yield server


@contextlib.contextmanager
def connected(server, timeout=5.0):
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout) as connection:
        yield connection


def ask(connection, path="/file", method="GET"):
    connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode())


def read_to_the_end(connection):
    while connection.recv(65536):
        time.sleep(0.01)


def raw(server, path="/file", method="GET", limit=4 << 20):
    """Return all that comes until the connection ends or falls silent, and how it ended."""
    received = b""
    with connected(server, 0.3) as connection:
        ask(connection, path, method)
        try:
            while len(received) < limit:
                piece = connection.recv(65536)
                if not piece:
                    return received, "closed"
                received += piece
        except TimeoutError:
            return received, "silent"
        except ConnectionResetError:
            return received, "reset"
    return received, "endless"


def get(server, path="/file"):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def test_sober_it_answers_well(server):
    assert get(server) == (200, {"Content-Length": "9", "Content-Type": "text/plain"}, b"the bytes")
    assert get(server, "/else")[0] == 404
    assert raw(server, method="HEAD")[0].endswith(b"\r\n\r\n")


def test_it_remembers_requests_as_they_came(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    connection.request("PUT", "/a%2Fb?c=d", body=b"sent", headers={"X-Said": "so"})
    connection.getresponse().read()
    connection.request("PUT", "/chunked", body=iter([b"one", b"two"]), encode_chunked=True)
    connection.getresponse().read()
    connection.close()
    first, second = server.requests
    assert (first.method, first.target, first.path, first.body) == ("PUT", "/a%2Fb?c=d", "/a%2Fb", b"sent")
    assert first.header("x-said") == "so"
    assert second.body == b"onetwo"
    assert (first.connection, second.connection, server.connections) == (1, 1, 1)


def test_a_behaviour_is_for_one_path_or_for_all_others(server):
    server.behave("broken")
    server.behave("busy", path="/file")
    assert get(server)[0] == 429
    assert get(server, "/else")[0] == 500
    server.sober_up()
    assert get(server)[0] == 200


def test_a_behaviour_may_be_a_function(server):
    server.behave(lambda exchange: exchange.head("299 Odd", "Content-Length: 0"))
    assert get(server)[0] == 299


EXPECTED = {
    "silent": (b"", "silent"),
    "hang-in-headers": (b"HTTP/1.1 200 OK\r\nContent-Len", "silent"),
    "hang-after-headers": (b"Content-Length: 1000\r\n\r\n", "silent"),
    "hang-in-body": (b"\r\n\r\n" + b"x" * 500, "silent"),
    "truncated-body": (b"\r\n\r\n" + b"x" * 500, "closed"),
    "body-too-long": (b"Content-Length: 10\r\n\r\n" + b"x" * 30, "silent"),
    "truncated-chunks": (b"40\r\n" + b"x" * 20, "closed"),
    "bad-chunks": (b"twenty\r\n", "silent"),
    "two-lengths": (b"Content-Length: 5\r\nContent-Length: 7\r\n\r\nxxxxxxx", "silent"),
    "negative-length": (b"Content-Length: -5\r\n\r\n", "closed"),
    "no-length": (b"Connection: close\r\n\r\nthe bytes", "closed"),
    "garbage-status": (b"\x00\xff\xfeSSH-2.0-sorry\r\n\r\n", "closed"),
    "control-bytes-in-headers": (b"ETag: \x01\x1b[31m\x7f\r\n", "silent"),
    "reset": (b"", "reset"),
    "close": (b"", "closed"),
    "slow-first-byte": (b"", "silent"),
    "not-found": (b"HTTP/1.1 404 ", "silent"),
    "denied": (b"HTTP/1.1 403 ", "silent"),
    "unauthorized": (b"WWW-Authenticate: Basic", "silent"),
    "broken": (b"HTTP/1.1 500 ", "silent"),
    "busy": (b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\n", "silent"),
    "unavailable": (b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: soon\r\n", "silent"),
    "redirect-circle": (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:", "silent"),
    "garbage-json": (b'{"name": ', "silent"),
    "wrong-json": (b'{"error": [null', "silent"),
    "garbage-xml": (b"<response></multistatus>", "silent"),
    "xml-bomb": (b"<d>&e9;</d>", "silent"),
    "html": (b"Please log in", "silent"),
    "endless-body": (b"Transfer-Encoding: chunked\r\n\r\n10000\r\nxxx", "endless"),
    "huge-json": (b'"type": "file", "size": 1},', "endless"),
    "huge-xml": (b"<response><href>", "endless"),
}
OTHERWISE = {"slow-body", "giant-headers", "reset-in-body", "stale"}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_behaviour_is_as_described(server, name):
    server.behave(name)
    received, end = raw(server)
    part, expected_end = EXPECTED[name]
    assert part in received
    assert end == expected_end


def test_every_behaviour_is_tested_and_described():
    assert BEHAVIOURS.keys() == EXPECTED.keys() | OTHERWISE
    assert all(behaviour.__doc__ for behaviour in BEHAVIOURS.values())


def test_a_reset_in_the_body_comes_after_a_good_start(server):
    server.behave("reset-in-body")
    with connected(server) as connection:
        ask(connection)
        with pytest.raises(ConnectionResetError):
            read_to_the_end(connection)


def test_a_slow_body_comes_whole(server):
    server.behave("slow-body")
    started = time.monotonic()
    assert get(server)[2] == b"x" * 100
    assert time.monotonic() - started > 0.9


def test_giant_headers_are_two_megabytes(server):
    server.behave("giant-headers")
    assert len(raw(server)[0]) > 2_000_000


def test_a_stale_connection_is_closed_at_its_second_request(server):
    server.behave("stale")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    connection.request("GET", "/file")
    assert connection.getresponse().read() == b"the bytes"
    connection.request("GET", "/file")
    with pytest.raises(http.client.RemoteDisconnected):
        connection.getresponse()
    connection.close()
    assert len(server.requests) == 2


def test_huge_json_is_json(server):
    server.behave("huge-json")
    assert len(json.loads(get(server)[2])) > 1_000_000


def test_refused_connections_are_accepted_again_on_the_same_port(server):
    port = server.port
    server.refuse()
    with pytest.raises(ConnectionRefusedError):
        get(server)
    server.sober_up()
    assert server.port == port
    assert get(server)[0] == 200


def test_ignored_connections_are_answered_after_sobering_up(server):
    server.ignore()
    with connected(server) as connection:
        ask(connection)
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        server.sober_up()
        connection.settimeout(5)
        assert connection.recv(12) == b"HTTP/1.1 200"


def test_what_hangs_is_let_go_and_no_thread_is_left():
    before = threading.active_count()
    with DrunkServer() as server, contextlib.ExitStack() as stack:
        server.behave("hang-in-body")
        connections = [stack.enter_context(connected(server)) for _ in range(5)]
        for connection in connections:
            ask(connection)
        for connection in connections:
            assert connection.recv(12) == b"HTTP/1.1 200"
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before
