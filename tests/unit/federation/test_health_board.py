# SPDX-License-Identifier: Apache-2.0
"""The board: what is read, who is told, what is logged."""

import logging
import threading

import pytest

from ugr.config.settings import HealthSettings
from ugr.federation.board import Board
from ugr.federation.health import Kind, State, Verdict

SETTINGS = HealthSettings(failures=2, recoveries=2)


@pytest.fixture
def board():
    return Board(["a", "b"], SETTINGS, wall=lambda: 1000.0)


def take_down(board, name, reason="connection refused"):
    for _ in range(SETTINGS.failures):
        board.probe_failed(name, reason)


def test_at_first_nobody_is_down(board):
    assert board.down("a") is None
    assert dict(board.downs()) == {}
    assert board.usual_latency("a") is None
    assert board.snapshot() == {
        "a": Verdict(State.UNKNOWN, None, None, 1000.0),
        "b": Verdict(State.UNKNOWN, None, None, 1000.0),
    }


def test_every_event_reaches_the_endpoint_it_is_about(board):
    board.probe_ok("a", 0.5)
    board.question_ok("a", 0.5)
    board.question_ok("a", None)
    board.question_failed("b", "no answer within 3s")
    board.probe_failed("b", "403 Forbidden", Kind.CREDENTIALS)

    assert board.usual_latency("a") == 0.5
    assert board.down("a") is None
    assert board.down("b") == "down: credentials refused (403 Forbidden)"
    assert board.snapshot()["a"].state is State.UP
    assert board.snapshot()["b"].state is State.DOWN

    board.abandoned("a")
    assert board.down("a") == "down: all its threads are stuck"


def test_a_mapping_once_read_never_changes(board):
    before = board.downs()
    take_down(board, "a")
    between = board.downs()
    board.probe_ok("a", 0.1)
    board.probe_ok("a", 0.1)

    assert dict(before) == {}
    assert dict(between) == {"a": "down: connection refused"}
    assert dict(board.downs()) == {}
    with pytest.raises(TypeError):
        between["b"] = "down: x"


def test_a_new_reason_is_seen_without_a_change_of_state(board):
    take_down(board, "a")
    board.probe_failed("a", "no route to host")

    assert board.down("a") == "down: no route to host"
    assert dict(board.downs()) == {"a": "down: no route to host"}


def test_a_board_that_did_not_change_is_not_replaced(board):
    take_down(board, "a")
    downs = board.downs()
    board.question_ok("b", 0.1)
    board.probe_ok("b", 0.1)

    assert board.downs() is downs


def test_watchers_are_told_of_every_change_of_state_and_of_nothing_else(board):
    told = []
    board.watch(lambda name, verdict: told.append((name, verdict.state)))
    board.probe_ok("a", 0.1)
    board.probe_ok("a", 0.1)
    take_down(board, "a")
    board.probe_failed("a", "another reason")
    board.probe_ok("a", 0.1)
    board.probe_ok("a", 0.1)

    assert told == [("a", State.UP), ("a", State.DOWN), ("a", State.UP)]


def test_watcher_may_ask_the_board(board):
    seen = []
    board.watch(lambda name, _verdict: seen.append((board.down(name), board.snapshot()[name].state)))
    take_down(board, "b")

    assert seen == [("down: connection refused", State.DOWN)]


def test_changes_of_state_are_logged_once_in_words(caplog):
    times = iter(range(1000, 2000, 1))
    board = Board(["cern"], SETTINGS, wall=lambda: float(next(times)))
    with caplog.at_level(logging.INFO, "ugr.health"):
        board.probe_ok("cern", 0.1)
        board.probe_ok("cern", 0.1)
        for _ in range(5):
            board.probe_failed("cern", "connection refused")
        for _ in range(3):
            board.probe_ok("cern", 0.1)

    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", "endpoint cern is up"),
        ("WARNING", "endpoint cern is down: connection refused"),
        ("INFO", "endpoint cern is up again, was down: connection refused for 1s"),
    ]


def test_events_from_many_threads_are_all_counted():
    board = Board(["a"], HealthSettings(failures=4000), wall=lambda: 1000.0)

    def fail():
        for _ in range(1000):
            board.question_failed("a", "no answer within 3s")

    threads = [threading.Thread(target=fail) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert board.down("a") == "down: no answer within 3s"
