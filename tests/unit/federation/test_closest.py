# SPDX-License-Identifier: Apache-2.0
"""Closest means closest: who is waited for, and for how long."""

import time

from tests.unit.federation.world import World, holders, on_loop
from ugr.model import Intent, Result, Transfer


def winner(world, located):
    return world.federation.redirect(located, Intent.GET, Transfer(), world.call()).endpoint


@on_loop
async def test_nearest_that_is_slower_still_wins_cold():
    world = World(near=1, far=90)
    world.put("/f")
    world.near.delay = 0.2
    world.board.probe_ok("near", 0.2)
    assert winner(world, await world.locate("/f")) == "near"


@on_loop
async def test_nearest_of_unknown_latency_is_waited_for():
    world = World(near=1, far=90)
    world.put("/f")
    world.near.delay = 0.2
    assert winner(world, await world.locate("/f")) == "near"


@on_loop
async def test_slower_and_farther_is_not_waited_for():
    world = World(near=1, far=90)
    world.put("/f")
    world.far.delay = 0.3
    started = time.monotonic()
    located = await world.locate("/f")
    assert time.monotonic() - started < 0.15
    assert winner(world, located) == "near"
    far = next(answer for answer in located.answers if answer.endpoint == "far")
    assert far.result is Result.PENDING


@on_loop
async def test_those_not_waited_for_go_on_and_fill_the_cache():
    world = World(near=1, far=90)
    world.put("/f")
    world.far.delay = 0.1
    await world.locate("/f")
    await world.landed()
    assert holders(world.peek("/f")) == ["far", "near"]
    assert world.questions() == {"near": 1, "far": 1}


@on_loop
async def test_nearest_is_given_up_after_three_times_its_usual_latency():
    world = World(near=1, far=90)
    world.put("/f")
    for _ in range(20):
        world.board.probe_ok("near", 0.05)
    world.near.delay = 0.4
    started = time.monotonic()
    located = await world.locate("/f")
    assert 0.1 < time.monotonic() - started < 0.3
    assert winner(world, located) == "far"


@on_loop
async def test_patience_is_the_least_time_that_the_nearest_is_given():
    world = World(near=1, far=90).configure("selection", patience=0.25)
    world.put("/f")
    world.board.probe_ok("near", 0.001)
    world.near.delay = 0.15
    assert winner(world, await world.locate("/f")) == "near"


@on_loop
async def test_equals_are_not_waited_for():
    world = World(one=1.0, two=1.01)
    world.put("/f")
    world.one.delay = 0.3
    started = time.monotonic()
    located = await world.locate("/f")
    assert time.monotonic() - started < 0.15
    assert holders(located) == ["two"]


@on_loop
async def test_nearest_without_the_file_ends_the_waiting_with_its_word():
    world = World(near=1, far=90)
    world.put("/f", b"x", "far")
    world.near.delay = 0.1
    started = time.monotonic()
    assert winner(world, await world.locate("/f")) == "far"
    assert 0.08 < time.monotonic() - started < 0.25


@on_loop
async def test_etag_is_told_only_when_everybody_has_spoken():
    world = World(near=1, far=90)
    world.put("/f", b"x", mtime=5.0)
    world.far.delay = 0.1
    assert (await world.locate("/f")).etag is None
    await world.landed()
    assert world.peek("/f").etag is not None


@on_loop
async def test_explanation_tells_of_everybody():
    world = World(near=1, far=90, gone=100)
    world.put("/f", b"x", "near", "far")
    world.down("gone")
    explained = await world.federation.explain("/f", world.mounts.eligible("/f"), world.call())
    told = {answer.endpoint: answer.result for answer in explained.answers}
    assert told == {"near": Result.FOUND, "far": Result.FOUND, "gone": Result.NOT_ASKED}
    assert explained.redirection.endpoint == "near"
    assert [place.endpoint for place in explained.redirection.choice.order] == ["near", "far"]
    assert explained.redirection.choice.order[1].distance > 9000
