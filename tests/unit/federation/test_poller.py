# SPDX-License-Identifier: Apache-2.0
"""The poller on a real event loop with short intervals and endpoints that do as told."""

import asyncio
import threading

import pytest

from ugr.config.settings import HealthSettings
from ugr.errors import PermissionDenied, Refused
from ugr.federation.board import Board
from ugr.federation.health import State
from ugr.federation.poller import Poller

QUICK = HealthSettings(
    interval=0.02, retry_interval=0.01, timeout=0.05, max_latency=10.0, failures=3, recoveries=2
)
PATIENT = HealthSettings(
    interval=60.0, retry_interval=0.01, timeout=0.05, max_latency=10.0, failures=3, recoveries=2
)


class Endpoint:
    """Answers a probe as ``answer`` says: None is well, an exception is raised, a number is seconds of silence."""

    def __init__(self, answer=None):
        self.answer = answer
        self.probes = 0
        self.cancelled = 0
        self.times = []

    async def health(self, call):
        self.probes += 1
        self.times.append(call.remaining())
        answer = self.answer
        try:
            if isinstance(answer, float):
                await asyncio.sleep(answer)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if isinstance(answer, Exception):
            raise answer


def running(settings, test, **endpoints):
    """Run ``test(board, poller)`` while a poller probes the endpoints."""

    async def main():
        board = Board(endpoints, settings)
        poller = Poller(endpoints, board, settings)
        poller.start()
        try:
            await test(board, poller)
        finally:
            await poller.stop()
        return board

    return asyncio.run(main())


async def until(condition, seconds=5.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.002)


def state(board, name):
    return board.snapshot()[name].state


def test_all_endpoints_are_probed_at_once_when_started():
    a, b = Endpoint(), Endpoint()

    async def test(board, poller):
        await until(lambda: a.probes and b.probes, 0.5)
        assert (state(board, "a"), state(board, "b")) == (State.UP, State.UP)

    running(PATIENT, test, a=a, b=b)
    assert (a.probes, b.probes) == (1, 1)


def test_a_probe_has_the_time_of_the_settings():
    a = Endpoint()
    running(PATIENT, lambda board, poller: until(lambda: a.probes), a=a)

    assert 0.0 < a.times[0] <= PATIENT.timeout


def test_endpoint_is_probed_again_and_again():
    a = Endpoint()
    board = running(QUICK, lambda board, poller: until(lambda: a.probes >= 5), a=a)
    assert a.probes >= 5
    assert state(board, "a") is State.UP


def test_failing_endpoint_goes_down_and_comes_back_after_two_good_probes():
    a = Endpoint(Refused("connection refused"))

    async def test(board, poller):
        await until(lambda: board.down("a"))
        assert board.down("a") == "down: connection refused"
        assert a.probes == 3
        a.answer = None
        good_from = a.probes
        await until(lambda: board.down("a") is None)
        assert a.probes - good_from <= 3
        assert state(board, "a") is State.UP

    running(PATIENT, test, a=a)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (PermissionDenied("403 Forbidden"), "down: credentials refused (403 Forbidden)"),
        (KeyError("token"), "down: its plugin failed: KeyError"),
        (TimeoutError(), "down: no answer within 50ms"),
    ],
)
def test_whatever_a_probe_raises_becomes_a_reason(answer, reason):
    async def test(board, poller):
        await until(lambda: board.down("a"))
        assert board.down("a") == reason

    running(QUICK, test, a=Endpoint(answer))


def test_endpoint_that_keeps_silent_delays_nobody():
    hung, well = Endpoint(3600.0), Endpoint()

    async def test(board, poller):
        await until(lambda: well.probes >= 5)
        assert hung.probes == 1
        assert (state(board, "hung"), state(board, "well")) == (State.UNKNOWN, State.UP)

    running(HealthSettings(interval=0.02, retry_interval=0.01, timeout=60.0), test, hung=hung, well=well)


def test_endpoint_that_keeps_silent_is_cut_off_and_goes_down():
    hung = Endpoint(3600.0)

    async def test(board, poller):
        await until(lambda: board.down("hung"))
        assert board.down("hung") == "down: no answer within 50ms"

    running(HealthSettings(retry_interval=0.01, timeout=0.05, failures=2), test, hung=hung)
    assert hung.probes == hung.cancelled == 2


def test_slow_endpoint_is_down_for_being_slow():
    settings = HealthSettings(interval=0.02, retry_interval=0.01, timeout=1.0, max_latency=0.005, failures=2)

    async def test(board, poller):
        await until(lambda: board.down("a"))
        assert board.down("a") == "down: slower than 5ms"

    running(settings, test, a=Endpoint(0.02))


def test_breaker_opened_by_questions_is_probed_at_once_and_closes_after_two_good_probes():
    a = Endpoint()

    async def test(board, poller):
        await until(lambda: a.probes == 1)
        await asyncio.sleep(0.01)
        assert a.probes == 1
        for _ in range(PATIENT.failures):
            board.question_failed("a", "no answer within 3s")
        assert board.down("a") == "down: no answer within 3s"
        await until(lambda: board.down("a") is None, 1.0)
        assert a.probes == 3

    running(PATIENT, test, a=a)


def test_endpoint_taken_down_by_a_probe_waits_for_its_next_turn():
    settings = HealthSettings(interval=60.0, retry_interval=60.0, timeout=0.05, failures=1)
    a = Endpoint(Refused("connection refused"))

    async def test(board, poller):
        await until(lambda: board.down("a"))
        await asyncio.sleep(0.03)
        assert a.probes == 1

    running(settings, test, a=a)


def test_probe_now_may_be_asked_from_any_thread():
    a, b = Endpoint(), Endpoint()

    async def test(board, poller):
        await until(lambda: a.probes == 1 and b.probes == 1)
        await asyncio.sleep(0)
        thread = threading.Thread(target=poller.probe_now, args=("a",))
        thread.start()
        await until(lambda: a.probes == 2)
        thread.join()
        assert b.probes == 1

    running(PATIENT, test, a=a, b=b)


def test_probe_now_of_an_unknown_or_stopped_endpoint_does_nothing():
    a = Endpoint()

    async def test(board, poller):
        await until(lambda: a.probes == 1)
        poller.probe_now("nobody")
        await poller.stop()
        poller.probe_now("a")
        await asyncio.sleep(0.02)

    running(PATIENT, test, a=a)
    assert a.probes == 1


def test_stop_cancels_probes_under_way_and_tells_nobody():
    a = Endpoint(3600.0)

    async def test(board, poller):
        await until(lambda: a.probes == 1)
        await poller.stop()
        await poller.stop()
        assert a.cancelled == 1
        assert len(asyncio.all_tasks()) == 1

    board = running(PATIENT, test, a=a)
    assert state(board, "a") is State.UNKNOWN


def test_poller_may_be_started_again():
    a = Endpoint()

    async def test(board, poller):
        await until(lambda: a.probes == 1)
        await poller.stop()
        poller.start()
        await until(lambda: a.probes == 2)

    board = running(PATIENT, test, a=a)
    assert a.probes == 2
    assert state(board, "a") is State.UP


def test_cancelling_a_single_probe_is_no_failure_of_the_endpoint():
    settings = HealthSettings(failures=1, timeout=60.0)
    a = Endpoint(3600.0)

    async def main():
        board = Board(["a"], settings)
        task = asyncio.create_task(Poller({"a": a}, board, settings).probe_once("a"))
        await until(lambda: a.probes)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return board

    assert state(asyncio.run(main()), "a") is State.UNKNOWN


def test_switched_off_nothing_is_probed_but_by_request():
    settings = HealthSettings(enabled=False)
    a = Endpoint()

    async def test(board, poller):
        await asyncio.sleep(0.02)
        assert a.probes == 0
        await poller.probe_once("a")
        assert state(board, "a") is State.UP

    running(settings, test, a=a)
