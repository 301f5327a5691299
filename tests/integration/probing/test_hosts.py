# SPDX-License-Identifier: Apache-2.0
"""Two pollers that share the work, on a real event loop with short intervals."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from tests.unit.federation.fakes import FakeRing, Store
from tests.unit.federation.test_poller import Endpoint
from ugr.config.settings import HealthSettings
from ugr.errors import Refused, Unauthenticated
from ugr.federation.board import Board
from ugr.federation.health import State
from ugr.federation.keys import Keys
from ugr.federation.poller import Poller
from ugr.federation.probes import PeerProbes
from ugr.federation.wire import Seal

SETTINGS = HealthSettings(interval=0.2, retry_interval=0.1, timeout=0.5, max_latency=10.0, failures=2, recoveries=2)


class Host:
    """One host's poller; what it hears of other hosts goes through ``store``."""

    def __init__(self, store, answer=None, settings=SETTINGS, label="e 00"):
        self.endpoint = Endpoint(answer)
        self.ring = FakeRing([store])
        self.board = Board(["e"], settings)
        peers = PeerProbes(self.ring, Keys("ugr"), Seal(), {"e": label}, settings)
        self.poller = Poller({"e": self.endpoint}, self.board, settings, peers)

    @property
    def state(self):
        return self.board.snapshot()["e"].state


@asynccontextmanager
async def polling(*hosts):
    for host in hosts:
        host.poller.start()
    try:
        yield
    finally:
        for host in hosts:
            await host.poller.stop()


def run(test):
    """Run a test with a store whose clock is the loop's."""

    async def main():
        await test(Store(asyncio.get_running_loop().time))

    asyncio.run(asyncio.wait_for(main(), 20))


async def until(condition, limit=3.0):
    end = asyncio.get_running_loop().time() + limit
    while not condition():
        assert asyncio.get_running_loop().time() < end
        await asyncio.sleep(0.005)


@pytest.mark.parametrize(("count", "most"), [(2, 14), (4, 14)])
def test_hosts_together_probe_as_often_as_one(count, most):
    """Ten times, and some at the same moment; alone they would 20 or 40 times."""

    async def test(store):
        hosts = [Host(store) for _ in range(count)]
        async with polling(*hosts):
            await asyncio.sleep(2.0)
        probes = [host.endpoint.probes for host in hosts]
        assert 8 <= sum(probes) <= most, probes
        assert {host.state for host in hosts} == {State.UP}

    run(test)


def test_without_memcached_every_host_probes():
    async def test(store):
        hosts = [Host(store) for _ in range(2)]
        for host in hosts:
            host.ring.servers[0].silent = True
        async with polling(*hosts):
            await asyncio.sleep(1.0)
        assert all(host.endpoint.probes >= 4 for host in hosts)

    run(test)


def test_slow_probe_of_one_host_is_waited_for_by_the_other():
    async def test(store):
        one, other = Host(store, 0.3), Host(store, 0.3)
        async with polling(one, other):
            await until(lambda: one.state is other.state is State.UP)
            assert one.endpoint.probes + other.endpoint.probes == 1

    run(test)


def test_bad_news_of_another_host_are_looked_at_by_oneself():
    async def test(store):
        ill, well = Host(store, Refused("connection refused")), Host(store)
        async with polling(ill, well):
            await until(lambda: ill.state is State.DOWN and well.state is State.UP)
            await asyncio.sleep(1.0)
            assert well.state is State.UP
            assert well.endpoint.probes > 1

    run(test)


def test_endpoint_that_is_down_for_both_is_probed_as_often_as_by_one():
    async def test(store):
        failure = Unauthenticated("the key has expired")
        hosts = [Host(store, failure) for _ in range(3)]
        async with polling(*hosts):
            await until(lambda: {host.state for host in hosts} == {State.DOWN})
            assert {host.board.down("e") for host in hosts} == {"down: credentials refused (the key has expired)"}
            before = sum(host.endpoint.probes for host in hosts)
            await asyncio.sleep(1.0)
            assert sum(host.endpoint.probes for host in hosts) - before <= 13
            for host in hosts:
                host.endpoint.answer = None
            await until(lambda: {host.state for host in hosts} == {State.UP})

    run(test)


def test_host_whose_questions_failed_believes_only_its_own_probes():
    async def test(store):
        patient = HealthSettings(interval=60.0, retry_interval=0.1, timeout=0.5, failures=2, recoveries=2)
        one, other = Host(store, settings=patient), Host(store, settings=patient)
        async with polling(one, other):
            await until(lambda: one.state is other.state is State.UP)
            mine = one.endpoint.probes
            for _ in range(2):
                one.board.question_failed("e", "no answer")
            assert one.state is State.DOWN
            await until(lambda: one.endpoint.probes > mine)
            await until(lambda: one.state is State.UP)

    run(test)


def test_endpoints_of_the_same_name_and_other_options_are_probed_apart():
    async def test(store):
        hosts = [Host(store), Host(store, label="e 01")]
        async with polling(*hosts):
            await asyncio.sleep(1.0)
        assert all(host.endpoint.probes >= 4 for host in hosts)

    run(test)


def test_garbage_is_no_finding():
    async def test(store):
        host = Host(store)
        async with polling(host):
            await until(lambda: host.endpoint.probes > 0)
            for key in list(store.items):
                store.set(key, b"garbage", 60)
            await until(lambda: host.endpoint.probes > 3, limit=5.0)
        assert host.state is State.UP

    run(test)
