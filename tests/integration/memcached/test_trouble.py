# SPDX-License-Identifier: Apache-2.0
"""memcached that is gone, frozen, emptied, full or lying: answers stay right, and do not take much longer."""

from __future__ import annotations

import os
import random
import statistics
import threading
import time
from contextlib import ExitStack

import pytest

from tests.integration.memcached.conftest import Reader
from tests.servers.process import wait_for

FILES = [f"/d/{number:02}" for number in range(30)]
NONE = [f"/none/{number:02}" for number in range(10)]
COUNT = {path: len(path) * 3 + number for number, path in enumerate(FILES)}
"""Bytes of each file, so that the answer for another one is seen."""


def right(reply, path):
    """Say whether an answer is the one that the storages would give."""
    if path in NONE:
        return reply.status == 404
    return reply.status == 302 and reply.location.endswith(path)


@pytest.fixture
def cluster(build):
    """Hosts whose L1 has room for two names, so that L2 is asked all the time."""
    cluster = build(max_entries="4", memcached_timeout="50ms")
    for path, count in COUNT.items():
        cluster.put(path, "x" * count)
    return cluster


def reading(cluster, stack):
    """Have two clients of each host read everything, and wait until all has been remembered."""
    readers = [stack.enter_context(Reader(host, right, FILES + NONE)) for host in cluster.hosts for _ in range(2)]
    assert wait_for(lambda: all(len(reader.seconds) > 3 * len(reader.paths) for reader in readers), limit=20.0)
    assert cluster.holding("n") != []
    return readers


def judged(readers, since, limit=1.0):
    """Check that no answer was wrong and none took much longer; print how long they took."""
    assert [reader.wrong for reader in readers] == [[]] * len(readers)
    seconds = [second for reader, first in zip(readers, since, strict=True) for second in reader.seconds[first:]]
    assert len(seconds) > 200
    seconds.sort()
    chosen = statistics.median(seconds), seconds[int(len(seconds) * 0.99)], seconds[-1]
    median, most, worst = (second * 1000 for second in chosen)
    print(f"{len(seconds)} answers: median {median:.1f} ms, p99 {most:.0f} ms, worst {worst:.0f} ms")
    assert worst < limit * 1000


def marks(readers):
    return [len(reader.seconds) for reader in readers]


def test_killed_memcached_costs_no_answer(cluster):
    with ExitStack() as stack:
        readers = reading(cluster, stack)
        since = marks(readers)
        cluster.memcached[0].kill()
        time.sleep(2.0)
        cluster.memcached[0].start()
        time.sleep(3.0)
        assert cluster.memcached[0].kept() != [], "it is used again"
        cluster.memcached[0].kill()
        cluster.memcached[1].kill()
        time.sleep(1.5)
        judged(readers, since)
        assert all(host.said("plugin bug") + host.said("Traceback") == 0 for host in cluster.hosts)


def test_frozen_memcached_costs_a_time_out_now_and_then(cluster):
    with ExitStack() as stack:
        readers = reading(cluster, stack)
        since = marks(readers)
        cluster.memcached[0].pause()
        time.sleep(4.0)
        cluster.memcached[1].pause()
        time.sleep(2.5)
        for memcached in cluster.memcached:
            memcached.resume()
        time.sleep(1.0)
        judged(readers, since)
        assert all(host.said("is left alone for now: ") >= 1 for host in cluster.hosts)
        assert wait_for(lambda: all(host.said("answers again") >= 1 for host in cluster.hosts), limit=5.0)


def test_garbage_under_all_keys_is_no_answer(cluster):
    with ExitStack() as stack:
        readers = reading(cluster, stack)
        since = marks(readers)
        dice = random.Random(7)
        until = time.monotonic() + 4.0
        spoiled = 0
        while time.monotonic() < until:
            for memcached in cluster.memcached:
                keys = memcached.kept()
                for key in keys:
                    memcached.put(key, os.urandom(dice.choice((0, 1, 30, 300))))
                    spoiled += 1
        judged(readers, since)
        assert spoiled > 100


def test_values_under_each_others_keys_are_no_answer(cluster):
    with ExitStack() as stack:
        readers = reading(cluster, stack)
        since = marks(readers)
        dice = random.Random(7)
        until = time.monotonic() + 3.0
        while time.monotonic() < until:
            for memcached in cluster.memcached:
                values = {key: value for key in memcached.kept() if (value := memcached.get(key)) is not None}
                keys = list(values)
                dice.shuffle(keys)
                for key, value in zip(keys, values.values(), strict=True):
                    memcached.put(key, value)
        judged(readers, since)


def test_flushed_memcached_is_filled_again(cluster):
    with ExitStack() as stack:
        readers = reading(cluster, stack)
        since = marks(readers)
        for _ in range(20):
            for memcached in cluster.memcached:
                memcached.flush()
            time.sleep(0.15)
        time.sleep(1.5)
        judged(readers, since)
        assert cluster.holding("n") != []


def test_full_memcached_that_throws_away_everything_costs_no_answer(cluster):
    with ExitStack() as stack:
        readers = reading(cluster, stack)
        since = marks(readers)
        stop = threading.Event()

        def flood(memcached):
            number = 0
            while not stop.is_set():
                number += 1
                memcached.put(f"flood{number}", b"x" * 500_000)

        threads = [threading.Thread(target=flood, args=(memcached,)) for memcached in cluster.memcached]
        for thread in threads:
            thread.start()
        time.sleep(4.0)
        stop.set()
        for thread in threads:
            thread.join(10.0)
        assert all(memcached.stat("evictions") > 0 for memcached in cluster.memcached)
        judged(readers, since)
