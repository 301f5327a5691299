# SPDX-License-Identifier: Apache-2.0
"""From request threads to the loop: results, errors, deadlines, caps, and nothing left behind."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import NoReturn

import pytest

from tests.unit.frontend.fake import Client, FakeListing, FakeNamespace, World
from ugr.call import Call
from ugr.errors import DeadlineExceeded, NotFound, Overloaded, Unavailable
from ugr.frontend.bridge import QUEUED_BATCHES, Bridge, Gate
from ugr.transport import LoopThread


@pytest.fixture
def bridge(world: World) -> Bridge:
    """A bridge with the caps of the world's settings."""
    return Bridge(world.loop, lambda: world.settings)


def eventually(condition: Callable[[], bool]) -> bool:
    """Wait up to two seconds for something to become true."""
    end = time.monotonic() + 2.0
    while not condition() and time.monotonic() < end:
        threading.Event().wait(0.005)
    return condition()


def test_answer_and_error_come_across(bridge: Bridge) -> None:
    async def good() -> int:
        return 7

    async def bad() -> NoReturn:
        raise NotFound("no")

    assert bridge.ask(good, Call.until(1.0)) == 7
    with pytest.raises(NotFound):
        bridge.ask(bad, Call.until(1.0))


def test_question_that_outlives_its_deadline_is_cancelled(bridge: Bridge) -> None:
    ended = threading.Event()

    async def slow() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    start = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        bridge.ask(slow, Call.until(0.05))
    assert time.monotonic() - start < 1.0
    assert ended.wait(1.0)


def test_time_out_of_the_question_itself_is_not_taken_for_ours(bridge: Bridge) -> None:
    async def impatient() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        bridge.ask(impatient, Call.until(1.0))


def test_next_one_is_turned_away_at_once_when_too_many_wait(world: World, bridge: Bridge) -> None:
    world.configure(max_waiting=2)
    release = asyncio.Event()

    async def waiting() -> None:
        await release.wait()

    threads = [threading.Thread(target=bridge.ask, args=(waiting, Call.until(5.0))) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert eventually(lambda: bridge.waiting.taken == 2)
    with pytest.raises(Overloaded) as refused:
        bridge.ask(waiting, Call.until(5.0))
    assert refused.value.retry_after == 1.0
    world.loop.loop.call_soon_threadsafe(release.set)
    for thread in threads:
        thread.join(2.0)
    assert bridge.waiting.taken == 0


def test_place_is_given_back_whatever_happens(world: World, bridge: Bridge) -> None:
    world.configure(max_waiting=1, max_listings=1)

    async def bad() -> NoReturn:
        raise NotFound("no")

    for _ in range(3):
        with pytest.raises(NotFound):
            bridge.ask(bad, Call.until(1.0))
        with pytest.raises(NotFound):
            bridge.stream(bad, Call.until(1.0))
    assert (bridge.waiting.taken, bridge.listings.taken) == (0, 0)


def test_limit_of_a_gate_follows_the_settings() -> None:
    limit = 0
    gate = Gate("testing", lambda: limit)
    with pytest.raises(Overloaded, match="too many requests are testing"), gate:
        pass
    limit = 1
    with gate:
        pass


def test_loop_that_stops_makes_the_answer_unknown(world: World) -> None:
    loop = LoopThread()
    loop.start()
    bridge = Bridge(loop, lambda: world.settings)
    failures: list[Exception] = []

    async def for_ever() -> None:
        await asyncio.Event().wait()

    def asking() -> None:
        try:
            bridge.ask(for_ever, Call.until(5.0))
        except Unavailable as error:
            failures.append(error)

    thread = threading.Thread(target=asking)
    thread.start()
    assert eventually(lambda: bridge.waiting.taken == 1)
    loop.stop(2.0)
    thread.join(2.0)
    assert len(failures) == 1
    with pytest.raises(Unavailable):
        bridge.ask(for_ever, Call.until(1.0))


def opened(namespace: FakeNamespace) -> Callable[[], object]:
    """Return the question that lists ``/big``."""

    async def question() -> FakeListing:
        return FakeListing("/big", namespace)

    return question


@pytest.fixture
def big(world: World) -> FakeNamespace:
    """A directory of 100 files in lists of two."""
    for number in range(100):
        world.namespace.file(f"/big/{number}")
    return world.namespace


def test_stream_gives_every_entry_once_and_closes_the_listing(bridge: Bridge, big: FakeNamespace) -> None:
    stream = bridge.stream(opened(big), Call.until(5.0))  # type: ignore[arg-type]
    names = [info.name for batch in stream for info in batch]
    stream.close()
    stream.close()
    assert names == [str(number) for number in range(100)]
    assert (big.closed, bridge.listings.taken, bridge.waiting.taken) == (1, 0, 0)
    assert list(stream) == []


def test_producer_does_not_run_ahead_of_its_reader(bridge: Bridge, big: FakeNamespace) -> None:
    stream = bridge.stream(opened(big), Call.until(5.0))  # type: ignore[arg-type]
    next(stream)
    ahead = 1 + QUEUED_BATCHES + 1  # what was taken, what is queued, what the producer holds in its hand
    assert eventually(lambda: big.produced == ahead)
    time.sleep(0.05)
    assert big.produced == ahead
    stream.close()


def test_closing_a_stream_early_cancels_its_producer(bridge: Bridge, big: FakeNamespace) -> None:
    stream = bridge.stream(opened(big), Call.until(5.0))  # type: ignore[arg-type]
    next(stream)
    stream.close()
    assert eventually(lambda: big.closed == 1)
    assert (bridge.listings.taken, bridge.waiting.taken) == (0, 0)


def test_listing_that_hangs_ends_with_its_deadline(bridge: Bridge, big: FakeNamespace) -> None:
    big.listing_hangs = True
    stream = bridge.stream(opened(big), Call.until(0.1))  # type: ignore[arg-type]
    with pytest.raises(DeadlineExceeded):
        list(stream)
    stream.close()
    assert eventually(lambda: big.closed == 1)


def test_error_in_the_middle_comes_after_what_there_was(bridge: Bridge, big: FakeNamespace) -> None:
    big.listing_error = Unavailable("gone")
    stream = bridge.stream(opened(big), Call.until(5.0))  # type: ignore[arg-type]
    got: list[object] = []
    with pytest.raises(Unavailable):
        got.extend(stream)
    stream.close()
    assert len(got) == 50


def test_one_listing_more_than_allowed_is_503_while_files_are_still_found(world: World, ask: Client) -> None:
    world.configure(max_listings=1)
    for number in range(2000):
        world.namespace.file(f"/big/{number}")
    _, _, blocks = ask.open(ask.environ("PROPFIND", "/fed/big/", {"Depth": "1"}, b""))
    answer = ask("PROPFIND", "/fed/big/", {"Depth": "1"})
    assert (answer.status, answer["Retry-After"]) == (503, "1")
    assert answer.text.startswith("503 overloaded: too many requests are listing directories")
    assert ask("GET", "/fed/atlas/f").status == 302
    blocks.close()
    assert ask("PROPFIND", "/fed/big/", {"Depth": "1"}).status == 207


def test_remembered_files_are_answered_while_no_place_to_wait_is_left(world: World, ask: Client) -> None:
    world.configure(max_waiting=0)
    assert ask("GET", "/fed/atlas/f").status == 503
    world.namespace.remembered = True
    assert ask("GET", "/fed/atlas/f").status == 302
    assert ask("HEAD", "/fed/atlas/f").status == 200
    assert ask("PROPFIND", "/fed/atlas/f", {"Depth": "1"}).status == 207


def test_question_of_a_request_is_cancelled_at_the_deadline_of_the_request(world: World, ask: Client) -> None:
    world.namespace.hangs = True
    world.configure(deadline=0.05)
    answer = ask("GET", "/fed/atlas/f")
    assert (answer.status, answer.text.partition(":")[0]) == (503, "503 deadline-exceeded")
    assert eventually(lambda: world.namespace.cancelled == 1)


def test_head_of_a_directory_lists_nothing(world: World, ask: Client) -> None:
    assert ask("HEAD", "/fed/atlas/").status == 200
    assert world.namespace.closed == 0


def test_what_has_begun_leaves_the_places_of_those_that_wait(world: World, bridge: Bridge) -> None:
    async def opened() -> FakeListing:
        return FakeListing("/atlas", world.namespace)

    async def data() -> int:
        return 7

    stream = bridge.stream(opened, Call.until(1.0))
    answer, places = bridge.transfer(data, Call.until(1.0))
    assert answer == 7
    taken = (bridge.waiting.taken, bridge.listings.taken, bridge.transfers.taken, bridge.busy.taken)
    assert taken == (0, 1, 1, 2)
    stream.close()
    places.close()
    assert bridge.busy.taken == 0


def test_a_thread_is_left_whatever_is_configured(world: World, bridge: Bridge) -> None:
    world.configure(threads=4, max_waiting=3, max_listings=100, max_data=100)

    async def data() -> int:
        return 7

    _, places = bridge.transfer(data, Call.until(1.0))
    with pytest.raises(Overloaded, match="reading data"):
        bridge.transfer(data, Call.until(1.0))
    places.close()
    settings = world.settings.ugr
    assert (settings.listings_limit, settings.data_limit, settings.waiting_limit, settings.busy_limit) == (1, 1, 3, 3)
