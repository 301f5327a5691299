# SPDX-License-Identifier: Apache-2.0
"""Endpoints that have one name at one of several paths, and endpoints whose names are hashed."""

import pytest

from tests.unit.federation.world import World, on_loop
from ugr.errors import NotADirectory, NotFound, Unavailable
from ugr.federation.answers import Target
from ugr.model import Intent, Result, Transfer
from ugr.namespace.translate import rucio

TWO = {"near": {"multiply": ("/disk1", "/disk2")}}


def place(world, located, endpoint="near"):
    """Return where an endpoint has a file, and where a client is sent for it there."""
    path = next(target.path for target in located.holders if target.endpoint == endpoint)
    redirection = world.federation.redirect(located, Intent.GET, Transfer(), world.call())
    return path, redirection.location.url


@on_loop
async def test_a_file_is_found_below_whichever_prefix_it_is():
    world = World(near=1, options=TWO)
    world.near.put("/disk1/a")
    world.near.put("/disk2/b")

    assert place(world, await world.locate("/a")) == ("/disk1/a", "http://near.test/disk1/a")
    assert place(world, await world.locate("/b")) == ("/disk2/b", "http://near.test/disk2/b")


@on_loop
async def test_the_place_is_remembered_with_the_file():
    world = World(near=1, options=TWO)
    world.near.put("/disk2/b")
    await world.locate("/b")
    await world.landed()
    remembered = world.peek("/b")

    assert remembered.cached
    assert place(world, remembered) == ("/disk2/b", "http://near.test/disk2/b")


@on_loop
async def test_the_first_prefix_in_the_written_order_counts():
    world = World(near=1, options={"near": {"multiply": ("/disk2", "/disk1")}})
    world.near.put("/disk1/a", b"one")
    world.near.put("/disk2/a", b"another")
    located = await world.locate("/a")

    assert located.holders == (Target("near", "/disk2/a"),)
    assert located.info.size == 7


@on_loop
async def test_an_endpoint_is_one_answer_however_often_it_was_asked():
    world = World(near=1, far=9, options=TWO)
    world.near.put("/disk1/a")
    world.near.put("/disk2/a")
    world.far.put("/a")
    located = await world.stat("/a")

    assert [target.endpoint for target in located.holders] == ["near", "far"]
    assert [answer.endpoint for answer in located.answers] == ["near", "far"]
    assert world.questions() == {"near": 2, "far": 1}


@on_loop
async def test_absent_means_absent_below_every_prefix():
    world = World(near=1, options=TWO)
    with pytest.raises(NotFound):
        await world.locate("/a")


@on_loop
async def test_silence_below_one_prefix_is_not_absence_and_does_not_hide_a_find_below_the_other():
    world = World(near=1, options=TWO)
    world.near.put("/disk2/b")
    world.near.broken.add("/disk1")

    assert place(world, await world.locate("/b"))[0] == "/disk2/b"
    with pytest.raises(Unavailable):
        await world.locate("/a")


@on_loop
async def test_a_listing_shows_all_prefixes_as_one_directory():
    world = World(near=1, options=TWO)
    for path in ("/disk1/d/a", "/disk1/d/both", "/disk2/d/both", "/disk2/d/b", "/disk2/e/f"):
        world.near.put(path)

    assert await world.names("/d") == ["a", "b", "both"]
    assert await world.names("/e") == ["f"]
    with pytest.raises(NotFound):
        await world.names("/g")
    with pytest.raises(NotADirectory):
        await world.names("/e/f")


@on_loop
async def test_a_listing_does_not_pretend_to_know_below_which_prefix_a_file_is():
    world = World(near=1, options=TWO)
    world.near.put("/disk2/d/b")
    await world.names("/d")
    await world.landed()

    assert place(world, await world.locate("/d/b"))[0] == "/disk2/d/b"


@on_loop
async def test_a_prefix_that_cannot_be_listed_is_told():
    world = World(near=1, options=TWO)
    world.near.put("/disk2/d/b")
    world.near.broken.add("/disk1")
    listing = await world.listing("/d")

    assert [info.name async for batch in listing.batches() for info in batch] == ["b"]
    assert list(listing.shortfall.missing) == ["near"]


@on_loop
async def test_hashed_names_are_found_and_not_listed():
    world = World(
        near=1, far=9, options={"near": {"names": "rucio", "mount": ("/rucio=/dpm",)}, "far": {"mount": ("/",)}}
    )
    stored = "/dpm" + rucio("/mc16/f")
    world.near.put(stored)
    world.far.put("/rucio/mc16/g")

    assert place(world, await world.locate("/rucio/mc16/f")) == (stored, f"http://near.test{stored}")
    assert (await world.stat("/rucio/mc16")).info.directory
    assert await world.names("/rucio/mc16") == ["g"]
    assert world.questions("list") == {"near": 0, "far": 1}
    await world.landed()
    assert place(world, world.peek("/rucio/mc16/f"))[0] == stored


@on_loop
async def test_explanations_say_what_one_endpoint_said():
    world = World(near=1, options=TWO)
    world.near.put("/disk2/b")
    told = await world.federation.explain("/b", world.mounts.eligible("/b"), world.call())

    assert [(answer.endpoint, answer.result, answer.path) for answer in told.answers] == [
        ("near", Result.FOUND, "/disk2/b")
    ]
