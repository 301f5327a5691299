# SPDX-License-Identifier: Apache-2.0
"""Generators in threads: laziness, order, closing early."""

import asyncio

from tests.unit.plugin.plain import Options, Plain, eventually, held, names_and_error, run, soon
from ugr.config.types import Duration
from ugr.errors import Timeout
from ugr.model import FileInfo
from ugr.plugin.blocking import Threaded


def test_a_listing_is_produced_and_closed_in_one_thread():
    async def scenario():
        blocking = Plain("listed")
        blocking.entries = 2000
        endpoint = Threaded(blocking)
        found = [info.size async for info in endpoint.list("/", soon())]
        assert found == list(range(2000))
        await eventually(lambda: blocking.closed_in)
        assert {thread for _, thread in blocking.seen} == set(blocking.closed_in)
        await endpoint.close()

    run(scenario())


def test_a_listing_is_never_more_than_two_batches_ahead():
    async def scenario():
        blocking = Plain()
        blocking.entries = 100_000
        endpoint = Threaded(blocking)
        entries = endpoint.list("/", soon())
        await anext(entries)
        await asyncio.sleep(0.1)
        assert len(blocking.seen) <= 2 * 512 + 2
        produced = len(blocking.seen)
        await asyncio.sleep(0.05)
        assert len(blocking.seen) == produced
        await entries.aclose()
        await endpoint.close()

    run(scenario())


def test_closing_a_listing_early_closes_the_generator_in_its_thread():
    async def scenario():
        blocking = Plain()
        blocking.entries = 100_000
        endpoint = Threaded(blocking)
        entries = endpoint.list("/", soon())
        await anext(entries)
        await entries.aclose()
        await eventually(lambda: blocking.closed_in)
        assert blocking.closed_in == [blocking.seen[0][1]]
        await eventually(lambda: endpoint.abandoned == 0)
        await endpoint.close()

    run(scenario())


def test_a_slow_page_does_not_hold_back_what_came_before():
    class Paged(Plain):
        def list(self, path, call):
            yield FileInfo("first", size=1)
            self.gate.wait(10)
            yield FileInfo("second", size=2)

    async def scenario():
        blocking = Paged()
        endpoint = Threaded(blocking)
        with held(blocking):
            entries = endpoint.list("/", soon())
            assert (await asyncio.wait_for(anext(entries), 2)).name == "first"
        assert [info.name async for info in entries] == ["second"]
        await endpoint.close()

    run(scenario())


def test_a_listing_that_hangs_ends_with_its_call_and_is_counted():
    class Hanging(Plain):
        def list(self, path, call):
            yield FileInfo("first", size=1)
            self.gate.wait(10)

    async def scenario():
        blocking = Hanging()
        endpoint = Threaded(blocking)
        with held(blocking):
            names, error = await names_and_error(endpoint.list("/", soon(0.1)))
            assert (names, type(error)) == (["first"], Timeout)
            await eventually(lambda: endpoint.abandoned == 1)
        await eventually(lambda: endpoint.abandoned == 0)
        await endpoint.close()

    run(scenario())


def test_a_hanging_listing_that_was_closed_is_counted_after_the_timeout():
    class Hanging(Plain):
        def list(self, path, call):
            yield FileInfo("first", size=1)
            self.gate.wait(10)

    async def scenario():
        blocking = Hanging(options=Options(timeout=Duration(0.05)))
        endpoint = Threaded(blocking)
        with held(blocking):
            entries = endpoint.list("/", soon(60))
            assert (await anext(entries)).name == "first"
            await entries.aclose()
            assert endpoint.abandoned == 0
            await eventually(lambda: endpoint.abandoned == 1)
            assert endpoint.abandoned == 1
        await eventually(lambda: endpoint.abandoned == 0)
        assert endpoint.abandoned == 0
        await endpoint.close()

    run(scenario())


def test_an_error_after_some_entries_comes_after_them():
    class Broken(Plain):
        def list(self, path, call):
            yield FileInfo("first", size=1)
            raise ValueError("nonsense")

    async def scenario():
        endpoint = Threaded(Broken())
        names, error = await names_and_error(endpoint.list("/", soon()))
        assert (names, error.message) == (["first"], "its plugin failed: ValueError")
        await endpoint.close()

    run(scenario())


def test_listings_do_not_keep_questions_waiting():
    async def scenario():
        blocking = Plain(options=Options(max_threads=1))
        blocking.entries = 100_000
        endpoint = Threaded(blocking)
        entries = endpoint.list("/", soon())
        await anext(entries)
        assert (await endpoint.stat("/f", soon(2))).name == "f"
        await entries.aclose()
        await endpoint.close()

    run(scenario())
