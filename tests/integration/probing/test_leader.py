# SPDX-License-Identifier: Apache-2.0
"""Candidates of several workers, on one loop: one polls, the next takes over, a stuck one is not waited for."""

import asyncio
import logging
import time

import pytest

from ugr.config.settings import HealthSettings
from ugr.errors import ConfigError, Refused
from ugr.federation import leader, slate
from ugr.federation.health import State
from ugr.federation.leader import Candidate, LeaderLock
from ugr.federation.poller import Poller
from ugr.federation.shared_board import STALE, SharedBoard

SETTINGS = HealthSettings(interval=60.0, retry_interval=0.02, timeout=0.5, failures=3, recoveries=2)
QUICK = HealthSettings(interval=0.02, retry_interval=0.02, timeout=0.5, failures=3, recoveries=2)


class Endpoint:
    """Counts its probes and answers them as ``answer`` says."""

    def __init__(self):
        self.answer = None
        self.probes = 0

    async def health(self, call):
        self.probes += 1
        if self.answer is not None:
            raise self.answer


class Worker:
    """What one worker has: an endpoint of its own, so that it is seen who probes."""

    def __init__(self, directory, settings=SETTINGS, names=("a",)):
        self.late = 0.0
        self.endpoint = Endpoint()
        self.board = SharedBoard({name: name for name in names}, settings, clock=lambda: time.monotonic() + self.late)
        self.poller = Poller(dict.fromkeys(names, self.endpoint), self.board, settings)
        self.candidate = Candidate(directory, self.board, self.poller)

    @property
    def leading(self):
        return self.candidate.leading

    async def __aenter__(self):
        self.candidate.start()
        return self

    async def __aexit__(self, *_):
        await self.candidate.stop()


async def until(condition, seconds=5.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def on_loop(test):
    def run(tmp_path):
        asyncio.run(test(tmp_path))

    run.__name__ = test.__name__
    return run


# --- the lock ---


@pytest.fixture
def path(tmp_path):
    return tmp_path / "leader.lock"


def test_one_holds_the_lock_until_it_lets_go(path):
    one, other = LeaderLock(path), LeaderLock(path)
    assert one.take()
    assert one.take()
    assert not other.take()
    one.release()
    one.release()
    assert other.take()
    assert not one.take()


@pytest.mark.parametrize("again", [False, True])
def test_lock_whose_file_was_removed_or_replaced_is_no_longer_held(path, again):
    one, other = LeaderLock(path), LeaderLock(path)
    assert one.take()
    path.unlink()
    if again:
        assert other.take()
    assert not one.take()
    assert other.take()
    assert not one.take()


def test_without_a_directory_nobody_holds_the_lock(tmp_path):
    assert not LeaderLock(tmp_path / "nowhere" / "leader.lock").take()


# --- candidates ---


@on_loop
async def test_one_worker_probes_and_all_know(tmp_path):
    async with Worker(tmp_path) as one, Worker(tmp_path) as other, Worker(tmp_path) as third:
        workers = (one, other, third)
        await until(lambda: all(worker.board.snapshot()["a"].state is State.UP for worker in workers))
        await asyncio.sleep(2.5 * leader.TURN)
        assert sorted(worker.endpoint.probes for worker in workers) == [0, 0, 1]
        assert [worker.leading for worker in workers].count(True) == 1


@on_loop
async def test_when_the_leader_stops_another_takes_over_and_verdicts_survive(tmp_path):
    async with Worker(tmp_path) as one, Worker(tmp_path) as other:
        await until(lambda: one.leading)
        one.endpoint.answer = other.endpoint.answer = Refused("connection refused")
        one.poller.probe_now("a")
        await until(lambda: other.board.down("a"))
        since = other.board.snapshot()["a"].since
        await one.candidate.stop()
        stopped = time.monotonic()
        await until(lambda: other.leading)
        assert time.monotonic() - stopped < 0.5
        assert other.board.down("a") == "down: connection refused"
        assert other.board.snapshot()["a"].since == since
        await until(lambda: other.endpoint.probes > 1)
        other.endpoint.answer = None
        await until(lambda: other.board.down("a") is None)


@on_loop
async def test_leader_probes_at_once_what_failed_another_worker(tmp_path):
    async with Worker(tmp_path) as one, Worker(tmp_path) as other:
        await until(lambda: one.endpoint.probes == 1)
        await until(lambda: other.board.snapshot()["a"].state is State.UP)
        for _ in range(SETTINGS.failures):
            other.board.question_failed("a", "no answer within 3s")
        assert other.board.down("a") == "down: no answer within 3s"
        assert one.board.down("a") is None
        await until(lambda: other.board.down("a") is None, 1.0)
        assert one.endpoint.probes == 3
        assert other.endpoint.probes == 0


@on_loop
async def test_worker_of_a_stuck_leader_probes_for_itself_until_it_turns_again(tmp_path):
    async with Worker(tmp_path) as one, Worker(tmp_path, QUICK) as other:
        await until(lambda: one.leading)
        await until(lambda: other.board.snapshot()["a"].state is State.UP)
        other.late = STALE + 1
        await until(lambda: other.endpoint.probes > 2)
        assert not other.leading
        other.endpoint.answer = Refused("connection refused")
        await until(lambda: other.board.down("a") == "down: connection refused")
        other.endpoint.answer = None
        await until(lambda: other.board.down("a") is None)
        other.late = 0.0
        await asyncio.sleep(2.5 * leader.TURN)
        probes = other.endpoint.probes
        await asyncio.sleep(2 * leader.TURN)
        assert other.endpoint.probes == probes


@on_loop
async def test_worker_with_endpoints_of_its_own_probes_for_itself(tmp_path):
    async with Worker(tmp_path) as one, Worker(tmp_path, names=("a", "b")) as other:
        await until(lambda: one.leading)
        other.late = 0.001
        other.board._attended -= STALE
        await until(lambda: other.endpoint.probes >= 2)
        assert not other.leading
        assert other.board.snapshot()["b"].state is State.UP


@on_loop
async def test_files_that_were_removed_are_made_again_and_all_meet_in_them(tmp_path):
    async with Worker(tmp_path) as one, Worker(tmp_path) as other:
        await until(lambda: one.leading)
        for name in (slate.FILE, leader.FILE):
            (tmp_path / name).unlink()
        await until(lambda: not one.board.replaced() and not other.board.replaced())
        await until(lambda: [one.leading, other.leading].count(True) == 1)
        first, second = (one, other) if one.leading else (other, one)
        first.endpoint.answer = Refused("connection refused")
        first.poller.probe_now("a")
        await until(lambda: second.board.down("a") == "down: connection refused")
        assert [one.leading, other.leading].count(True) == 1


@on_loop
async def test_stopped_candidate_probes_no_more_and_may_start_again(tmp_path):
    worker = Worker(tmp_path, QUICK)
    await worker.candidate.stop()
    async with worker:
        await until(lambda: worker.endpoint.probes > 2)
        await worker.candidate.stop()
        await worker.candidate.stop()
        probes = worker.endpoint.probes
        await asyncio.sleep(0.1)
        assert worker.endpoint.probes == probes
        assert not worker.leading
        worker.candidate.start()
        await until(lambda: worker.endpoint.probes > probes)
    assert len(asyncio.all_tasks()) == 1


def test_directory_that_cannot_be_used_is_said_at_start(tmp_path):
    async def main():
        Worker(tmp_path / "nowhere").candidate.start()

    with pytest.raises(ConfigError, match=r"\[ugr\] runtime_dir = .*/nowhere: board in it cannot be used"):
        asyncio.run(main())


def test_lost_directory_is_told_once_and_probing_goes_on(tmp_path, caplog):
    directory = tmp_path / "run"
    directory.mkdir()

    async def main():
        async with Worker(directory, QUICK) as worker:
            await until(lambda: worker.leading)
            for file in directory.iterdir():
                file.unlink()
            directory.rmdir()
            await until(lambda: not worker.leading)
            worker.late = STALE + 1
            probes = worker.endpoint.probes
            await until(lambda: worker.endpoint.probes > probes + 2)
            await asyncio.sleep((leader.TURNS_PER_LOOK + 2) * leader.TURN)
            probes = worker.endpoint.probes
            await until(lambda: worker.endpoint.probes > probes + 2)

    with caplog.at_level(logging.WARNING, "ugr.health"):
        asyncio.run(main())
    said = [record.getMessage() for record in caplog.records]
    for words in ("endpoints cannot be watched for all workers", "this worker probes for itself"):
        assert len([line for line in said if words in line]) == 1
    assert len(said) <= 3
