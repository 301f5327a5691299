# SPDX-License-Identifier: Apache-2.0
"""Two hosts probe endpoints as often as one would, agree on what they find, and each believes its own traffic first."""

from __future__ import annotations

import json
import time

from tests.servers.process import wait_for

INTERVAL = 0.6


def states(cluster, name):
    """Return the states that all workers of all hosts tell of an endpoint."""
    found = set()
    for host in cluster.hosts:
        for _ in range(12):
            reply = host.ask("/-/endpoints", headers={"Accept": "application/json"})
            found |= {row["state"] for row in json.loads(reply.body)["endpoints"] if row["name"] == name}
    return found


def rate(cluster, seconds):
    """Return the probes of each endpoint in a second."""
    before = [site.probes for site in cluster.sites]
    began = time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - began
    return [(site.probes - first) / took for site, first in zip(cluster.sites, before, strict=True)]


def test_two_hosts_probe_as_often_as_one(build):
    cluster = build(health="interval = 600ms\nretry_interval = 200ms")
    assert wait_for(lambda: states(cluster, "near") == states(cluster, "far") == {"up"}, limit=10.0)
    rates = rate(cluster, 6.0)
    print("probes per second of each endpoint", [f"{found:.2f}" for found in rates], "one host alone", 1 / INTERVAL)
    assert all(0.7 / INTERVAL <= found <= 1.35 / INTERVAL for found in rates)


def test_without_memcached_each_host_probes_for_itself(build):
    cluster = build(health="interval = 600ms\nretry_interval = 200ms")
    for memcached in cluster.memcached:
        memcached.kill()
    assert wait_for(lambda: states(cluster, "near") == states(cluster, "far") == {"up"}, limit=10.0)
    assert all(1.6 / INTERVAL <= found <= 2.5 / INTERVAL for found in rate(cluster, 5.0))


def test_endpoint_that_dies_and_comes_back_does_so_on_both_hosts(build):
    cluster = build(health="interval = 600ms\nretry_interval = 200ms\nfailures = 2")
    site = cluster.sites[0]
    assert wait_for(lambda: states(cluster, "near") == {"up"}, limit=10.0)
    site.nginx.kill()
    assert wait_for(lambda: states(cluster, "near") == {"down"}, limit=10.0)
    site.nginx.start()
    assert wait_for(lambda: states(cluster, "near") == {"up"}, limit=10.0)


def test_host_whose_own_questions_fail_looks_for_itself(build):
    cluster = build(health="interval = 60s\nretry_interval = 300ms\nfailures = 2")
    assert wait_for(lambda: states(cluster, "near") == {"up"}, limit=10.0)
    site = cluster.sites[0]
    before = site.probes
    site.link.delay = 1.5
    for number in range(10):
        cluster.a.status(f"/none/{number}")
    site.link.delay = 0.0
    assert wait_for(lambda: site.probes > before, limit=3.0), "the next probe was a minute away"
    assert wait_for(lambda: states(cluster, "near") == {"up"}, limit=10.0)
