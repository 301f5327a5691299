# SPDX-License-Identifier: Apache-2.0
"""Questions of other federations: answered afresh, for them alone."""

import asyncio
from dataclasses import replace

import pytest

from tests.unit.federation.world import World, holders, on_loop
from ugr.errors import NotFound
from ugr.model import Intent, Transfer
from ugr.testing.memory import MemoryEndpoint


class Peer(MemoryEndpoint):
    """Another federation: it has nothing for questions that came through it."""

    federates = True

    async def stat(self, path, call):
        if "peer" in call.via:
            self.asked.append(("loop", path))
            raise NotFound("would have to ask us", path=path)
        return await super().stat(path, call)


def world() -> World:
    world = World(near=1, far=9)
    world.endpoints["far"] = Peer("far", world.far.options)
    world.build()
    return world


def passed(world, *via):
    return replace(world.call(), via=via)


async def locate(world, path, *via):
    return await world.federation.locate(path, world.mounts.eligible(path), passed(world, *via))


@on_loop
async def test_endpoints_are_told_through_whom_the_question_came():
    w = world()
    w.put("/f", b"x", "far")

    assert holders(await locate(w, "/f", "other")) == ["far"]
    with pytest.raises(NotFound):
        await locate(w, "/f", "peer")
    assert ("loop", "/f") in w.far.asked


@on_loop
async def test_an_absence_that_one_federation_is_told_is_not_remembered_for_others():
    w = world()
    w.put("/f", b"x", "far")
    with pytest.raises(NotFound):
        await locate(w, "/f", "peer")
    await w.landed()

    assert w.peek("/f") is None
    assert holders(await w.locate("/f")) == ["far"]


@on_loop
async def test_what_is_remembered_does_not_answer_another_federation():
    w = world()
    w.put("/f", b"x", "far")
    await w.locate("/f")
    await w.landed()

    assert w.peek("/f") is not None
    with pytest.raises(NotFound):
        await locate(w, "/f", "peer")


@on_loop
async def test_clients_of_ours_do_not_join_a_question_of_others():
    w = world()
    w.put("/f", b"x", "far")
    w.near.delay = 0.05
    theirs = asyncio.create_task(locate(w, "/f", "peer"))
    await asyncio.sleep(0.01)

    assert holders(await w.locate("/f")) == ["far"]
    with pytest.raises(NotFound):
        await theirs


@on_loop
async def test_equal_questions_of_others_are_one():
    w = world()
    w.put("/f", b"x", "near")
    w.near.delay = 0.02
    await asyncio.gather(*(locate(w, "/f", "a", "b") for _ in range(5)))

    assert w.questions() == {"near": 1, "far": 1}


@on_loop
async def test_listings_for_others_are_neither_remembered_nor_recalled():
    w = world()
    w.put("/d/f", b"x", "near")

    async def names(*via):
        listing = await w.federation.list("/d", w.mounts.eligible("/d"), passed(w, *via))
        return [info.name async for batch in listing.batches() for info in batch]

    assert await names("a") == ["f"]
    assert await names() == ["f"]
    w.put("/d/g", b"x", "near")
    assert await names() == ["f"]
    assert sorted(await names("a")) == ["f", "g"]


@on_loop
async def test_a_client_that_was_sent_here_is_not_sent_to_a_federation_if_that_can_be_helped():
    w = World(near=1, far=9)
    w.endpoints["near"] = Peer("near", w.near.options)
    w.build()
    w.put("/both", b"x")
    w.put("/there", b"x", "near")

    def sent(located, *by):
        return w.federation.redirect(located, Intent.GET, Transfer(), replace(w.call(), sent_by=by)).endpoint

    both, there = await w.stat("/both"), await w.stat("/there")

    assert sent(both) == "near"
    assert sent(both, "other") == "far"
    assert sent(there, "other") == "near"
