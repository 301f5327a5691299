# SPDX-License-Identifier: Apache-2.0
"""A site that stops answering: SIGSTOP plays dead, because its port still accepts connections."""

from __future__ import annotations

import json
import time

import pytest

from tests.integration.three_sites.conftest import CLIENTS
from tests.servers.process import wait_for
from tests.servers.ugr import ask, serving

NO_PROBES = "enabled = no"
"""Without probes only the clients' own questions can find out that a site is silent."""


@pytest.fixture
def files(sites):
    """Fresh names for each test, so that nothing is remembered."""
    stamp = f"{time.monotonic_ns()}"
    names = [f"silence/{stamp}/{number}" for number in range(12)]
    for name in names:
        sites.put(name, b"bytes\n", "geneva", "victoria")
    sites.put(f"silence/{stamp}/only-geneva", b"bytes\n", "geneva")
    return [*names, f"silence/{stamp}/only-geneva"]


def timed(served, path, **how):
    started = time.monotonic()
    reply = served.ask(f"/fed/{path}", source=CLIENTS["geneva"], **how)
    return reply, time.monotonic() - started


def state_of(served, name):
    board = json.loads(served.ask("/-/endpoints", headers={"Accept": "application/json"}).body)
    rows = board["endpoints"] if isinstance(board, dict) else board
    return next(row["state"] for row in rows if row["name"] == name)


def test_cached_answers_come_at_once_and_cold_ones_within_the_deadline(sites, files, tmp_path):
    with serving(tmp_path, sites.configuration(health=NO_PROBES)) as served:
        assert served.ask(f"/fed/{files[0]}", source=CLIENTS["geneva"]).status == 302
        sites.gateway("geneva").pause()
        try:
            reply, seconds = timed(served, files[0])
            assert reply.status == 302
            assert seconds < 0.2
            reply, seconds = timed(served, files[1])
            assert reply.status == 302
            assert reply.location.startswith(sites.gateway("victoria").url)
            assert seconds < 2.5
        finally:
            sites.gateway("geneva").resume()


def test_silent_endpoint_makes_an_unknown_name_503_not_404(sites, files, tmp_path):
    with serving(tmp_path, sites.configuration(health=NO_PROBES)) as served:
        sites.gateway("geneva").pause()
        try:
            reply, seconds = timed(served, files[-1])
            assert reply.status == 503
            assert int(reply.headers["retry-after"]) >= 1
            assert seconds < 2.5
            assert b"geneva" in reply.body
        finally:
            sites.gateway("geneva").resume()
        assert wait_for(lambda: served.ask(f"/fed/{files[-1]}").status == 302, limit=5.0)


def test_breaker_ends_the_waiting_and_two_good_probes_bring_the_endpoint_back(sites, files, tmp_path):
    with serving(tmp_path, sites.configuration()) as served:
        assert wait_for(lambda: state_of(served, "geneva") == "up", limit=5.0)
        sites.gateway("geneva").pause()
        try:
            for name in files[:3]:
                reply, seconds = timed(served, name)
                assert reply.status == 302
                assert seconds < 2.5
            assert wait_for(lambda: state_of(served, "geneva") == "down", limit=6.0)
            reply, seconds = timed(served, files[4])
            assert reply.status == 302
            assert seconds < 0.25, "a client waited for an endpoint that is known to be down"
            assert reply.location.startswith(sites.gateway("victoria").url)
            reply, seconds = timed(served, files[-1])
            assert reply.status == 404
            assert reply.headers["ugr-unasked"] == "geneva"
            assert seconds < 0.25
        finally:
            sites.gateway("geneva").resume()
        resumed = time.monotonic()
        assert wait_for(lambda: state_of(served, "geneva") == "up", limit=5.0)
        assert time.monotonic() - resumed < 3.0, "ten intervals are five seconds; two probes are less than two"
        reply, _ = timed(served, files[5])
        assert reply.location.startswith(sites.gateway("geneva").url)


def test_strict_absence_answers_503_while_an_endpoint_is_down(sites, files, tmp_path):
    with serving(tmp_path, sites.configuration(absence="strict")) as served:
        sites.gateway("geneva").pause()
        try:
            assert wait_for(lambda: state_of(served, "geneva") == "down", limit=6.0)
            reply, seconds = timed(served, files[-1])
            assert reply.status == 503
            assert "retry-after" in reply.headers
            assert seconds < 0.25
            assert timed(served, files[6])[0].status == 302
        finally:
            sites.gateway("geneva").resume()


def test_listing_without_a_silent_endpoint_says_so(sites, files, tmp_path):
    directory = files[0].rpartition("/")[0]
    with serving(tmp_path, sites.configuration()) as served:
        sites.gateway("geneva").pause()
        try:
            reply = served.ask(f"/fed/{directory}/", headers={"Accept": "application/json"})
            assert reply.status == 200
            listing = json.loads(reply.body)
            assert len(listing["entries"]) == 12
            assert "geneva" in {**listing.get("missing", {}), **dict.fromkeys(listing.get("unasked", []))}
            assert wait_for(lambda: state_of(served, "geneva") == "down", limit=6.0)
            assert wait_for(
                lambda: (
                    served.ask(f"/fed/{directory}/", headers={"Accept": "application/json"}).headers.get("ugr-unasked")
                    == "geneva"
                ),
                limit=8.0,
                interval=0.5,
            )
        finally:
            sites.gateway("geneva").resume()


def test_dead_gateway_is_refused_at_once_and_the_others_serve(sites, files, tmp_path):
    with serving(tmp_path, sites.configuration(urls={"geneva": "http://127.0.0.1:9"})) as served:
        reply, seconds = timed(served, files[7])
        assert reply.status == 302
        assert reply.location.startswith(sites.gateway("victoria").url)
        assert seconds < 1.0
        assert ask(reply.location).body == b"bytes\n"
