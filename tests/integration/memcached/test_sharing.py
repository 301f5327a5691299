# SPDX-License-Identifier: Apache-2.0
"""Two hosts remember together: what one asked the endpoints, the other does not ask."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time

from tests.integration.memcached.conftest import WORKERS
from tests.servers.process import environment, wait_for

PATHS = [f"/d/{number:03}" for number in range(40)]


def names(host, path):
    reply = host.ask(f"/fed{path}", headers={"Accept": "application/json"})
    return sorted(entry["name"] for entry in json.loads(reply.body)["entries"])


def test_what_one_host_asked_the_other_does_not_ask(cluster):
    for path in PATHS:
        cluster.put(path)
    assert {cluster.a.status(path) for path in PATHS} == {302}
    assert {cluster.a.status(f"{path}-none") for path in PATHS} == {404}
    assert wait_for(lambda: len(cluster.holding("n")) == 2 * len(PATHS), limit=5.0)
    before = cluster.total()
    assert {cluster.b.status(path) for path in PATHS} == {302}
    assert {cluster.b.status(f"{path}-none") for path in PATHS} == {404}
    assert cluster.total() == before
    assert {memcached for memcached, _ in cluster.holding("n")} == set(cluster.memcached), "both keep something"


def test_cache_level_is_told(cluster):
    cluster.put("/f")
    assert cluster.a.source("/f") is None
    assert wait_for(lambda: len(cluster.holding("n")) == 1, limit=5.0)
    assert cluster.b.source("/f") == "L2"
    assert wait_for(lambda: cluster.b.source("/f") == "L1", limit=5.0)


def test_listing_that_one_host_read_is_not_read_by_the_other(cluster):
    for path in PATHS:
        cluster.put(path)
    listed = names(cluster.a, "/d/")
    assert len(listed) == len(PATHS)
    assert wait_for(lambda: len(cluster.holding("d")) == 1, limit=5.0)
    before = cluster.asked("/d/", "GET")
    assert names(cluster.b, "/d/") == listed
    assert cluster.asked("/d/", "GET") == before


def test_big_listing_is_kept_in_pieces(build):
    cluster = build()
    site = cluster.sites[0]
    dice = random.Random(1)
    for _ in range(20_000):
        (site.files / dice.randbytes(60).hex()).touch()
    listed = names(cluster.a, "/")
    assert len(listed) == 20_000
    assert wait_for(lambda: len(cluster.holding("d")) == 1, limit=10.0)
    assert len(cluster.holding("p")) >= 2
    before = cluster.asked("/", "GET")
    assert names(cluster.b, "/") == listed
    assert cluster.asked("/", "GET") == before


def crowd(cluster, path, clients):
    """Have clients of both hosts ask for a path at the same moment; return their statuses."""
    gate = threading.Barrier(clients)
    statuses = []

    def ask(host):
        gate.wait()
        statuses.append(host.status(path))

    threads = [threading.Thread(target=ask, args=(cluster.hosts[n % 2],)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20.0)
    return statuses


def test_crowd_on_both_hosts_asks_each_endpoint_once_for_a_cold_name(cluster):
    for site in cluster.sites:
        site.link.delay = 0.05
    counts = []
    for number in range(5):
        path = f"/crowd{number}"
        cluster.put(path)
        assert crowd(cluster, path, 50) == [302] * 50
        time.sleep(0.1)
        counts.append(cluster.asked(path))
    assert counts == [[1, 1]] * 5


def test_crowd_waits_for_a_slow_answer_only_so_long_and_then_each_worker_asks_once(cluster):
    for site in cluster.sites:
        site.link.delay = 0.6
    cluster.put("/slow")
    assert crowd(cluster, "/slow", 20) == [302] * 20
    time.sleep(0.8)
    assert all(1 <= count <= 2 * WORKERS for count in cluster.asked("/slow"))


def test_other_memcached_servers_are_used_after_a_reload(cluster):
    first, second = cluster.memcached
    config = cluster.a.file
    config.write_text(config.read_text().replace(f"{first.address} {second.address}", second.address))
    words = [sys.executable, "-m", "ugr", "reload", "-c", config]
    done = subprocess.run(words, env=environment(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for path in PATHS:
        cluster.put(path)
    assert {cluster.a.status(path) for path in PATHS} == {302}
    assert wait_for(lambda: len(cluster.holding("n")) >= len(PATHS), limit=5.0)
    assert {memcached for memcached, _ in cluster.holding("n")} == {second}
