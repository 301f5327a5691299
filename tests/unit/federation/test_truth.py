# SPDX-License-Identifier: Apache-2.0
"""Silence is not absence; what may be said of a name, by what its endpoints said."""

import asyncio
import time

import pytest

from tests.unit.federation.world import World, holders, on_loop
from ugr.errors import Conflict, Misbehaved, NotFound, PermissionDenied, Refused, Unavailable
from ugr.model import Intent, Result, Transfer


@on_loop
async def test_absent_only_when_everybody_said_so():
    world = World(a=1, b=2, c=3)
    with pytest.raises(NotFound) as caught:
        await world.locate("/f")
    assert caught.value.unasked == ()
    assert world.questions() == {"a": 1, "b": 1, "c": 1}


@on_loop
async def test_cold_question_asks_each_endpoint_once_and_a_warm_one_nobody():
    world = World(a=1, b=2, c=3)
    world.put("/f", b"xyz", "b", "c")
    located = await world.locate("/f")
    await world.landed()
    again = await world.locate("/f")
    assert world.questions() == {"a": 1, "b": 1, "c": 1}
    assert holders(again) == ["b", "c"]
    assert again.cached
    assert (located.info.size, again.info.size) == (3, 3)


@pytest.mark.parametrize("failure", [Refused("connection refused"), Misbehaved("nonsense"), PermissionDenied("no")])
@on_loop
async def test_failure_of_one_makes_absence_unknown(failure):
    world = World(a=1, b=2)
    world.b.fail = failure
    with pytest.raises(Unavailable, match="b: "):
        await world.locate("/f")


@on_loop
async def test_silence_of_one_makes_absence_unknown_at_the_deadline():
    world = World(a=1, b=2)
    world.b.hang = True
    started = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        await world.locate("/f")
    assert 0.4 < time.monotonic() - started < 0.9
    assert caught.value.retryable
    assert caught.value.retry_after


@on_loop
async def test_unknown_is_not_remembered():
    world = World(a=1, b=2)
    world.b.fail = Refused("connection refused")
    with pytest.raises(Unavailable):
        await world.locate("/f")
    await world.landed()
    world.b.fail = None
    world.put("/f", b"x", "b")
    assert holders(await world.locate("/f")) == ["b"]


@on_loop
async def test_found_elsewhere_outweighs_a_failure_and_the_silent_is_named():
    world = World(near=1, far=50)
    world.put("/f", b"x", "near")
    world.far.fail = Refused("connection refused")
    located = await world.stat("/f")
    assert holders(located) == ["near"]
    assert located.silent == ("far",)


@on_loop
async def test_endpoint_known_to_be_down_is_not_asked_and_is_named():
    world = World(a=1, b=2)
    world.down("b")
    with pytest.raises(NotFound) as caught:
        await world.locate("/f")
    assert caught.value.unasked == ("b",)
    assert world.questions() == {"a": 1, "b": 0}


@on_loop
async def test_absence_with_an_endpoint_down_is_remembered_only_shortly():
    world = World(a=1, b=2).configure("cache", partial_ttl=0.05)
    world.down("b")
    with pytest.raises(NotFound):
        await world.locate("/f")
    await world.landed()
    world.put("/f", b"x", "b")
    world.up("b")
    await asyncio.sleep(0.06)
    assert holders(await world.locate("/f")) == ["b"]


@on_loop
async def test_strict_absence_is_unknown_while_an_endpoint_is_down():
    world = World(a=1, b=2).configure("ugr", absence="strict")
    world.down("b")
    for _ in range(2):
        with pytest.raises(Unavailable, match="b could have it and is down"):
            await world.locate("/f")
        await world.landed()
    world.put("/g", b"x", "a")
    assert holders(await world.locate("/g")) == ["a"]


@on_loop
async def test_strictness_of_one_endpoint_counts_for_that_endpoint_alone():
    world = World(options={"b": {"absence": "strict"}}, a=1, b=2, c=3)
    world.down("c")
    with pytest.raises(NotFound):
        await world.locate("/f")
    world.down("b")
    with pytest.raises(Unavailable):
        await world.locate("/g")


@on_loop
async def test_file_against_directory_is_a_conflict():
    world = World(a=1, b=2)
    world.put("/x", b"1", "a")
    world.put("/x/y", b"1", "b")
    with pytest.raises(Conflict, match="a file on a and a directory on b"):
        await world.stat("/x")


@on_loop
async def test_copy_of_another_size_is_excluded_with_the_reason_cold_and_warm():
    world = World(a=1, b=2, c=3)
    world.put("/f", b"half", "a", mtime=9.0)
    world.put("/f", b"whole file", "b", "c", mtime=5.0)
    for _ in range(2):
        located = await world.stat("/f")
        await world.landed()
        assert located.info.size == 10
        assert holders(located) == ["b", "c"]
        assert [item.endpoint for item in located.excluded] == ["a"]
        redirection = world.federation.redirect(located, Intent.GET, Transfer(), world.call())
        assert redirection.endpoint == "b"
        assert "bytes" in redirection.choice.excluded[0].reason


@on_loop
async def test_times_do_not_flip_between_cold_and_warm():
    world = World(a=1, b=2)
    world.put("/f", b"x", "a", mtime=300.0)
    world.put("/f", b"x", "b", mtime=200.0)
    cold = await world.stat("/f")
    await world.landed()
    warm = await world.stat("/f")
    assert cold.info.mtime == warm.info.mtime == 200.0
    assert cold.etag == warm.etag


@on_loop
async def test_many_clients_of_one_cold_name_ask_once():
    world = World(a=1, b=2)
    world.put("/f", b"x", "b")
    world.a.delay = world.b.delay = 0.05
    found = await asyncio.gather(*(world.locate("/f") for _ in range(100)))
    assert {tuple(holders(located)) for located in found} == {("b",)}
    assert world.questions() == {"a": 1, "b": 1}


@on_loop
async def test_client_that_leaves_does_not_end_the_question_for_the_others():
    world = World(a=1)
    world.put("/f", b"x")
    world.a.delay = 0.1
    first = asyncio.ensure_future(world.locate("/f"))
    await asyncio.sleep(0.01)
    second = asyncio.ensure_future(world.locate("/f"))
    await asyncio.sleep(0.01)
    first.cancel()
    assert holders(await second) == ["a"]
    assert world.questions() == {"a": 1}


@on_loop
async def test_client_in_a_hurry_gets_unknown_and_the_answer_is_kept_for_the_next():
    world = World(a=1)
    world.put("/f", b"x")
    world.a.delay = 0.15
    with pytest.raises(Unavailable):
        await world.locate("/f", seconds=0.05)
    await world.landed()
    assert world.peek("/f").cached
    assert world.questions() == {"a": 1}


@on_loop
async def test_forgotten_name_is_asked_again_and_an_answer_under_way_is_not_kept():
    world = World(a=1)
    world.a.delay = 0.1
    asking = asyncio.ensure_future(world.stat("/f"))
    await asyncio.sleep(0.02)
    world.put("/f", b"x")
    await world.federation.forget("/f")
    try:
        await asking
    except NotFound:
        pass
    await world.landed()
    assert holders(await world.stat("/f")) == ["a"]


@on_loop
async def test_plugin_that_breaks_is_a_failure_of_its_endpoint_alone():
    world = World(a=1, b=2)
    world.put("/f", b"x", "b")

    async def broken(path, call):
        raise ZeroDivisionError

    world.a.stat = broken
    located = await world.stat("/f")
    assert holders(located) == ["b"]
    answer = next(answer for answer in located.answers if answer.endpoint == "a")
    assert (answer.result, answer.reason) == (Result.FAILED, "its plugin failed: ZeroDivisionError")


@on_loop
async def test_questions_that_fail_open_the_breaker_and_then_nobody_waits():
    world = World(a=1, b=2)
    world.b.hang = True
    for number in range(world.settings.health.failures):
        with pytest.raises(Unavailable):
            await world.locate(f"/{number}")
    assert world.board.down("b")
    started = time.monotonic()
    with pytest.raises(NotFound) as caught:
        await world.locate("/another")
    assert time.monotonic() - started < 0.1
    assert caught.value.unasked == ("b",)


@on_loop
async def test_every_copy_down_is_unavailable_with_the_reasons():
    world = World(a=1, b=2)
    world.put("/f", b"x", "a")
    located = await world.stat("/f")
    world.down("a")
    with pytest.raises(Unavailable, match="a: down: connection refused"):
        world.federation.redirect(located, Intent.GET, Transfer(), world.call())


@on_loop
async def test_copy_that_cannot_be_signed_is_passed_over_with_the_reason():
    world = World(a=1, b=2)
    world.put("/f", b"x")

    def unsigned(path, intent, transfer, call):
        raise Refused("no key")

    world.a.redirect = unsigned
    redirection = world.federation.redirect(await world.stat("/f"), Intent.GET, Transfer(), world.call())
    assert redirection.endpoint == "b"
    assert [(item.endpoint, item.reason) for item in redirection.choice.excluded] == [("a", "no key")]
    assert [place.endpoint for place in redirection.choice.order] == ["b"]


@on_loop
async def test_endpoint_that_may_not_be_read_is_not_asked():
    world = World(options={"a": {"readable": False}}, a=1, b=2)
    world.put("/f", b"x")
    assert holders(await world.stat("/f")) == ["b"]
    assert world.questions() == {"a": 0, "b": 1}


@on_loop
async def test_more_questions_than_seats_wait_their_turn_and_too_many_are_busy():
    world = World(options={"a": {"max_questions": 2}}, a=1)
    world.a.delay = 0.02
    for number in range(40):
        world.put(f"/{number}", b"x")
    results = await asyncio.gather(*(world.stat(f"/{number}") for number in range(40)), return_exceptions=True)
    found = [result for result in results if not isinstance(result, Exception)]
    refused = [result for result in results if isinstance(result, Unavailable)]
    assert len(found) >= 16
    assert len(found) + len(refused) == 40
    assert all("waiting for it" in str(error) for error in refused)
    assert world.board.down("a") is None, "a full queue is not the endpoint's failure"


@on_loop
async def test_copies_that_differ_are_asked_again_soon_because_an_upload_may_be_under_way():
    world = World(a=1, b=2).configure("cache", partial_ttl=0.05)
    world.put("/f", b"half", "a", mtime=9.0)
    world.put("/f", b"whole file", "b", mtime=5.0)
    assert holders(await world.stat("/f")) == ["a"]
    await world.landed()
    world.put("/f", b"whole file", "a", mtime=9.0)
    await asyncio.sleep(0.06)
    located = await world.stat("/f")
    assert holders(located) == ["a", "b"]
    assert located.excluded == ()
