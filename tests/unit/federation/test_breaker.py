# SPDX-License-Identifier: Apache-2.0
"""What may open the breaker of an endpoint, and what clients must not be able to do to it."""

import asyncio

import pytest

from tests.unit.federation.world import World, holders, on_loop
from ugr.errors import BadRequest, DeadlineExceeded, Misbehaved, NotFound, Refused, Timeout, Unavailable
from ugr.model import FileInfo, Intent, Location, Result, Transfer


async def ask(world, count=10, prefix="/x"):
    """Ask for many cold names; errors are expected."""
    for number in range(count):
        try:
            await world.locate(f"{prefix}/{number}")
        except (NotFound, Unavailable):
            pass


@pytest.mark.parametrize(
    "failure",
    [Misbehaved("not well-formed"), BadRequest("too long a name"), DeadlineExceeded("late"), NotFound("no")],
    ids=lambda failure: type(failure).__name__,
)
@on_loop
async def test_names_that_clients_choose_cannot_take_an_endpoint_down(failure):
    world = World(a=1, b=2)
    world.a.fail = failure
    await ask(world)
    assert world.board.down("a") is None


@pytest.mark.parametrize("failure", [Refused("refused"), Timeout("silent")], ids=lambda failure: type(failure).__name__)
@on_loop
async def test_silence_and_refusal_of_connections_take_it_down(failure):
    world = World(a=1, b=2)
    world.a.fail = failure
    await ask(world, 3)
    assert world.board.down("a") == f"down: {failure.message}"


@on_loop
async def test_time_lost_in_our_own_queue_is_not_the_endpoints_failure():
    world = World(options={"a": {"max_questions": 2}}, a=1)
    world.a.delay = 0.3
    for number in range(16):
        world.put(f"/{number}")
    await asyncio.gather(*(world.locate(f"/{number}") for number in range(16)), return_exceptions=True)
    assert world.board.down("a") is None


@on_loop
async def test_long_listing_that_passes_its_deadline_is_a_shortfall_and_no_failure():
    world = World(a=1, b=2).configure("ugr", listing_deadline=0.3)
    world.put("/d/f", b"x", "b")

    async def endless(path, call):
        number = 0
        while True:
            number += 1
            yield FileInfo(f"n{number}", size=1)
            await asyncio.sleep(0.01)

    world.a.list = endless
    for _ in range(4):
        world.cache.clear()
        listing = await world.listing("/d")
        async for _ in listing.batches():
            pass
        assert listing.shortfall.missing == {"a": "its listing took longer than a listing may take"}
    assert world.board.down("a") is None


@on_loop
async def test_name_that_a_storage_cannot_hold_is_not_there():
    world = World(a=1, b=2)
    world.a.fail = BadRequest("the key is too long")
    with pytest.raises(NotFound):
        await world.locate("/long")
    world.put("/long2", b"x", "b")
    assert holders(await world.locate("/long2")) == ["b"]


@on_loop
async def test_endpoint_whose_threads_are_all_stuck_is_down_at_once():
    world = World(a=1, b=2)
    type(world.a).stuck = property(lambda self: self.name == "a" and self.hang)
    try:
        world.a.hang = True
        await ask(world, 1)
        assert world.board.down("a") == "down: all its threads are stuck"
    finally:
        del type(world.a).stuck


@pytest.mark.parametrize(
    "answer",
    [
        None,
        Location("", Intent.GET),
        Location("/relative", Intent.GET),
        Location("http://h/\u00e9", Intent.GET),
        Location("http://h/a b", Intent.GET),
        Location("http://h/a\r\nX: y", Intent.GET),
        Location("http://h/a", Intent.HEAD),
    ],
    ids=["none", "empty", "relative", "not encoded", "space", "line break", "other method"],
)
@on_loop
async def test_copy_with_a_useless_location_is_passed_over(answer):
    world = World(a=1, b=2)
    world.put("/f")
    world.a.redirect = lambda *_: answer
    redirection = world.federation.redirect(await world.stat("/f"), Intent.GET, Transfer(), world.call())
    assert redirection.endpoint == "b"
    assert [item.endpoint for item in redirection.choice.excluded] == ["a"]


@on_loop
async def test_plugin_that_returns_nonsense_is_answered_for_and_nobody_waits():
    world = World(a=1, b=2)
    world.put("/f", b"x", "b")

    async def nothing(path, call):
        return None

    world.a.stat = nothing
    located = await asyncio.wait_for(world.stat("/f"), 0.3)
    assert {answer.endpoint: answer.result for answer in located.answers} == {"a": Result.FAILED, "b": Result.FOUND}


@on_loop
async def test_plugins_see_neither_address_nor_identity_in_any_verb():
    world = World(a=1)
    world.put("/d/f")
    seen = []
    endpoint = world.a
    stat, listing, redirect = endpoint.stat, endpoint.list, endpoint.redirect

    async def watched_stat(path, call):
        seen.append(call)
        return await stat(path, call)

    def watched_list(path, call):
        seen.append(call)
        return listing(path, call)

    def watched_redirect(path, intent, transfer, call):
        seen.append(call)
        return redirect(path, intent, transfer, call)

    endpoint.stat, endpoint.list, endpoint.redirect = watched_stat, watched_list, watched_redirect
    call = world.call()
    located = await world.federation.stat("/d/f", world.mounts.eligible("/d/f"), call)
    world.federation.redirect(located, Intent.GET, Transfer(), call)
    await world.names("/d")
    assert [one.address for one in seen] == [None] * 3
    assert seen[0].id == seen[1].id == call.id


@on_loop
async def test_recovered_endpoint_is_asked_although_its_absence_from_an_answer_is_remembered():
    world = World(a=1, b=2)
    world.down("b")
    with pytest.raises(NotFound):
        await world.locate("/f")
    await world.landed()
    world.put("/f", b"x", "b")
    world.put("/d/g", b"x", "b")
    world.up("b")
    assert holders(await world.locate("/f")) == ["b"]


@on_loop
async def test_abort_refuses_a_partial_listing_every_time():
    world = World(a=1, b=2).configure("ugr", partial_listing="abort")
    world.put("/d/x", b"1", "a")
    world.b.fail = Refused("connection refused")
    for _ in range(3):
        with pytest.raises(Unavailable, match="incomplete"):
            await world.listing("/d")


@on_loop
async def test_names_that_nobody_could_ask_for_are_not_listed():
    world = World(a=1)

    async def odd(path, call):
        for name in ("good", "line\u2028break", "a\nb", "\ufffe", "\ud800", "also good"):
            yield FileInfo(name, size=1)

    world.a.list = odd
    assert await world.names("/d") == ["also good", "good"]
