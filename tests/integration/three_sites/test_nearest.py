# SPDX-License-Identifier: Apache-2.0
"""Three Ceph sites, one namespace: each client is sent, by a signed URL, to the closest copy."""

from __future__ import annotations

import json
import time
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tests.integration.three_sites.conftest import CLIENTS, PLACES
from tests.servers.slow import SlowLink
from tests.servers.ugr import ask, serving

NAMES = [
    "plain.root",
    "with space.root",
    "percent%20literal",
    "hash#question?and&plus+colon:semi;equal=.root",
    "quote'\"<>.root",
    "Ω-日本語-é.root",
]


@pytest.fixture(scope="module")
def ugr(sites, tmp_path_factory):
    sites.put("d/everywhere", b"everywhere\n")
    sites.put("d/only-geneva", b"geneva\n", "geneva")
    sites.put("d/west", b"west\n", "vancouver", "victoria")
    for name in NAMES:
        sites.put(f"names/{name}", name.encode(), "victoria")
    with serving(tmp_path_factory.mktemp("nearest"), sites.configuration()) as served:
        yield served


def endpoint_of(sites, location):
    """Return the site whose gateway a location points to."""
    return next(site for site in PLACES if location.startswith(sites.gateway(site).url + "/"))


@pytest.mark.parametrize("place", PLACES)
def test_client_is_sent_to_the_closest_copy_and_gets_the_bytes(ugr, sites, place):
    reply = ugr.ask("/fed/d/everywhere", source=CLIENTS[place])
    assert reply.status == 302
    assert endpoint_of(sites, reply.location) == place
    assert reply.headers["cache-control"] == "private, no-store"
    fetched = ask(reply.location)
    assert (fetched.status, fetched.body) == (200, b"everywhere\n")


@pytest.mark.parametrize("place", PLACES)
def test_answer_from_the_cache_is_the_closest_too(ugr, sites, place):
    for _ in range(2):
        reply = ugr.ask("/fed/d/everywhere", source=CLIENTS[place])
        assert endpoint_of(sites, reply.location) == place


def test_client_near_a_site_without_the_file_is_sent_to_the_next(ugr, sites):
    assert endpoint_of(sites, ugr.ask("/fed/d/west", source=CLIENTS["victoria"]).location) == "victoria"
    assert endpoint_of(sites, ugr.ask("/fed/d/west", source=CLIENTS["vancouver"]).location) == "vancouver"
    for place in PLACES:
        assert endpoint_of(sites, ugr.ask("/fed/d/only-geneva", source=CLIENTS[place]).location) == "geneva"


def test_range_request_works_at_the_location(ugr):
    location = ugr.ask("/fed/d/everywhere").location
    part = ask(location, headers={"Range": "bytes=5-9"})
    assert (part.status, part.body) == (206, b"where")


def test_tampered_url_is_refused(ugr):
    location = ugr.ask("/fed/d/everywhere").location
    signature = parse_qs(urlsplit(location).query)["X-Amz-Signature"][0]
    other = ("0" if signature[0] != "0" else "1") + signature[1:]
    assert ask(location.replace(signature, other)).status == 403
    assert ask(location.replace("everywhere", "west")).status == 403


def test_url_for_reading_is_refused_for_every_other_method(ugr):
    location = ugr.ask("/fed/d/everywhere").location
    assert ask(location, "PUT", body=b"x").status == 403
    assert ask(location, "DELETE").status == 403
    assert ask(location, "HEAD").status == 403
    assert ask(location).body == b"everywhere\n"


def test_expired_url_is_refused(sites, tmp_path):
    configuration = sites.configuration().replace("url_lifetime = 60s", "url_lifetime = 1s")
    with serving(tmp_path, configuration) as served:
        location = served.ask("/fed/d/everywhere").location
        time.sleep(2.2)
        assert ask(location).status == 403


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names_work_end_to_end(ugr, name):
    listing = json.loads(ugr.ask("/fed/names/", headers={"Accept": "application/json"}).body)
    assert name in [entry["name"] for entry in listing["entries"]]
    reply = ugr.ask("/fed/names/" + quote(name, safe=""))
    assert reply.status == 302
    reply.location.encode("ascii")
    assert ask(reply.location).body == name.encode()


def test_name_of_a_thousand_characters_works_end_to_end(ugr, sites):
    key = "names/" + "/".join(["long" * 31] * 8) + "/end"
    sites.put(key, b"long", "geneva")
    assert len(key) > 1000
    assert ask(ugr.ask(f"/fed/{key}").location).body == b"long"


def test_head_is_answered_here_with_size_time_and_etag(ugr):
    reply = ugr.ask("/fed/d/everywhere", "HEAD")
    assert reply.status == 200
    assert reply.headers["content-length"] == "11"
    assert "last-modified" in reply.headers
    assert reply.headers["etag"].startswith('"ugr-')
    assert "location" not in reply.headers


def test_listing_is_merged_over_the_sites(ugr):
    entries = json.loads(ugr.ask("/fed/d/", headers={"Accept": "application/json"}).body)["entries"]
    assert sorted(entry["name"] for entry in entries) == ["everywhere", "only-geneva", "west"]


def test_missing_file_is_404_after_everybody_said_so(ugr):
    reply = ugr.ask("/fed/d/nowhere")
    assert reply.status == 404
    assert "ugr-unasked" not in reply.headers


def test_nearest_that_is_200_ms_slower_still_wins_cold(sites, tmp_path):
    sites.put("d/cold", b"cold\n")
    with (
        SlowLink(sites.gateway("geneva").port, 0.2) as link,
        serving(tmp_path, sites.configuration(urls={"geneva": link.url})) as served,
    ):
        reply = served.ask("/fed/d/cold", source=CLIENTS["geneva"])
        assert endpoint_of(sites, reply.location) == "geneva"
        started = time.monotonic()
        assert endpoint_of(sites, served.ask("/fed/d/west", source=CLIENTS["victoria"]).location) == "victoria"
        assert time.monotonic() - started < 0.2, "a client far from the slow site waited for it"
