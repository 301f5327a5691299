# SPDX-License-Identifier: Apache-2.0
"""Clients that are slow to read: the one that takes nothing is cut, the one that takes little is not."""

from __future__ import annotations

import socket
import time

import pytest

from tests.integration.slow_clients.conftest import BIG, PATIENCE, Slow, request, rest
from tests.servers.process import wait_for

JSON = {"Accept": "application/json"}
LISTING = ("GET", "/fed/many/", "Accept: application/json")


def open_places(slow: Slow, target: str, headers: dict[str, str] | None = None) -> bool:
    return slow.ask(target, headers=headers).status == 200


def begun(clients: list[socket.socket]) -> bool:
    """Wait until each has been sent something."""
    return all(client.recv(1, socket.MSG_PEEK) == b"H" for client in clients)


def test_client_that_never_reads_a_listing_gives_back_its_place(slow: Slow) -> None:
    with slow.crowd(2, request(*LISTING), buffer=4096) as clients:
        assert begun(clients)
        assert b"too many requests are listing directories" in slow.ask("/fed/few/", headers=JSON).body
        assert slow.seconds("/fed/few/f", 302) < 1.0
        assert wait_for(lambda: open_places(slow, "/fed/few/", JSON), limit=PATIENCE + 5.0)
    assert wait_for(lambda: len(slow.said(decision="list", aborted=True)) >= 2, limit=5.0)


def test_client_that_never_reads_a_file_gives_back_its_place(slow: Slow) -> None:
    big, few = slow.location("/big"), slow.location("/few/f")
    cut = len(slow.said(decision="data", aborted=True))
    with slow.crowd(2, request("GET", big), buffer=4096) as clients:
        assert begun(clients)
        assert b"too many requests are reading data" in slow.ask(few).body
        assert slow.seconds("/fed/few/", 200, JSON) < 1.0
        assert wait_for(lambda: len(slow.said(decision="data", aborted=True)) == cut + 2, limit=PATIENCE + 5.0)
        assert open_places(slow, few)
        for client in clients:
            with pytest.raises(ConnectionResetError):
                rest(client)


def test_transfers_under_way_leave_the_places_of_those_that_wait(slow: Slow) -> None:
    big = slow.location("/big")
    with slow.crowd(40, request("GET", big), buffer=4096):
        for _ in range(10):
            assert slow.ask("/fed/few/none", timeout=5.0).status == 404


def test_client_that_takes_a_little_at_a_time_is_not_cut(slow: Slow) -> None:
    with slow.connect(request("GET", slow.location("/big"), "Connection: close"), buffer=65536) as client:
        began, taken = time.monotonic(), 0
        while time.monotonic() - began < 2 * PATIENCE:
            taken += len(client.recv(16384))
            time.sleep(0.25)
        assert taken < BIG // 8
        left = len(rest(client))
    assert taken + left > BIG
