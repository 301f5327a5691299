# SPDX-License-Identifier: Apache-2.0
"""The loop thread: handing coroutines over, stopping, noticing a stuck loop."""

import asyncio
import threading
import time

import pytest
import uvloop

from ugr.errors import DeadlineExceeded, NotFound, Unavailable
from ugr.transport import LoopThread


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def thread(request):
    thread = LoopThread(new_loop=request.param)
    thread.start()
    yield thread
    assert thread.stop(5.0)


async def value(result, seconds=0.0):
    await asyncio.sleep(seconds)
    return result


def test_a_coroutine_runs_on_the_loops_own_thread(thread):
    async def where():
        return threading.current_thread().name, asyncio.get_running_loop() is thread.loop

    assert thread.run(where()) == ("ugr-loop", True)
    assert thread.submit(value(7)).result(5) == 7


def test_what_a_coroutine_raises_is_raised_to_who_waits(thread):
    async def fail(error):
        raise error

    with pytest.raises(NotFound):
        thread.run(fail(NotFound("x")), 5)
    with pytest.raises(TimeoutError, match="its own"):
        thread.run(fail(TimeoutError("its own")), 5)


def test_waiting_ends_in_time_and_cancels(thread):
    ended = threading.Event()

    async def long():
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    begun = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        thread.run(long(), 0.05)
    assert 0.04 < time.monotonic() - begun < 1
    assert ended.wait(5)


def test_waiting_on_the_loop_itself_is_an_error_not_a_deadlock(thread):
    async def inside():
        thread.run(value(1))

    with pytest.raises(RuntimeError):
        thread.run(inside(), 5)


def test_stopping_cancels_what_runs_and_wakes_who_waits():
    thread = LoopThread()
    thread.start()
    seen = []

    def waiter():
        try:
            thread.run(value(1, 60))
        except Unavailable as error:
            seen.append(error)

    waiters = [threading.Thread(target=waiter) for _ in range(5)]
    for each in waiters:
        each.start()
    while thread.run(tasks()) < 6:
        pass
    assert thread.stop(5.0)
    for each in waiters:
        each.join(5)
    assert len(seen) == 5
    with pytest.raises(Unavailable):
        thread.submit(value(1))
    assert thread.stop(1.0)


async def tasks():
    return len(asyncio.all_tasks())


def test_a_task_that_does_not_end_holds_nobody_up():
    thread = LoopThread()
    thread.start()
    release = threading.Event()

    async def stubborn():
        while not release.is_set():
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                continue

    future = thread.submit(stubborn())
    thread.run(value(0))
    begun = time.monotonic()
    thread.stop(0.5)
    assert time.monotonic() - begun < 2
    assert future.cancelled()


def test_a_loop_can_be_started_again_after_it_stopped(thread):
    assert thread.stop(5.0)
    with pytest.raises(RuntimeError):
        _ = thread.loop
    thread.start()
    assert thread.run(value(3)) == 3


def test_a_stuck_loop_is_not_healthy(thread):
    assert thread.healthy(0.5)
    release = threading.Event()
    thread.loop.call_soon_threadsafe(release.wait, 5)
    until = time.monotonic() + 3
    while thread.healthy(0.5) and time.monotonic() < until:
        threading.Event().wait(0.02)
    assert not thread.healthy(0.5)
    release.set()
    until = time.monotonic() + 3
    while not thread.healthy(0.5) and time.monotonic() < until:
        threading.Event().wait(0.02)
    assert thread.healthy(0.5)
    thread.stop(5.0)
    assert not thread.healthy(60)
