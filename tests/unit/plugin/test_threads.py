# SPDX-License-Identifier: Apache-2.0
"""Threads that do not come back: deadlines, abandoned threads, queues, closing."""

import asyncio
import time

import pytest

from tests.unit.plugin.plain import Options, Plain, Whole, eventually, held, run, soon, threads_of
from ugr.config.types import Duration
from ugr.errors import Busy, DeadlineExceeded, Timeout, Unavailable
from ugr.model import FileInfo
from ugr.plugin.blocking import Threaded


def test_a_thread_that_is_late_is_abandoned_and_its_result_dropped():
    async def scenario():
        blocking = Plain()
        endpoint = Threaded(blocking)
        with held(blocking):
            started = time.monotonic()
            with pytest.raises(Timeout) as caught:
                await endpoint.stat("/f", soon(0.05))
            assert time.monotonic() - started < 0.3
            assert (caught.value.endpoint, caught.value.verb, caught.value.path) == ("plain", "stat", "/f")
            assert endpoint.abandoned == 1
        await eventually(lambda: endpoint.abandoned == 0)
        await endpoint.close()

    run(scenario())


def test_when_all_threads_are_abandoned_questions_fail_at_once_and_recover():
    async def scenario():
        blocking = Plain(options=Options(max_threads=2))
        endpoint = Threaded(blocking)
        with held(blocking):
            answers = await asyncio.gather(
                *(endpoint.stat(f"/{n}", soon(0.05)) for n in range(2)), return_exceptions=True
            )
            assert [type(answer) for answer in answers] == [Timeout, Timeout]
            assert endpoint.abandoned == 2
            started = time.monotonic()
            with pytest.raises(Timeout, match="all 2 threads"):
                await endpoint.stat("/at-once", soon(5))
            assert time.monotonic() - started < 0.2
        await eventually(lambda: endpoint.abandoned == 0)
        assert await endpoint.stat("/again", soon()) == FileInfo("again", size=1)
        assert "/at-once" not in [path for path, _ in blocking.seen]
        await endpoint.close()

    run(scenario())


def test_questions_that_wait_fail_when_the_last_thread_is_abandoned():
    async def scenario():
        blocking = Plain(options=Options(max_threads=1))
        endpoint = Threaded(blocking)
        with held(blocking):
            first = asyncio.create_task(endpoint.stat("/first", soon(0.05)))
            await asyncio.sleep(0)
            started = time.monotonic()
            with pytest.raises(Timeout):
                await endpoint.stat("/waiting", soon(5))
            assert time.monotonic() - started < 0.3
            with pytest.raises(Timeout):
                await first
        await endpoint.close()

    run(scenario())


def test_a_question_that_finds_no_thread_in_time_is_busy_not_silent():
    async def scenario():
        blocking = Plain(options=Options(max_threads=1))
        endpoint = Threaded(blocking)
        with held(blocking):
            first = asyncio.create_task(endpoint.stat("/first", soon(5)))
            await asyncio.sleep(0)
            with pytest.raises(Busy):
                await endpoint.stat("/second", soon(0.05))
            assert endpoint.abandoned == 0
        assert (await first).name == "first"
        await endpoint.close()

    run(scenario())


def test_waiting_questions_are_answered_in_order():
    async def scenario():
        blocking = Plain(options=Options(max_threads=1))
        endpoint = Threaded(blocking)
        names = [f"/{n}" for n in range(20)]
        answers = await asyncio.gather(*(endpoint.stat(name, soon()) for name in names))
        assert [f"/{info.name}" for info in answers] == names
        assert [path for path, _ in blocking.seen] == names
        await endpoint.close()

    run(scenario())


def test_no_more_threads_than_max_threads_and_none_before_they_are_needed():
    async def scenario():
        blocking = Plain("counted", Options(max_threads=3))
        endpoint = Threaded(blocking)
        assert threads_of("counted") == []
        for _ in range(5):
            await endpoint.stat("/one-at-a-time", soon())
        assert len(threads_of("counted")) == 1
        await asyncio.gather(*(endpoint.stat("/f", soon()) for _ in range(20)))
        assert len(threads_of("counted")) <= 3
        await endpoint.close()
        await eventually(lambda: threads_of("counted") == [])

    run(scenario())


def test_a_call_without_time_is_not_asked():
    async def scenario():
        blocking = Plain()
        endpoint = Threaded(blocking)
        with pytest.raises(DeadlineExceeded):
            await endpoint.stat("/f", soon(0))
        assert blocking.seen == []

    run(scenario())


def test_a_cancelled_question_gives_its_thread_back():
    async def scenario():
        blocking = Plain(options=Options(max_threads=1))
        endpoint = Threaded(blocking)
        with held(blocking):
            tasks = [asyncio.create_task(endpoint.stat("/f", soon())) for _ in range(3)]
            await eventually(lambda: blocking.seen)
            for task in tasks:
                task.cancel()
            assert [type(gone) for gone in await asyncio.gather(*tasks, return_exceptions=True)] == [
                asyncio.CancelledError
            ] * 3
        assert (await endpoint.stat("/next", soon())).name == "next"
        assert len(blocking.seen) == 2
        await endpoint.close()

    run(scenario())


def test_a_file_opened_too_late_is_closed_again():
    async def scenario():
        blocking = Whole()
        endpoint = Threaded(blocking)
        with held(blocking), pytest.raises(Timeout):
            await endpoint.data("/f", soon(0.05))
        await eventually(lambda: getattr(blocking, "stream", None) is not None and blocking.stream.closed)
        await endpoint.close()

    run(scenario())


def test_closing_does_not_wait_for_hanging_threads():
    async def scenario():
        blocking = Plain()
        endpoint = Threaded(blocking)
        with held(blocking):
            with pytest.raises(Timeout):
                await endpoint.stat("/f", soon(0.05))
            started = time.monotonic()
            await endpoint.close()
            assert time.monotonic() - started < 0.3
            assert blocking.closed_in == ["closed"]
            with pytest.raises(Unavailable):
                await endpoint.stat("/f", soon())
        await eventually(lambda: threads_of("plain-") == [])

    run(scenario())


def test_a_close_that_hangs_is_given_up():
    class Hanging(Plain):
        def close(self):
            self.gate.wait(10)

    async def scenario():
        blocking = Hanging(options=Options(timeout=Duration(0.05)))
        with held(blocking), pytest.raises(Timeout):
            await Threaded(blocking).close()

    run(scenario())


def test_a_thread_that_comes_back_after_the_loop_is_gone_ends_quietly():
    blocking = Plain("orphan")
    blocking.gate.clear()

    async def scenario():
        with pytest.raises(Timeout):
            await Threaded(blocking).stat("/f", soon(0.05))

    run(scenario())
    blocking.gate.set()
    deadline = time.monotonic() + 5
    while threads_of("orphan") and time.monotonic() < deadline:
        time.sleep(0.005)
    assert threads_of("orphan") == []


def test_a_thousand_questions_and_listings_leave_nothing_behind():
    async def scenario():
        blocking = Plain("busy", Options(max_threads=4))
        endpoint = Threaded(blocking)

        async def listing():
            return [info.name async for info in endpoint.list("/", soon(20))]

        questions = [endpoint.stat(f"/{n}", soon(20)) for n in range(900)]
        answers = await asyncio.gather(*questions, *(listing() for _ in range(100)))
        assert [info.name for info in answers[:900]] == [str(n) for n in range(900)]
        assert answers[900:] == [["0", "1", "2"]] * 100
        assert len(asyncio.all_tasks()) == 1
        await endpoint.close()
        await eventually(lambda: threads_of("busy") == [])

    run(scenario())
