# SPDX-License-Identifier: Apache-2.0
"""After a change nobody on the host is told what was learnt before it."""

import asyncio

import pytest

from tests.unit.federation.world import World, holders, on_loop
from ugr.errors import NotFound
from ugr.federation.generations import Generations
from ugr.federation.remembering import SLICE


@pytest.fixture
def other(tmp_path):
    """What another worker of the host has: it hears of changes through the directory alone."""
    generations = Generations()
    generations.open(tmp_path)
    return generations


def world_in(directory, **places):
    world = World(**places)
    world.cache.generations.open(directory)
    return world


@on_loop
async def test_file_that_another_worker_deleted_is_absent_at_once(tmp_path, other):
    world = world_in(tmp_path, a=1)
    world.put("/d/f")
    await world.locate("/d/f")
    await world.landed()
    assert world.peek("/d/f") is not None
    await world.a.delete("/d/f", world.call())
    assert world.peek("/d/f") is not None, "nobody has said so yet"
    other.bump("/d/f")
    assert world.peek("/d/f") is None
    with pytest.raises(NotFound):
        await world.locate("/d/f")


@on_loop
async def test_absence_does_not_hide_what_another_worker_made(tmp_path, other):
    world = world_in(tmp_path, a=1)
    world.put("/d/g")
    for _ in range(2):
        with pytest.raises(NotFound):
            await world.locate("/d/f")
        await world.landed()
    assert world.questions() == {"a": 1}
    world.put("/d/f")
    other.bump("/d/f")
    assert holders(await world.locate("/d/f")) == ["a"]


@on_loop
async def test_other_names_of_the_directory_stay_remembered(tmp_path, other):
    world = world_in(tmp_path, a=1)
    world.put("/d/f")
    world.put("/d/g")
    for path in ("/d/f", "/d/g"):
        await world.locate(path)
    await world.landed()
    other.bump("/d/f")
    assert world.peek("/d/f") is None
    assert world.peek("/d/g") is not None


@on_loop
async def test_listing_is_read_again_after_a_change_in_it(tmp_path, other):
    world = world_in(tmp_path, a=1)
    world.put("/d/f")
    assert await world.names("/d") == ["f"]
    world.put("/d/g")
    assert await world.names("/d") == ["f"]
    other.bump("/d/g")
    assert await world.names("/d") == ["f", "g"]


@on_loop
async def test_what_a_listing_taught_is_forgotten_name_by_name(tmp_path, other):
    world = world_in(tmp_path, a=1)
    world.put("/d/f")
    world.put("/d/g")
    await world.names("/d")
    await world.landed()
    assert world.peek("/d/f") is not None
    assert world.peek("/d/g") is not None
    other.bump("/d/g")
    assert world.peek("/d/f") is not None
    assert world.peek("/d/g") is None


@on_loop
async def test_answer_to_a_question_from_before_the_change_is_not_kept(tmp_path, other):
    world = world_in(tmp_path, a=1)
    world.put("/d/f")
    world.a.delay = 0.1
    asking = asyncio.create_task(world.locate("/d/f"))
    await asyncio.sleep(0.03)
    other.bump("/d/f")
    await asking
    await world.landed()
    assert world.peek("/d/f") is None


@on_loop
async def test_question_after_the_change_does_not_wait_for_an_answer_from_before(tmp_path, other):
    world = world_in(tmp_path, a=1)
    world.a.delay = 0.1
    before = asyncio.create_task(world.locate("/d/f"))
    joined = asyncio.create_task(world.locate("/d/f"))
    await asyncio.sleep(0.03)
    assert world.questions() == {"a": 1}
    other.bump("/d/f")
    after = asyncio.create_task(world.locate("/d/f"))
    await asyncio.gather(before, joined, after, return_exceptions=True)
    assert world.questions() == {"a": 2}


@on_loop
async def test_listing_from_before_the_change_is_not_kept(tmp_path, other):
    world = world_in(tmp_path, a=1)
    world.put("/d/f")
    listing = await world.listing("/d")
    other.bump("/d/g")
    assert [info.name async for batch in listing.batches() for info in batch] == ["f"]
    await world.landed()
    assert world.cache.listing("/d") is None
    assert world.peek("/d/f") is None


@on_loop
async def test_change_while_a_listing_is_being_remembered_name_by_name_ends_that(tmp_path, other):
    world = world_in(tmp_path, a=1)
    for number in range(3 * SLICE):
        world.put(f"/d/{number:05}")
    await world.names("/d")
    last = f"/d/{3 * SLICE - 1:05}"
    assert world.peek("/d/00000") is not None
    assert world.peek(last) is None, "all was remembered in one go; take more names"
    other.bump(last)
    await asyncio.sleep(0.05)
    assert world.peek("/d/00000") is not None
    assert world.peek(last) is None


@on_loop
async def test_forgetting_here_is_heard_by_the_others(tmp_path, other):
    world = world_in(tmp_path, a=1)
    before = other.of("/d/f"), other.of("/d")
    await world.federation.forget("/d/f")
    assert other.of("/d/f") != before[0]
    assert other.of("/d") != before[1]


@on_loop
async def test_after_the_table_is_lost_everything_is_asked_again(tmp_path, other):
    world = world_in(tmp_path, a=1)
    world.put("/d/f")
    await world.locate("/d/f")
    await world.landed()
    (tmp_path / "generations").unlink()
    world.cache.generations.renew()
    assert world.peek("/d/f") is None
    await world.locate("/d/f")
    await world.landed()
    assert world.peek("/d/f") is not None
