# SPDX-License-Identifier: Apache-2.0
"""The clauses that hold for every verb: errors, time, the loop; the life of an endpoint; its health."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ugr.call import Call
from ugr.config.types import Secret
from ugr.errors import (
    DeadlineExceeded,
    EndpointError,
    PermissionDenied,
    Timeout,
    UgrError,
    Unauthenticated,
    Unsupported,
)
from ugr.model import NO_TRANSFER, REDIRECTED, FileInfo
from ugr.plugin.blocking import BlockingEndpoint
from ugr.plugin.endpoint import Endpoint, MultipartStep
from ugr.testing.store import Store
from ugr.testing.suite.clause import checks_clauses
from ugr.testing.suite.listing import fill
from ugr.testing.suite.subject import GRACE, Stepped, Subject, drain, outcome, trouble
from ugr.testing.suite.touches import touches
from ugr.transport import LoopThread

Question = Callable[[Endpoint, str, Call], Awaitable[Any]]

QUESTIONS: dict[str, Question] = {
    "stat": lambda endpoint, path, call: endpoint.stat(path, call),
    "list": drain,
    "checksum": lambda endpoint, path, call: endpoint.checksum(path, "adler32", call),
    "usage": lambda endpoint, path, call: endpoint.usage(path, call),
    "health": lambda endpoint, path, call: endpoint.health(call),
    "data": lambda endpoint, path, call: _closed_data(endpoint, path, call),
    "replicas": lambda endpoint, path, call: endpoint.replicas(path, call),
}
"""Verbs that change nothing; each is asked about one path."""

CHANGES: dict[str, Question] = {
    "delete": lambda endpoint, path, call: endpoint.delete(path, call),
    "mkdir": lambda endpoint, path, call: endpoint.mkdir(path + "-made", call),
    "move": lambda endpoint, path, call: endpoint.move(path, path + "-moved", False, call),
    "copy": lambda endpoint, path, call: endpoint.copy(path, path + "-copied", False, call),
    "store_checksum": lambda endpoint, path, call: endpoint.store_checksum(path, "adler32", "00000001", call),
    "multipart": lambda endpoint, path, call: endpoint.multipart(path, MultipartStep.START, NO_TRANSFER, call),
}
"""Verbs that change something."""

ALWAYS_ASK = ("stat", "list", "health")
"""Verbs that cannot be answered without the storage."""

REPEATS = 5
LONGEST_HOLD = 0.005

CANCELLATIONS = 16
"""Questions that are cancelled, each a turn of the loop later; more than a plugin keeps places for."""

ATTEMPTS = 3
"""A machine that is busy may be late once; an endpoint that is late is so each time."""


@checks_clauses
class ConductClauses:
    """INIT-1, OPEN-1, CLOSE-1, ERR-1, ERR-2, TIME-1, TIME-2, LOOP-1, HEALTH-1, HEALTH-2."""

    many: int
    seconds: float
    patience: float
    settling: float

    def test_init_1_constructing_touches_nothing(self, subject: Subject) -> None:
        given = subject.given
        with touches() as touched:
            made = type(given)(given.name, given.options)  # type: ignore[arg-type]
        assert touched == []
        assert made.name == given.name
        assert made.options == given.options

    def test_open_1_opening_works_while_the_storage_is_down(
        self, endpoint: Endpoint | BlockingEndpoint, loop: LoopThread, store: Store
    ) -> None:
        subject = Subject(endpoint, loop, self.seconds)
        with trouble(store, "down"):
            subject.open()
        try:
            assert subject.ask("stat", "/").directory
        finally:
            subject.close()

    def test_close_1_closing_twice_is_closing_once(self, subject: Subject, store: Store, place: str) -> None:
        store.put(f"{place}/file", b"here")
        assert subject.ask("stat", f"{place}/file").size == 4
        subject.close()
        subject.close()

    def test_err_1_only_errors_of_the_contract(self, subject: Subject, store: Store, place: str) -> None:
        store.put(f"{place}/file", b"here")
        store.mkdir(f"{place}/dir")
        for path in ("missing", "missing/below", "file/below", "file", "dir"):
            for verb, result in subject.run(_ask_all(subject, f"{place}/{path}")).items():
                _check_error(verb, path, result)

    @pytest.mark.parametrize("ability", ["down", "deny", "garble"])
    def test_err_1_only_errors_of_the_contract_in_trouble(
        self, subject: Subject, store: Store, place: str, ability: str
    ) -> None:
        store.put(f"{place}/file", b"here")
        with trouble(store, ability):
            results = subject.run(_ask_all(subject, f"{place}/file"))
        for verb, result in results.items():
            _check_error(verb, ability, result)

    def test_err_2_no_secret_in_messages_logs_or_repr(
        self, subject: Subject, store: Store, place: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        secrets = _secrets(subject)
        store.put(f"{place}/file", b"here")
        with caplog.at_level(logging.DEBUG):
            results = [subject.run(_ask_all(subject, f"{place}/{path}")) for path in ("file", "missing")]
            for ability in ("down", "deny", "garble"):
                if store.can(ability):
                    with trouble(store, ability):
                        results.append(subject.run(_ask_all(subject, f"{place}/file")))
            for intent in REDIRECTED:
                with _tolerating(Unsupported):
                    subject.redirect(f"{place}/file", intent)
        said = {"repr(endpoint)": repr(subject.given), "repr(options)": repr(subject.given.options)}
        for answers in results:
            for verb, error in answers.items():
                if isinstance(error, Exception):
                    origin = f"an error of {verb}"
                    said[origin] = f"{said.get(origin, '')}\n{' '.join(_texts(error))}"
        for record in caplog.records:
            origin = f"a log line of {record.name}"
            said[origin] = f"{said.get(origin, '')}\n{record.getMessage()}"
        assert [where for where, text in said.items() if any(secret in text for secret in secrets)] == []

    def test_time_1_a_silent_storage_does_not_keep_the_caller(
        self, subject: Subject, store: Store, place: str
    ) -> None:
        store.put(f"{place}/file", b"here")
        with trouble(store, "hang"):
            for _ in range(ATTEMPTS):
                results = subject.run(_ask_in_time(subject, f"{place}/file", self.patience))
                late = {verb: f"{took:.2f} s" for verb, (_, took) in results.items() if took > self.patience + GRACE}
                if not late:
                    break
        assert late == {}, f"verbs kept their caller longer than {self.patience} s and {GRACE} s"
        for verb in ALWAYS_ASK:
            error = results[verb][0]
            assert isinstance(error, Timeout | DeadlineExceeded), f"{verb} ended with {error!r}"
        for verb, (result, _) in results.items():
            _check_error(verb, "hang", result)

    def test_time_1_a_call_without_time_is_not_asked(self, subject: Subject, place: str) -> None:
        for verb in ALWAYS_ASK:
            result, took = subject.run(outcome(QUESTIONS[verb](subject.endpoint, place, subject.call(0.0))))
            assert took <= GRACE, f"{verb} took {took:.2f} s"
            assert isinstance(result, Timeout | DeadlineExceeded), f"{verb} ended with {result!r}"

    def test_time_2_cancelled_questions_leave_nothing_behind(
        self, subject: Subject, store: Store, place: str
    ) -> None:
        store.put(f"{place}/file", b"here")
        tasks = subject.run(_tasks(None, 0.0))
        for verb in ALWAYS_ASK:
            slow = subject.run(_cancel_many(subject, verb, f"{place}/file" if verb == "stat" else place, 0))
            assert slow == [], f"{verb} did not end as cancelled when it was cancelled"
        assert subject.run(_tasks(tasks, self.settling)) <= tasks, "tasks of cancelled questions still run"
        self._still_answers(subject, place)

    def test_time_2_cancelled_while_the_storage_is_silent(self, subject: Subject, store: Store, place: str) -> None:
        store.put(f"{place}/file", b"here")
        tasks = subject.run(_tasks(None, 0.0))
        with trouble(store, "hang"):
            for verb in ALWAYS_ASK:
                slow = subject.run(_cancel_many(subject, verb, f"{place}/file" if verb == "stat" else place, 0.002))
                assert slow == [], f"{verb} did not end as cancelled when it was cancelled"
            assert subject.run(_tasks(tasks, self.settling)) <= tasks, "tasks of cancelled questions still run"
        self._still_answers(subject, place)

    def test_loop_1_no_verb_holds_the_loop(self, subject: Subject, store: Store, place: str) -> None:
        fill(store, place, self.many)
        store.put(f"{place}/file", b"x" * (1 << 20))
        holds = {
            verb: subject.run(_shortest_hold(subject, question, place if verb == "list" else f"{place}/file"))
            for verb, question in QUESTIONS.items()
            if subject.capabilities.get(verb, True)
        }
        long = {verb: f"{held * 1000:.1f} ms" for verb, held in holds.items() if held > LONGEST_HOLD}
        assert long == {}, f"verbs kept the loop longer than {LONGEST_HOLD * 1000:.0f} ms each time"

    def test_health_1_a_healthy_storage_is_healthy(self, subject: Subject) -> None:
        assert subject.ask("health") is None

    def test_health_1_a_storage_that_is_down_is_not(self, subject: Subject, store: Store) -> None:
        with trouble(store, "down"), pytest.raises(EndpointError):
            subject.ask("health")

    def test_health_1_a_storage_that_is_back_is_healthy_again(self, subject: Subject, store: Store) -> None:
        with trouble(store, "down"), pytest.raises(EndpointError):
            subject.ask("health")
        assert subject.ask("health") is None

    def test_health_1_a_silent_storage_is_not(self, subject: Subject, store: Store) -> None:
        with trouble(store, "hang"):
            result, _ = subject.run(outcome(subject.endpoint.health(subject.call(self.patience))))
        assert isinstance(result, EndpointError | DeadlineExceeded), f"health ended with {result!r}"

    def test_health_2_refused_credentials_are_told(self, subject: Subject, store: Store) -> None:
        with trouble(store, "deny"), pytest.raises((Unauthenticated, PermissionDenied)):
            subject.ask("health")

    def _still_answers(self, subject: Subject, place: str) -> None:
        """Assert that many questions at once are answered: none of the cancelled keeps a place."""
        found = subject.run(_many_at_once(subject, f"{place}/file"))
        assert found == [4] * CANCELLATIONS, "the endpoint does not answer any more"


async def _closed_data(endpoint: Endpoint, path: str, call: Call) -> None:
    (await endpoint.data(path, call)).close()


def _granted(subject: Subject, questions: dict[str, Question]) -> Iterator[tuple[str, Question]]:
    for verb, question in questions.items():
        if subject.capabilities.get(verb, True) or verb == "health":
            yield verb, question


async def _ask_all(subject: Subject, path: str) -> dict[str, Any]:
    """Ask every verb about one path, one after the other; return results and errors."""
    found = {}
    for verb, question in (*_granted(subject, QUESTIONS), *_granted(subject, CHANGES)):
        found[verb], _ = await outcome(question(subject.endpoint, path, subject.call()))
    return found


async def _ask_in_time(subject: Subject, path: str, seconds: float) -> dict[str, tuple[Any, float]]:
    """Ask every verb at once with little time; return outcomes and how long each took.

    The clock of a question starts when the loop gets to it, so that they do not disturb each other.
    """
    verbs = dict((*_granted(subject, QUESTIONS), *_granted(subject, CHANGES)))

    async def ask(question: Question) -> tuple[Any, float]:
        try:
            async with asyncio.timeout(seconds + 8 * GRACE):
                return await outcome(question(subject.endpoint, path, subject.call(seconds)))
        except TimeoutError:
            return None, seconds + 8 * GRACE

    outcomes = await asyncio.gather(*(ask(question) for question in verbs.values()))
    return dict(zip(verbs, outcomes, strict=True))


async def _cancel_many(subject: Subject, verb: str, path: str, pause: float) -> list[int]:
    """Cancel a question after 0, 1, 2 ... turns of the loop; return those that did not end at once as cancelled."""

    async def ask() -> None:
        await outcome(QUESTIONS[verb](subject.endpoint, path, subject.call()))

    slow = []
    for turns in range(CANCELLATIONS):
        task = asyncio.create_task(ask())
        for _ in range(turns):
            await asyncio.sleep(0)
        if turns % 8 == 7:
            await asyncio.sleep(pause)
        if task.cancel():
            done, _ = await asyncio.wait({task}, timeout=GRACE)
            if not done or not task.cancelled():
                slow.append(turns)
                break
    return slow


async def _tasks(wanted: int | None, settling: float) -> int:
    """Count the loop's tasks, after giving them time to become as few as wanted."""
    deadline = time.monotonic() + settling
    while (count := len(asyncio.all_tasks())) > (wanted or 0) and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    return count


async def _many_at_once(subject: Subject, path: str) -> list[int | None]:
    """Ask the same of a file many times at once; return the sizes, None for what was not answered in time."""

    async def size() -> int | None:
        info, _ = await outcome(subject.endpoint.stat(path, subject.call()))
        return info.size if isinstance(info, FileInfo) else None

    asking = [asyncio.create_task(size()) for _ in range(CANCELLATIONS)]
    done, _ = await asyncio.wait(asking, timeout=subject.seconds)
    for task in asking:
        task.cancel()
    return [task.result() if task in done else None for task in asking]


async def _shortest_hold(subject: Subject, question: Question, path: str) -> float:
    """Return the longest hold of the loop in the best of several runs: noise comes and goes, a block stays."""
    holds = []
    for _ in range(REPEATS):
        if question is drain:
            holds.append(await _listing_hold(subject.endpoint.list(path, subject.call())))
        else:
            stepped = Stepped(question(subject.endpoint, path, subject.call()))
            await outcome(stepped)
            holds.append(stepped.longest)
        if holds[-1] <= LONGEST_HOLD:
            break
    return min(holds)


async def _listing_hold(entries: AsyncIterator[Any]) -> float:
    longest = 0.0
    while True:
        step = Stepped(anext(entries))
        try:
            await step
        except StopAsyncIteration:
            return longest
        finally:
            longest = max(longest, step.longest)


def _check_error(verb: str, circumstance: str, result: Any) -> None:
    """Assert that an outcome is a result, or an error of the contract."""
    if isinstance(result, BaseException):
        assert isinstance(result, UgrError), f"{verb} ({circumstance}) raised {type(result).__name__}: {result}"


def _secrets(subject: Subject) -> list[str]:
    """Return the secrets that the endpoint was given."""
    options = subject.given.options
    values = [getattr(options, field.name) for field in dataclasses.fields(options)]
    return [value.value for value in values if isinstance(value, Secret) and value.value]


def _texts(error: BaseException) -> Iterator[str]:
    """Yield what an error says, and those that led to it."""
    current: BaseException | None = error
    while current is not None:
        yield str(current)
        yield repr(current)
        current = current.__cause__ or current.__context__


@contextmanager
def _tolerating(*kinds: type[Exception]) -> Iterator[None]:
    try:
        yield
    except kinds:
        return
