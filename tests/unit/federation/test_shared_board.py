# SPDX-License-Identifier: Apache-2.0
"""Boards of several workers: one leads, all agree, and each believes its own failing questions first."""

import logging

import pytest

from ugr.config.settings import HealthSettings
from ugr.federation.health import State
from ugr.federation.shared_board import STALE, SharedBoard
from ugr.federation.slate import FILE

SETTINGS = HealthSettings(failures=3, recoveries=2, interval=10.0, retry_interval=1.0)
KEYS = {"a": "a 01", "b": "b 02"}


class Host:
    """Workers of one host with one clock; the first that is made leads."""

    def __init__(self, directory):
        self.directory = directory
        self.now = 50000.0
        self.workers = []

    def worker(self, keys=None):
        board = SharedBoard(keys or KEYS, SETTINGS, wall=lambda: self.now, clock=lambda: self.now)
        board.attach(self.directory)
        self.workers.append(board)
        return board

    def pair(self):
        leader, follower = self.worker(), self.worker()
        leader.lead()
        follower.refresh()
        return leader, follower

    def later(self, seconds):
        self.now += seconds


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def probe_down(board, name="a", reason="connection refused"):
    for _ in range(SETTINGS.failures):
        board.probe_failed(name, reason)


def fail_questions(board, name="a", reason="no answer within 3s"):
    for _ in range(SETTINGS.failures):
        board.question_failed(name, reason)


def state(board, name="a"):
    return board.snapshot()[name].state


def test_without_a_directory_it_is_a_board_like_any_other():
    board = SharedBoard(KEYS, SETTINGS, wall=lambda: 1000.0)
    probe_down(board)
    assert dict(board.downs()) == {"a": "down: connection refused"}
    board.probe_ok("a", 0.5)
    board.probe_ok("a", 0.5)
    assert board.down("a") is None
    assert board.usual_latency("a") == 0.5
    board.refresh()
    assert not board.replaced()


def test_what_the_leader_finds_all_workers_believe(host):
    leader, follower = host.pair()
    third = host.worker()
    leader.probe_ok("a", 0.5)
    probe_down(leader, "b")
    for board in (leader, follower, third):
        assert board.snapshot() == leader.snapshot()
        assert dict(board.downs()) == {"b": "down: connection refused"}
        assert board.down("b") == "down: connection refused"
        assert board.usual_latency("a") == 0.5
        assert (state(board, "a"), state(board, "b")) == (State.UP, State.DOWN)


def test_the_mapping_is_replaced_only_when_something_changed(host):
    leader, follower = host.pair()
    probe_down(leader)
    before = follower.downs()
    assert follower.downs() is before
    leader.probe_ok("b", 0.5)
    assert follower.downs() is before
    leader.probe_ok("a", 0.5)
    leader.probe_ok("a", 0.5)
    assert dict(follower.downs()) == {}
    assert dict(before) == {"a": "down: connection refused"}


def test_one_failed_probe_takes_nothing_down(host):
    leader, follower = host.pair()
    leader.probe_failed("a", "connection refused")
    assert follower.down("a") is None


def test_worker_believes_its_own_failing_questions_at_once_and_the_others_do_not(host):
    leader, follower = host.pair()
    third = host.worker()
    leader.probe_ok("a", 0.5)
    fail_questions(follower)
    assert follower.down("a") == "down: no answer within 3s"
    assert leader.down("a") is None
    assert third.down("a") is None


def test_leader_hears_once_of_an_endpoint_that_fails_a_worker(host):
    leader, follower = host.pair()
    assert leader.beat() == []
    fail_questions(follower)
    assert leader.beat() == ["a"]
    assert leader.beat() == []


def test_one_failed_probe_confirms_the_report_for_all(host):
    leader, follower = host.pair()
    third = host.worker()
    leader.probe_ok("a", 0.5)
    fail_questions(follower)
    leader.beat()
    leader.probe_failed("a", "no route to host")
    assert leader.down("a") == third.down("a") == follower.down("a") == "down: no route to host"


def test_good_probes_of_the_leader_close_the_breaker_of_a_worker(host):
    leader, follower = host.pair()
    leader.probe_ok("a", 0.5)
    leader.probe_ok("a", 0.5)
    fail_questions(follower)
    follower.question_ok("a", 0.1)
    leader.beat()
    assert follower.down("a") is not None, "good probes from before it failed say nothing"
    leader.probe_ok("a", 0.5)
    assert follower.down("a") is not None
    leader.probe_ok("a", 0.5)
    assert follower.down("a") is None
    assert state(follower) is State.UP
    follower.question_failed("a", "no answer within 3s")
    assert follower.down("a") is None, "failures count from the beginning again"


def test_failed_probe_between_good_ones_keeps_the_breaker_open(host):
    leader, follower = host.pair()
    fail_questions(follower)
    leader.probe_ok("a", 0.5)
    leader.probe_failed("a", "connection refused")
    leader.probe_ok("a", 0.5)
    assert follower.down("a") is not None
    leader.probe_ok("a", 0.5)
    assert follower.down("a") is None


def test_reported_endpoint_is_probed_like_one_that_is_down_until_the_worker_can_use_it_again(host):
    leader, follower = host.pair()
    leader.probe_ok("a", 0.5)
    assert 9.0 <= leader.next_probe("a", 0.0) <= 10.0
    fail_questions(follower)
    leader.beat()
    for _ in range(SETTINGS.recoveries):
        assert 0.9 <= leader.next_probe("a", 0.0) <= 1.0
        leader.probe_ok("a", 0.5)
    assert 9.0 <= leader.next_probe("a", 0.0) <= 10.0
    assert follower.down("a") is None


def test_leaders_own_failing_questions_are_its_own_until_a_probe_confirms_them(host):
    leader, follower = host.pair()
    leader.probe_ok("a", 0.5)
    fail_questions(leader)
    assert leader.down("a") == "down: no answer within 3s"
    assert follower.down("a") is None
    leader.probe_failed("a", "connection refused")
    assert leader.down("a") == follower.down("a") == "down: connection refused"
    leader.probe_ok("a", 0.5)
    leader.probe_ok("a", 0.5)
    assert leader.down("a") is follower.down("a") is None


def test_endpoint_with_all_threads_stuck_is_down_for_that_worker_and_reported(host):
    leader, follower = host.pair()
    follower.abandoned("b")
    assert follower.down("b") == "down: all its threads are stuck"
    assert leader.down("b") is None
    assert leader.beat() == ["b"]


def test_next_leader_goes_on_where_the_last_one_ended(host):
    leader, follower = host.pair()
    leader.probe_ok("b", 0.5)
    probe_down(leader)
    since = follower.snapshot()["a"].since
    host.later(2.0)
    third = host.worker()
    follower.lead()
    for board in (follower, third):
        assert board.snapshot()["a"].since == since
        assert board.down("a") == "down: connection refused"
        assert (state(board, "b"), board.usual_latency("b")) == (State.UP, 0.5)
    follower.probe_ok("a", 0.5)
    assert third.down("a") is not None
    follower.probe_ok("a", 0.5)
    assert third.down("a") is None


def test_report_that_only_the_dead_leader_heard_is_made_again(host):
    leader, follower = host.pair()
    third = host.worker()
    fail_questions(follower)
    assert leader.beat() == ["a"]
    third.lead()
    follower.refresh()
    assert third.beat() == ["a"]
    third.probe_ok("a", 0.5)
    third.probe_ok("a", 0.5)
    assert follower.down("a") is None


def test_verdicts_of_a_service_that_ended_long_ago_are_not_believed(host):
    leader, _ = host.pair()
    probe_down(leader)
    host.later(STALE + 1)
    late = host.worker()
    assert late.down("a") is None
    late.lead()
    assert late.down("a") is None
    assert state(late) is State.UNKNOWN
    assert leader.down("a") is None


def test_worker_is_attended_while_its_leader_gives_signs_of_life(host):
    leader, follower = host.pair()
    for _ in range(5):
        host.later(STALE - 1)
        leader.beat()
        assert follower.attended()
    host.later(STALE - 1)
    assert follower.attended()
    host.later(2)
    assert not follower.attended()
    leader.beat()
    assert follower.attended()


def test_new_worker_gives_the_leader_a_moment(host):
    follower = host.worker()
    assert follower.attended()
    host.later(STALE + 1)
    assert not follower.attended()


def test_worker_with_an_endpoint_that_the_leader_does_not_watch_is_not_attended(host):
    leader = host.worker({"a": "a 01"})
    leader.lead()
    follower = host.worker()
    for _ in range(3):
        host.later(STALE / 2)
        leader.beat()
    assert not follower.attended()


def test_worker_with_an_endpoint_that_only_an_earlier_leader_watched_is_not_attended(host):
    _, follower = host.pair()
    leader = host.worker({"a": "a 01"})
    leader.lead()
    for _ in range(3):
        host.later(STALE / 2)
        leader.beat()
    assert not follower.attended()


def test_breaker_of_a_worker_that_becomes_leader_stays_its_own(host):
    leader, follower = host.pair()
    third = host.worker()
    leader.probe_ok("a", 0.5)
    fail_questions(follower)
    follower.lead()
    assert follower.down("a") == "down: no answer within 3s"
    assert third.down("a") is None
    assert state(third) is State.UP


def test_endpoints_of_one_name_and_other_options_are_others(host):
    leader, _ = host.pair()
    other = host.worker({"a": "a 99", "b": "b 02"})
    probe_down(leader, "a")
    probe_down(leader, "b")
    assert dict(other.downs()) == {"b": "down: connection refused"}


def test_without_a_leader_a_worker_decides_by_its_own_probes_and_says_for_whom(host, caplog):
    _, follower = host.pair()
    host.later(STALE + 1)
    assert not follower.attended()
    with caplog.at_level(logging.INFO, "ugr.health"):
        probe_down(follower)
        follower.probe_ok("a", 0.5)
        follower.probe_ok("a", 0.5)
    assert follower.down("a") is None
    assert [record.getMessage() for record in caplog.records] == [
        "endpoint a is down: connection refused, for this worker",
        "endpoint a is up again, for this worker, was down: connection refused for 0ms",
    ]


def test_a_change_that_all_share_is_logged_by_the_leader_alone(host, caplog):
    leader, follower = host.pair()
    with caplog.at_level(logging.INFO, "ugr.health"):
        leader.probe_ok("a", 0.5)
        probe_down(leader)
        follower.refresh()
        leader.probe_ok("a", 0.5)
        leader.probe_ok("a", 0.5)
        follower.refresh()
    assert [record.getMessage() for record in caplog.records] == [
        "endpoint a is up",
        "endpoint a is down: connection refused",
        "endpoint a is up again, was down: connection refused for 0ms",
    ]


def test_watchers_hear_of_every_change_that_this_worker_believes(host):
    leader, follower = host.pair()
    heard = []
    follower.watch(lambda name, verdict: heard.append((name, verdict.state, follower.down(name) is None)))
    leader.probe_ok("a", 0.5)
    follower.refresh()
    probe_down(leader)
    follower.refresh()
    fail_questions(follower, "b")
    assert heard == [("a", State.UP, True), ("a", State.DOWN, False), ("b", State.DOWN, False)]


def test_latency_is_learnt_from_own_questions_and_the_leaders_probes(host):
    leader, follower = host.pair()
    leader.probe_ok("a", 0.8)
    assert follower.usual_latency("a") == 0.8
    follower.question_ok("a", 0.0)
    assert follower.usual_latency("a") == pytest.approx(0.7)
    leader.probe_ok("a", 1.5)
    assert follower.usual_latency("a") == pytest.approx(0.8)
    probe_down(leader)
    assert follower.usual_latency("a") is None


def test_who_ceases_to_lead_publishes_no_more(host):
    leader, follower = host.pair()
    leader.follow()
    probe_down(leader)
    assert leader.down("a") == "down: connection refused"
    assert follower.down("a") is None


def test_after_the_file_was_removed_all_meet_in_the_new_one(host):
    leader, follower = host.pair()
    probe_down(leader)
    fail_questions(follower, "b")
    assert follower.down("a") is not None
    (host.directory / FILE).unlink()
    assert leader.replaced()
    assert follower.replaced()
    for board in host.workers:
        board.attach(host.directory)
    assert not leader.replaced()
    assert follower.down("a") == "down: connection refused", "what was believed stays until somebody knows better"
    leader.lead()
    assert leader.down("a") == follower.down("a") == "down: connection refused"
    for name in KEYS:
        leader.probe_ok(name, 0.5)
        leader.probe_ok(name, 0.5)
    assert dict(follower.downs()) == {}
