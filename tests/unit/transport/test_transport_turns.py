# SPDX-License-Identifier: Apache-2.0
"""Who may have a connection now, and who waits."""

import asyncio
import random
import time

import pytest

from ugr.errors import Timeout
from ugr.transport.turns import Turns


def soon(seconds=5.0):
    return time.monotonic() + seconds


def test_a_host_has_no_more_than_its_cap_and_others_are_not_held_up():
    turns = Turns(per_host=2, total=10)
    assert [turns.take("a"), turns.take("a"), turns.take("a")] == [True, True, False]
    assert turns.take("b")
    turns.give_back("a")
    assert turns.take("a")
    assert (turns.busy("a"), turns.busy("b"), turns.busy("c")) == (2, 1, 0)


def test_the_total_has_a_cap():
    turns = Turns(per_host=2, total=3)
    assert [turns.take(host) for host in "aabbc"] == [True, True, True, False, False]


def test_waiters_are_served_in_order():
    async def scenario():
        turns, order = Turns(per_host=1, total=10), []

        async def waiter(number):
            await turns.wait("a", soon(), "a")
            order.append(number)
            turns.give_back("a")

        assert turns.take("a")
        tasks = [asyncio.create_task(waiter(number)) for number in range(5)]
        await asyncio.sleep(0)
        assert turns.waiting() == 5
        turns.give_back("a")
        await asyncio.gather(*tasks)
        assert order == [0, 1, 2, 3, 4]
        assert (turns.waiting(), turns.busy("a")) == (0, 0)

    asyncio.run(scenario())


def test_when_all_is_taken_the_longest_waiting_host_is_next():
    async def scenario():
        turns, order = Turns(per_host=2, total=2), []

        async def waiter(host):
            await turns.wait(host, soon(), host)
            order.append(host)

        assert turns.take("a")
        assert turns.take("a")
        tasks = [asyncio.create_task(waiter(host)) for host in ("b", "a", "c")]
        await asyncio.sleep(0)
        for host in ("a", "a", "b"):
            turns.give_back(host)
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        assert order == ["b", "a", "c"]

    asyncio.run(scenario())


def test_a_waiter_gives_up_at_its_deadline_and_says_whom_it_waited_for():
    async def scenario():
        turns = Turns(per_host=1, total=10)
        assert turns.take("a")
        with pytest.raises(Timeout, match=r"h:80: no free connection within \d+ ms"):
            await turns.wait("a", soon(0.02), "h:80")
        assert turns.waiting() == 0
        turns.give_back("a")
        assert turns.take("a")

    asyncio.run(scenario())


def test_a_turn_given_to_a_waiter_that_is_cancelled_at_that_moment_is_not_lost():
    async def scenario():
        turns = Turns(per_host=1, total=1)
        assert turns.take("a")
        waiter = asyncio.create_task(turns.wait("a", soon(), "a"))
        await asyncio.sleep(0)
        turns.give_back("a")
        waiter.cancel()
        await asyncio.wait([waiter])
        assert waiter.cancelled()
        assert turns.busy("a") == 0
        assert turns.take("a")

    asyncio.run(scenario())


@pytest.mark.parametrize("seed", range(10))
def test_permits_add_up_whatever_happens(seed):
    async def scenario():
        turns, dice = Turns(per_host=3, total=7), random.Random(seed)
        held, most = dict.fromkeys("abcd", 0), dict.fromkeys("abcd", 0)

        async def user():
            host = dice.choice("abcd")
            if not turns.take(host):
                try:
                    await turns.wait(host, soon(dice.random() * 0.02), host)
                except Timeout:
                    return
            held[host] += 1
            most[host] = max(most[host], held[host])
            assert sum(held.values()) <= 7
            try:
                await asyncio.sleep(dice.random() * 0.003)
            finally:
                held[host] -= 1
                turns.give_back(host)

        tasks = [asyncio.create_task(user()) for _ in range(200)]
        for task in dice.sample(tasks, 60):
            asyncio.get_running_loop().call_later(dice.random() * 0.03, task.cancel)
        await asyncio.wait(tasks, timeout=5)
        assert not [task for task in tasks if task.done() and not task.cancelled() and task.exception()]
        assert all(task.done() for task in tasks)
        assert max(most.values()) == 3
        assert turns.waiting() == 0
        assert [turns.take(host) for host in "aaabbbc"] == [True] * 7
        assert not turns.take("d")

    asyncio.run(scenario())
