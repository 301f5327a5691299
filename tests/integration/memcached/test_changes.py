# SPDX-License-Identifier: Apache-2.0
"""What changed is heard on every host within a second, whatever memcached does meanwhile."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time

from tests.integration.memcached.conftest import Reader
from tests.servers.process import environment, wait_for
from ugr.config.settings import CacheSettings
from ugr.config.types import Addresses
from ugr.federation import hosts

BOUND = 1.0
"""Seconds after which no worker of any host may tell what was before."""


def forget(host, *words):
    """Run ``ugr forget`` on a host; return its exit code and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "ugr", "forget", "-c", host.file, *words],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def announce(cluster, path):
    """Say that a path changed, as a process of another host would; return who could not be told."""
    addresses = Addresses(tuple(memcached.address for memcached in cluster.memcached))
    settings = CacheSettings(memcached=addresses, memcached_timeout=0.2)
    return asyncio.run(hosts.announce(settings, [path], 1.0))


def remembered(cluster, path, status=302):
    """Ask until all workers of all hosts remember a path."""
    for host in cluster.hosts:
        for _ in range(30):
            assert host.status(path) == status


class Watch(Reader):
    """A reader that notes when the last answer with a status was asked for."""

    def __init__(self, host, path, status):
        super().__init__(host, self._note, [path])
        self.status = status
        self.last = 0.0
        self.asked = 0

    def _note(self, reply, path):
        asked = time.monotonic() - self.seconds[-1]
        if reply.status == self.status:
            self.last = max(self.last, asked)
        self.asked += 1
        return True


def staleness(cluster, path, change, status):
    """Change something, say so, and return how long host B went on telling what was before, in seconds."""
    remembered(cluster, path, status)
    with Watch(cluster.b, path, status) as one, Watch(cluster.b, path, status) as other:
        assert wait_for(lambda: one.asked > 20 and other.asked > 20, limit=10.0)
        change()
        assert announce(cluster, path) == []
        said_at = time.monotonic()
        time.sleep(BOUND + 0.5)
        assert one.asked + other.asked > 200
    return max(one.last, other.last) - said_at


def test_deleted_file_is_gone_on_the_other_host_within_a_second(cluster):
    took = []
    for number in range(5):
        path = f"/d/gone{number}"
        cluster.put(path)
        took.append(staleness(cluster, path, lambda path=path: cluster.remove(path), 302))
    print("stale for", [f"{seconds * 1000:.0f} ms" for seconds in took])
    assert max(took) < BOUND


def test_new_file_is_seen_on_the_other_host_within_a_second(cluster):
    took = []
    for number in range(3):
        path = f"/d/new{number}"
        took.append(staleness(cluster, path, lambda path=path: cluster.put(path), 404))
    print("stale for", [f"{seconds * 1000:.0f} ms" for seconds in took])
    assert max(took) < BOUND


def test_change_is_heard_with_one_memcached_dead(cluster):
    cluster.put("/d/f")
    cluster.memcached[1].kill()
    time.sleep(0.5)
    remembered(cluster, "/d/f")
    cluster.remove("/d/f")
    code, said = forget(cluster.a, "/d/f")
    assert (code, f"memcached {cluster.memcached[1].address} does not answer" in said) == (4, True)
    assert {cluster.a.status("/d/f") for _ in range(20)} == {404}, "the workers of the same host know at once"
    time.sleep(BOUND)
    assert {cluster.b.status("/d/f") for _ in range(20)} == {404}


def test_memcached_that_was_frozen_during_a_change_is_not_believed_afterwards(cluster):
    """Both memcached in turn, so that one of them is the one that keeps the name."""
    for number, frozen in enumerate(cluster.memcached):
        path = f"/d/f{number}"
        cluster.put(path)
        remembered(cluster, path)
        frozen.pause()
        time.sleep(0.5)
        cluster.remove(path)
        code, _ = forget(cluster.a, path)
        assert code == 4
        frozen.resume()
        until = time.monotonic() + 3.0
        time.sleep(BOUND)
        while time.monotonic() < until:
            assert {host.status(path) for host in cluster.hosts} == {404}


def test_listing_is_read_again_on_the_other_host(cluster):
    def names(host):
        reply = host.ask("/fed/d/", headers={"Accept": "application/json"})
        return {entry["name"] for entry in json.loads(reply.body)["entries"]}

    cluster.put("/d/one")
    for host in cluster.hosts:
        assert [names(host) for _ in range(10)] == [{"one"}] * 10
    cluster.put("/d/two")
    assert forget(cluster.a, "/d/two")[0] == 0
    time.sleep(BOUND)
    for host in cluster.hosts:
        assert [names(host) for _ in range(10)] == [{"one", "two"}] * 10


def test_everything_can_be_forgotten(cluster):
    paths = [f"/{number}/f" for number in range(5)]
    for path in paths:
        cluster.put(path)
        remembered(cluster, path)
    for path in paths:
        cluster.remove(path)
    code, said = forget(cluster.a, "--all", "--json")
    answer = json.loads(said)
    assert (code, answer["paths"], answer["here"], answer["untold"]) == (0, [None], True, [])
    time.sleep(BOUND)
    assert {host.status(path) for host in cluster.hosts for path in paths for _ in range(5)} == {404}


def test_worker_that_starts_after_a_change_does_not_believe_what_was_before(cluster):
    cluster.put("/d/f")
    remembered(cluster, "/d/f")
    cluster.remove("/d/f")
    assert forget(cluster.a, "/d/f")[0] == 0
    cluster.b.stop()
    cluster.b.start()
    assert {cluster.b.status("/d/f") for _ in range(20)} == {404}
