# SPDX-License-Identifier: Apache-2.0
"""The state machine of one endpoint, as a table of events and what is believed after them."""

import pytest

from ugr.config.settings import HealthSettings
from ugr.errors import (
    Busy,
    DeadlineExceeded,
    Misbehaved,
    NotFound,
    PermissionDenied,
    Refused,
    Timeout,
    Unauthenticated,
)
from ugr.federation.health import LONGEST_REASON, Health, Kind, State, Verdict, explain_failure, seconds

SETTINGS = HealthSettings(interval=10.0, retry_interval=2.0, max_latency=10.0, failures=3, recoveries=2)


class Clock:
    """Time that stands still until it is told."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def machine(clock=None, dice=0.0, settings=SETTINGS):
    return Health(settings, wall=clock or Clock(), dice=lambda: dice)


EVENTS = {
    "P": lambda health: health.probe_ok(0.02),
    "p": lambda health: health.probe_failed("connection refused"),
    "s": lambda health: health.probe_ok(10.5),
    "c": lambda health: health.probe_failed("403 Forbidden", Kind.CREDENTIALS),
    "Q": lambda health: health.question_ok(0.02),
    "q": lambda health: health.question_failed("no answer within 3s"),
    "a": lambda health: health.abandoned(),
    "d": lambda health: health.doubt(),
}


def after(events, settings=SETTINGS):
    health = machine(settings=settings)
    for event in events:
        EVENTS[event](health)
    return health


REFUSED = "down: connection refused"
SILENT = "down: no answer within 3s"


@pytest.mark.parametrize(
    ("events", "state", "reason"),
    [
        ("", State.UNKNOWN, None),
        # the first good probe is enough for the first time
        ("P", State.UP, None),
        ("ppP", State.UP, None),
        # answers to questions are proof of life, but do not make an endpoint up
        ("Q", State.UNKNOWN, None),
        ("QQQQQQQQ", State.UNKNOWN, None),
        # failures in a row, of either kind
        ("pp", State.UNKNOWN, None),
        ("ppp", State.DOWN, REFUSED),
        ("qqq", State.DOWN, SILENT),
        ("Ppp", State.UP, None),
        ("Pppp", State.DOWN, REFUSED),
        ("Pqqq", State.DOWN, SILENT),
        ("Pqqp", State.DOWN, REFUSED),
        ("Ppqq", State.DOWN, SILENT),
        # any success starts the count again
        ("PppPpp", State.UP, None),
        ("PppQpp", State.UP, None),
        ("PqqQqq", State.UP, None),
        ("PqqPqq", State.UP, None),
        ("PqqPqqq", State.DOWN, SILENT),
        # the newest failed probe gives the reason; questions are old news while it is down
        ("qqqp", State.DOWN, REFUSED),
        ("pppq", State.DOWN, REFUSED),
        ("pppc", State.DOWN, "down: credentials refused (403 Forbidden)"),
        ("ccc", State.DOWN, "down: credentials refused (403 Forbidden)"),
        # recovery: two good probes in a row, and nothing else
        ("pppP", State.DOWN, REFUSED),
        ("pppPP", State.UP, None),
        ("pppPpP", State.DOWN, REFUSED),
        ("pppPpPP", State.UP, None),
        ("pppQQQQQ", State.DOWN, REFUSED),
        ("pppPQ", State.DOWN, REFUSED),
        ("pppPqP", State.UP, None),
        ("PPPPPPqqqP", State.DOWN, SILENT),
        ("PPPPPPqqqPP", State.UP, None),
        # up again it may fail as often as before
        ("pppPPpp", State.UP, None),
        ("pppPPppp", State.DOWN, REFUSED),
        # a slow probe has failed
        ("s", State.UNKNOWN, None),
        ("sss", State.DOWN, "down: slower than 10s"),
        ("pppPs", State.DOWN, "down: slower than 10s"),
        ("pppPsP", State.DOWN, "down: slower than 10s"),
        # nobody is left to ask
        ("a", State.DOWN, "down: all its threads are stuck"),
        ("Pa", State.DOWN, "down: all its threads are stuck"),
        ("PaP", State.DOWN, "down: all its threads are stuck"),
        ("PaPP", State.UP, None),
        # doubt alone takes nothing down, one failed probe more does
        ("Pdddd", State.UP, None),
        ("d", State.UNKNOWN, None),
        ("dp", State.DOWN, REFUSED),
        ("Pdp", State.DOWN, REFUSED),
        ("PdPp", State.UP, None),
        ("Ppppd", State.DOWN, REFUSED),
        ("PpppPdP", State.UP, None),
    ],
)
def test_events_lead_to_the_state(events, state, reason):
    health = after(events)

    assert (health.state, health.reason) == (state, reason)


@pytest.mark.parametrize(("failures", "recoveries"), [(1, 1), (1, 3), (5, 1), (4, 4)])
def test_counts_are_those_of_the_settings(failures, recoveries):
    settings = HealthSettings(failures=failures, recoveries=recoveries)

    assert after("P" + "p" * (failures - 1), settings).state is State.UP
    assert after("P" + "p" * failures, settings).state is State.DOWN
    assert after("P" + "p" * failures + "P" * (recoveries - 1), settings).state is State.DOWN
    assert after("P" + "p" * failures + "P" * recoveries, settings).state is State.UP


@pytest.mark.parametrize("events", ["pppppp", "qqqqqq", "a"])
def test_without_probes_nothing_is_taken_down_that_nothing_could_bring_back(events):
    health = after(events, HealthSettings(enabled=False))

    assert (health.state, health.reason) == (State.UNKNOWN, None)


def test_since_is_the_last_change_of_state():
    clock = Clock()
    health = machine(clock)
    assert health.verdict() == Verdict(State.UNKNOWN, None, None, 1000.0)

    clock.now = 1010.0
    health.probe_ok(0.5)
    assert health.verdict() == Verdict(State.UP, None, 0.5, 1010.0)

    clock.now = 1020.0
    health.probe_ok(0.5)
    for now in (1030.0, 1040.0, 1050.0):
        clock.now = now
        health.probe_failed("connection refused")
    assert health.verdict() == Verdict(State.DOWN, REFUSED, None, 1050.0)

    clock.now = 1060.0
    health.probe_failed("no route to host")
    assert health.verdict() == Verdict(State.DOWN, "down: no route to host", None, 1050.0)


def test_states_read_as_words():
    assert [str(state) for state in State] == ["unknown", "up", "down"]


# --- latency -------------------------------------------------------------------------------------


def test_usual_latency_starts_with_the_first_answer_and_follows_slowly():
    health = machine()
    assert health.usual_latency is None
    health.probe_ok(0.080)
    assert health.usual_latency == pytest.approx(0.080)
    health.question_ok(0.160)
    assert health.usual_latency == pytest.approx(0.090)
    for _ in range(60):
        health.question_ok(0.010)
    assert health.usual_latency == pytest.approx(0.010, rel=0.01)


def test_answer_without_a_time_is_proof_of_life_and_teaches_no_latency():
    health = after("Pqq")
    health.question_ok(None)
    EVENTS["q"](health)

    assert health.state is State.UP
    assert health.usual_latency == 0.02


def test_failures_teach_no_latency():
    assert after("Ppq").usual_latency == 0.02
    assert after("s").usual_latency is None


def test_latency_of_before_an_outage_is_forgotten():
    health = machine()
    health.probe_ok(5.0)
    for _ in range(3):
        health.probe_failed("connection refused")
    assert health.usual_latency is None
    health.question_ok(7.0)
    assert health.usual_latency is None
    health.probe_ok(0.25)
    health.probe_ok(0.25)
    assert health.usual_latency == 0.25


# --- schedule ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "interval"),
    [
        ("", 10.0),
        ("P", 10.0),
        ("Pp", 2.0),
        ("Pq", 2.0),
        ("PpP", 10.0),
        ("Pppp", 2.0),
        ("PpppP", 2.0),
        ("PpppPP", 10.0),
        ("Pqqq", 2.0),
        ("a", 2.0),
    ],
)
def test_next_probe_is_sooner_when_there_is_trouble(events, interval):
    assert after(events).next_probe(500.0) == 500.0 + interval


@pytest.mark.parametrize(("dice", "due"), [(0.0, 110.0), (0.5, 109.5), (1.0, 109.0)])
def test_next_probe_is_up_to_a_tenth_early_and_never_late(dice, due):
    assert machine(dice=dice).next_probe(100.0) == pytest.approx(due)


# --- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "reason", "kind"),
    [
        (Refused("connection refused"), "connection refused", Kind.FAILED),
        (Refused("connection refused", endpoint="cern", path="/", verb="stat"), "connection refused", Kind.FAILED),
        (Timeout("no connection within 1s"), "no connection within 1s", Kind.FAILED),
        (DeadlineExceeded("no time left to ask"), "no answer within 2.5s", Kind.FAILED),
        (TimeoutError(), "no answer within 2.5s", Kind.FAILED),
        (Misbehaved("answered 500"), "answered 500", Kind.FAILED),
        (Busy("answered 503"), "answered 503", Kind.FAILED),
        (NotFound("no such bucket"), "no such bucket", Kind.FAILED),
        (NotFound(), "not found", Kind.FAILED),
        (Unauthenticated("401 Unauthorized"), "401 Unauthorized", Kind.CREDENTIALS),
        (PermissionDenied("403 Forbidden"), "403 Forbidden", Kind.CREDENTIALS),
        (KeyError("secret-token"), "its plugin failed: KeyError", Kind.FAILED),
    ],
)
def test_failures_of_probes_are_put_into_words(error, reason, kind):
    assert explain_failure(error, 2.5) == (reason, kind)


def test_reason_is_one_line_of_bounded_length():
    health = machine(settings=HealthSettings(failures=1))
    health.probe_failed("  first\r\n\tsecond  " + "x" * 1000)

    assert health.reason.startswith("down: first second xxx")
    assert len(health.reason) == len("down: ") + LONGEST_REASON
    assert health.reason.endswith("…")


@pytest.mark.parametrize(("value", "text"), [(10.0, "10s"), (2.5, "2.5s"), (0.25, "250ms"), (60.0, "60s")])
def test_seconds_are_written_as_an_administrator_would(value, text):
    assert seconds(value) == text


def test_doubted_endpoint_is_probed_like_one_that_is_down_until_enough_good_probes():
    pace = [after(events).next_probe(0.0) for events in ("P", "Pd", "PdP", "PdPP")]

    assert pace == [10.0, 2.0, 2.0, 10.0]


def test_what_another_process_found_is_believed_as_a_whole():
    health = after("Pqq")
    health.adopt(Verdict(State.DOWN, REFUSED, None, 900.0), None)
    assert health.verdict() == Verdict(State.DOWN, REFUSED, None, 900.0)
    health.adopt(Verdict(State.UP, None, 0.5, 950.0), 0.4)
    assert health.verdict() == Verdict(State.UP, None, 0.5, 950.0)
    health.adopt(Verdict(State.UP, None, 0.5, 950.0), 1.3)
    assert health.verdict() == Verdict(State.UP, None, pytest.approx(0.6), 950.0)


def test_good_probe_of_another_process_starts_the_count_again_and_a_failed_one_does_not():
    health = after("Pqq")
    health.adopt(Verdict(State.UP, None, 0.5, 950.0), 0.5)
    health.question_failed("no answer within 3s")
    health.question_failed("no answer within 3s")
    assert health.state is State.UP
    health.adopt(Verdict(State.UP, None, 0.5, 950.0), None)
    health.question_failed("no answer within 3s")
    assert health.state is State.DOWN
