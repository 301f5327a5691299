# SPDX-License-Identifier: Apache-2.0
"""Clients that are slow to ask: the others notice nothing of them."""

from __future__ import annotations

import re
import socket
import time

from tests.integration.slow_clients.conftest import PATIENCE, Slow, request, rest
from tests.servers.process import wait_for

HALF = b"GET /fed/few/f HTTP/1.1\r\nHost: fed.example\r\n"
BODY = "Content-Length: 50"
PROPFIND = ("PROPFIND", "/fed/few/", "Depth: 0")


def test_crowd_of_half_requests_stops_nobody(slow: Slow) -> None:
    slow.seconds("/fed/few/f", 302)
    with slow.crowd(300, HALF):
        for _ in range(10):
            assert slow.seconds("/-/health/live", 200) < 1.0
            assert slow.seconds("/fed/few/f", 302) < 1.0


def test_crowd_that_says_nothing_stops_nobody(slow: Slow) -> None:
    with slow.crowd(300, b""):
        assert slow.seconds("/-/health/live", 200) < 1.0
        assert slow.seconds("/fed/few/f", 302) < 1.0


def test_crowd_of_half_bodies_stops_nobody(slow: Slow) -> None:
    for headers in ([BODY], ["Transfer-Encoding: chunked"]):
        with slow.crowd(100, request(*PROPFIND, *headers, body="<a")):
            for _ in range(5):
                assert slow.seconds("/-/health/live", 200) < 1.0
                assert slow.seconds("/fed/few/f", 302) < 1.0


def test_body_that_does_not_come_is_408_within_the_deadline(slow: Slow) -> None:
    cases = (BODY, "<a"), ("Content-Length: 60000", "<a"), ("Transfer-Encoding: chunked", "2\r\n<a")
    for number, (header, body) in enumerate(cases):
        target = f"/fed/few/?case={number}"
        with slow.connect(request("PROPFIND", target, "Depth: 0", header, body=body)) as client:
            began = time.monotonic()
            answer = rest(client)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"408 too-slow: " in answer
        assert b"\r\nUgr-Request-Id: " in answer
        assert 1.0 < time.monotonic() - began < 4.0
        assert wait_for(lambda number=number: len(slow.said(query=f"case={number}", error="too-slow")) == 1, limit=5.0)


def test_body_that_trickles_is_408_within_the_deadline(slow: Slow) -> None:
    with slow.connect(request(*PROPFIND, "Transfer-Encoding: chunked")) as client:
        began = time.monotonic()
        client.settimeout(0.2)
        answer = b""
        while b"\r\n\r\n" not in answer and time.monotonic() - began < 10:
            client.sendall(b"1\r\n \r\n")
            try:
                answer += client.recv(4096)
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - began < 4.0


def test_head_that_trickles_is_408_in_the_end(slow: Slow) -> None:
    with slow.connect(b"GET /fed/few/f HT") as client:
        began = time.monotonic()
        client.settimeout(0.2)
        answer = b""
        while b"\r\n\r\n" not in answer and time.monotonic() - began < 10:
            client.sendall(b"x")
            try:
                answer += client.recv(4096)
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert PATIENCE - 0.5 < time.monotonic() - began < PATIENCE + 2.0


def test_request_in_pieces_is_answered(slow: Slow) -> None:
    whole = request(*PROPFIND, BODY, body="<propfind xmlns='DAV:'><allprop/></propfind>      ")
    with slow.connect() as client:
        for start in range(0, len(whole), 9):
            client.sendall(whole[start : start + 9])
            time.sleep(0.01)
        assert client.recv(65536).startswith(b"HTTP/1.1 207 ")


def test_body_that_comes_when_it_is_asked_for_is_read(slow: Slow) -> None:
    body = "<propfind xmlns='DAV:'><allprop/></propfind>"
    with slow.connect(request(*PROPFIND, f"Content-Length: {len(body)}", "Expect: 100-continue")) as client:
        assert client.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(body.encode())
        assert client.recv(65536).startswith(b"HTTP/1.1 207 ")


def test_requests_that_come_at_once_are_answered_in_order(slow: Slow) -> None:
    asked = (
        request("GET", "/fed/few/f")
        + request("GET", "/fed/few/none")
        + request("GET", "/-/health/live", "Connection: close")
    )
    with slow.connect(asked) as client:
        statuses = re.findall(rb"HTTP/1\.1 (\d+) ", rest(client))
    assert statuses == [b"302", b"404", b"200"]


def test_client_that_only_asks_and_never_reads_takes_no_thread(slow: Slow) -> None:
    many = request("GET", "/fed/few/f") * 400
    with slow.crowd(40, b"", buffer=4096) as clients:
        for client in clients:
            client.setblocking(False)
            for _ in range(40):
                try:
                    client.send(many)
                except BlockingIOError:
                    break
        for _ in range(10):
            assert slow.seconds("/-/health/live", 200) < 2.0


def test_clients_that_do_not_close_hold_up_nobody(slow: Slow) -> None:
    with slow.crowd(60, request("GET", "/fed/few/f", "Connection: close")):
        for _ in range(5):
            assert slow.seconds("/-/health/live", 200) < 1.0


def test_client_that_sends_half_a_request_and_closes_its_side_is_answered_when_it_can_be(slow: Slow) -> None:
    with slow.connect(request(*PROPFIND, BODY, body="<a")) as client:
        client.shutdown(socket.SHUT_WR)
        assert rest(client).startswith(b"HTTP/1.1 400 ")
    with slow.connect(request("GET", "/fed/few/f")) as client:
        client.shutdown(socket.SHUT_WR)
        assert client.recv(4096).startswith(b"HTTP/1.1 302 ")
