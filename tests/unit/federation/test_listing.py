# SPDX-License-Identifier: Apache-2.0
"""Merged listings: every name once, as it comes; what is missed is said; what is learnt is kept."""

import asyncio
import time

import pytest

from tests.unit.federation.world import World, holders, on_loop
from ugr.errors import NotADirectory, NotFound, Refused, Unavailable


def fill(world, count, *names, directory="/d"):
    for number in range(count):
        world.put(f"{directory}/n{number:05}", b"x" * (number % 7), *names, mtime=100.0)


@on_loop
async def test_names_of_all_endpoints_appear_once():
    world = World(a=1, b=2, c=3)
    fill(world, 500, "a", "b")
    world.put("/d/only", b"x", "c")
    names = await world.names("/d")
    assert len(names) == 501
    assert len(set(names)) == 501


@on_loop
async def test_first_entries_come_before_the_slow_endpoint():
    world = World(fast=1, slow=2)
    fill(world, 300, "fast")
    world.put("/d/late", b"x", "slow")
    world.slow.delay = 0.3
    started = time.monotonic()
    listing = await world.listing("/d")
    batches = listing.batches()
    first = await anext(batches)
    assert time.monotonic() - started < 0.15
    rest = [info.name async for batch in batches for info in batch]
    assert len(first) + len(rest) == 301
    assert "late" in rest


@on_loop
async def test_what_one_page_holds_is_not_held_back_by_the_next():
    world = World(a=1)
    fill(world, 40)
    world.a.page = 10
    world.a.stall = True
    batches = (await world.listing("/d")).batches()
    assert len(await asyncio.wait_for(anext(batches), 0.3)) == 10
    await batches.aclose()


@on_loop
async def test_listing_that_misses_an_endpoint_says_which_and_why():
    world = World(a=1, b=2)
    fill(world, 3, "a")
    world.b.fail = Refused("connection refused")
    listing = await world.listing("/d")
    assert sum([len(batch) async for batch in listing.batches()]) == 3
    assert listing.shortfall.missing == {"b": "connection refused"}
    again = await world.listing("/d")
    assert again.shortfall.missing == {"b": "connection refused"}


@on_loop
async def test_endpoint_that_goes_silent_in_the_middle_is_a_shortfall_in_time():
    world = World(a=1, b=2)
    fill(world, 3, "a")
    fill(world, 250, "b")
    world.b.page, world.b.stall = 100, True
    started = time.monotonic()
    listing = await world.listing("/d")
    names = {info.name async for batch in listing.batches() for info in batch}
    assert time.monotonic() - started < 1.2
    assert len(names) == 100
    assert list(listing.shortfall.missing) == ["b"]


@on_loop
async def test_endpoint_known_to_be_down_is_named_at_the_start():
    world = World(a=1, b=2)
    fill(world, 3)
    world.down("b")
    listing = await world.listing("/d")
    assert listing.unasked == ("b",)
    assert world.questions("list") == {"a": 1, "b": 0}
    await listing.aclose()


@on_loop
async def test_missing_directory_is_absent_only_when_everybody_said_so():
    world = World(a=1, b=2)
    with pytest.raises(NotFound):
        await world.listing("/none")
    world.b.fail = Refused("connection refused")
    with pytest.raises(Unavailable, match="b: connection refused"):
        await world.listing("/none")


@on_loop
async def test_strict_absence_holds_for_directories():
    world = World(a=1, b=2).configure("ugr", absence="strict")
    world.down("b")
    with pytest.raises(Unavailable):
        await world.listing("/none")


@on_loop
async def test_listing_of_a_file_is_not_a_directory():
    world = World(a=1, b=2)
    world.put("/f")
    with pytest.raises(NotADirectory, match="a file on a, b"):
        await world.listing("/f")


@on_loop
async def test_abort_refuses_a_listing_that_would_miss_something():
    world = World(a=1, b=2).configure("ugr", partial_listing="abort")
    fill(world, 3)
    world.b.fail = Refused("connection refused")
    with pytest.raises(Unavailable, match="incomplete"):
        await world.listing("/d")
    world.b.fail = None
    assert len(await world.names("/d")) == 3
    world.down("b")
    world.cache.clear()
    with pytest.raises(Unavailable, match="incomplete"):
        await world.listing("/d")


@on_loop
async def test_listing_fills_what_a_later_question_for_a_file_needs():
    world = World(a=1, b=2)
    fill(world, 2000, "a")
    world.put("/d/both", b"xy", mtime=7.0)
    await world.names("/d")
    await asyncio.sleep(0.05)
    assert holders(world.peek("/d/both")) == ["a", "b"]
    assert holders(world.peek("/d/n01999")) == ["a"]
    assert world.peek("/d/n00003").info.size == 3
    await world.locate("/d/both")
    assert world.questions() == {"a": 0, "b": 0}


@on_loop
async def test_listing_does_not_fill_what_it_cannot_know():
    world = World(a=1, b=2)
    world.put("/d/differs", b"1", "a")
    world.put("/d/differs", b"22", "b")
    world.put("/d/same", b"1")
    await world.names("/d")
    await asyncio.sleep(0.02)
    assert world.peek("/d/differs") is None
    assert world.peek("/d/same") is not None
    partial = World(a=1, b=2)
    fill(partial, 3, "a")
    partial.b.fail = Refused("no")
    await partial.names("/d")
    await asyncio.sleep(0.02)
    assert partial.peek("/d/n00001") is None
    unlisted = World(options={"b": {"listable": False}}, a=1, b=2)
    fill(unlisted, 3, "a")
    await unlisted.names("/d")
    await asyncio.sleep(0.02)
    assert unlisted.peek("/d/n00001") is None


@on_loop
async def test_remembered_listing_asks_nobody_and_forgetting_a_name_drops_it():
    world = World(a=1)
    fill(world, 2500)
    await world.names("/d")
    assert len(await world.names("/d")) == 2500
    assert world.questions("list") == {"a": 1}
    await world.federation.forget("/d/n00001")
    assert len(await world.names("/d")) == 2500
    assert world.questions("list") == {"a": 2}


@on_loop
async def test_listing_left_early_stops_asking_and_is_not_remembered():
    world = World(a=1)
    fill(world, 5000)
    listing = await world.listing("/d")
    batches = listing.batches()
    await anext(batches)
    await batches.aclose()
    assert all(task.done() for task in listing._tasks)
    await world.names("/d")
    assert world.questions("list") == {"a": 2}


@on_loop
async def test_slow_reader_holds_the_endpoints_back():
    world = World(a=1, b=2)
    fill(world, 20_000, "a")
    listing = await world.listing("/d")
    batches = listing.batches()
    await anext(batches)
    await asyncio.sleep(0.2)
    assert len(listing.seen) < 5000
    assert sum([len(batch) async for batch in batches]) > 15_000
    assert not listing.shortfall.missing


@on_loop
async def test_directory_with_too_many_entries_is_cut_off_with_a_word():
    world = World(options={"a": {"max_entries": 300}}, a=1, b=2)
    fill(world, 1000, "a")
    world.put("/d/other", b"x", "b")
    listing = await world.listing("/d")
    names = [info.name async for batch in listing.batches() for info in batch]
    assert len(names) == 301
    assert listing.shortfall.truncated == {"a": 300}
    assert not listing.shortfall.missing


@on_loop
async def test_impossible_names_are_the_endpoints_misbehaviour_and_the_others_are_listed():
    from ugr.model import FileInfo

    for name in ("", ".", "..", "a/b", "a\0b"):
        world = World(a=1, b=2)
        fill(world, 2, "b")

        async def hostile(path, call, name=name):
            yield FileInfo("good", size=1)
            yield FileInfo(name, size=1)

        world.a.list = hostile
        listing = await world.listing("/d")
        names = {info.name async for batch in listing.batches() for info in batch}
        assert {"n00000", "n00001"} <= names <= {"n00000", "n00001", "good"}
        assert list(listing.shortfall.missing) == ["a"]


@on_loop
async def test_mount_points_appear_in_their_parents_by_themselves():
    world = World(options={"a": {"mount": ("/x/deep",)}, "b": {"mount": ("/",)}}, a=1, b=2)
    world.put("/f", b"x", "b")
    assert await world.names("/") == ["f", "x"]
    assert await world.names("/x") == ["deep"]
    world.down("a")
    assert await world.names("/x/deep") == []
