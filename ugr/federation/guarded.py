# SPDX-License-Identifier: Apache-2.0
"""One endpoint as the federation sees it: behind its breaker, its cap, its deadline.

Knows: the plugin contract, and how an endpoint's failure becomes a result. Refuses to know:
other endpoints.

Asking never raises: what went wrong is the answer. Every answer is also told to the board, so
that live traffic opens the breaker of an endpoint that stopped answering.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Sequence
from typing import BinaryIO, Protocol

from ugr.call import Call
from ugr.errors import (
    BadRequest,
    Busy,
    DeadlineExceeded,
    Misbehaved,
    NotADirectory,
    NotFound,
    PermissionDenied,
    Refused,
    Timeout,
    UgrError,
    Unauthenticated,
)
from ugr.federation.answers import EndpointAnswer
from ugr.federation.reading import Deliver, Reading
from ugr.model import Intent, Location, Replica, Result, Transfer
from ugr.plugin.endpoint import Endpoint

log = logging.getLogger("ugr.endpoint")

ENOUGH = 0.9
"""Share of its due time that an endpoint must have had for its silence to count against it."""

_ABSOLUTE = re.compile(r"https?://[!-~]+\Z").match


class Verdicts(Protocol):
    """What a guarded endpoint tells, and asks, the board."""

    def down(self, name: str) -> str | None:
        """Return why an endpoint is down, or None."""
        ...

    def question_ok(self, name: str, latency: float | None) -> None:
        """Note that a question was answered; None when the time says nothing of the endpoint."""
        ...

    def question_failed(self, name: str, reason: str) -> None:
        """Note that a question failed."""
        ...

    def abandoned(self, name: str) -> None:
        """Note that every thread of a blocking plugin is stuck."""
        ...

    def usual_latency(self, name: str) -> float | None:
        """Return the usual time of an answer in seconds."""
        ...


def verdict(error: UgrError) -> Result:
    """Return the result that an error of an endpoint stands for."""
    if isinstance(error, NotFound | NotADirectory | BadRequest):
        return Result.ABSENT  # BadRequest: a name that this storage cannot hold is not there
    if isinstance(error, PermissionDenied | Unauthenticated):
        return Result.DENIED
    if isinstance(error, Timeout | DeadlineExceeded):
        return Result.TIMED_OUT
    return Result.FAILED


class GuardedEndpoint:
    """An endpoint with its breaker, its cap on concurrent questions and its deadline."""

    def __init__(self, endpoint: Endpoint, board: Verdicts, clock: Callable[[], float] = time.monotonic) -> None:
        self.endpoint = endpoint
        self.name = endpoint.name
        self.options = endpoint.options
        self.capabilities = endpoint.capabilities()
        self._board = board
        self._clock = clock
        self._seats = asyncio.Semaphore(max(1, self.options.max_questions))
        self._queue_limit = 8 * max(1, self.options.max_questions)
        self.questions = 0

    def down(self) -> str | None:
        """Return why this endpoint must not be asked now, or None; any thread."""
        return self._board.down(self.name)

    def usual_latency(self) -> float | None:
        """Return the usual time of an answer in seconds, or None."""
        return self._board.usual_latency(self.name)

    async def stat(self, path: str, call: Call) -> EndpointAnswer:
        """Ask for one name; the answer says what came of it, and how long it took."""
        question = _Question(self, call)
        try:
            async with question:
                info = await self.endpoint.stat(path, call.within(self.options.timeout))
                if not info.directory and info.size is None:
                    raise Misbehaved("told no size of a file")
        except UgrError as error:
            return self._failure(error, question)
        except Exception as error:  # a plugin's bug must not take the other endpoints' answers with it
            return self._failure(self._bug(error, "stat", path), question)
        self._board.question_ok(self.name, question.took())
        return EndpointAnswer(self.name, Result.FOUND, info, question.milliseconds())

    async def replicas(self, path: str, call: Call) -> tuple[EndpointAnswer, Sequence[Replica]]:
        """Ask a catalogue for the copies of a file; the answer says what came of it."""
        question = _Question(self, call)
        try:
            async with question:
                named = await self.endpoint.replicas(path, call.within(self.options.timeout))
                result = Result.NAMED if named else Result.ABSENT
        except UgrError as error:
            return self._failure(error, question), ()
        except Exception as error:  # as for stat
            return self._failure(self._bug(error, "replicas", path), question), ()
        self._board.question_ok(self.name, question.took())
        return EndpointAnswer(self.name, result, None, question.milliseconds()), named

    async def read(self, path: str, call: Call, deliver: Deliver) -> int:
        """Read a directory to its end; return how many entries it had. Raises UgrError.

        ``deliver`` is given non-empty lists of entries as they come, and may be awaited for room.
        Silence for the endpoint's ``timeout`` is a Timeout. After ``max_entries`` entries reading
        stops and ``Truncated`` is raised.
        """
        question = _Question(self, call)
        try:
            async with question:
                count = await Reading(self.options, deliver, self._clock).run(self.endpoint.list(path, call), call)
        except UgrError as error:
            self._tell(error, question)
            error.at(path=path, endpoint=self.name, verb="list")
            raise
        except Exception as error:  # a plugin's bug is this endpoint's failure, not the listing's
            raise self._bug(error, "list", path) from error
        self._board.question_ok(self.name, None)
        return count

    def lost(self) -> None:
        """Note that a question was given up: the plugin itself did not keep the deadline."""
        self._board.question_failed(self.name, "no answer within the deadline")

    def redirect(self, path: str, intent: Intent, transfer: Transfer, call: Call) -> Location:
        """Say where a client finds the bytes; any thread. Raises UgrError, Misbehaved for a useless location."""
        try:
            location = self.endpoint.redirect(path, intent, transfer, call.for_flight())
            if location.method is not intent or not (location.served_here or _ABSOLUTE(location.url)):
                raise Misbehaved("its location is not an absolute, percent-encoded URL for the method")
            return location
        except UgrError as error:
            error.at(path=path, endpoint=self.name, verb="redirect")
            raise
        except Exception as error:  # a plugin's bug must not hide the other copies
            raise self._bug(error, "redirect", path) from error

    async def data(self, path: str, call: Call) -> BinaryIO:
        """Open a file of this host. Raises UgrError."""
        question = _Question(self, call)
        try:
            async with question:
                return await self.endpoint.data(path, call.within(self.options.timeout).for_flight())
        except UgrError as error:
            self._tell(error, question)
            error.at(path=path, endpoint=self.name, verb="data")
            raise
        except Exception as error:  # as above
            raise self._bug(error, "data", path) from error

    def _failure(self, error: UgrError, question: _Question) -> EndpointAnswer:
        result = self._tell(error, question)
        reason = None if result is Result.ABSENT else error.message
        return EndpointAnswer(self.name, result, None, question.milliseconds(), reason)

    def _tell(self, error: UgrError, question: _Question) -> Result:
        """Tell the board what an error proves.

        An absence or a refusal is proof of life. Silence and a refused connection are failures; but
        not a silence in less time than the endpoint is due, which our own queue used up, and not a
        bad answer, which the name that was asked for may have provoked: only probes, whose question
        no client chooses, find out that an endpoint answers nonsense to everything.
        """
        result = verdict(error)
        if result in (Result.ABSENT, Result.DENIED):
            self._board.question_ok(self.name, question.took())
        elif self.endpoint.stuck:
            self._board.abandoned(self.name)
        elif isinstance(error, Refused) or (isinstance(error, Timeout) and question.had_its_time):
            self._board.question_failed(self.name, error.message)
        return result

    def _bug(self, error: Exception, verb: str, path: str) -> Misbehaved:
        log.error("plugin bug: %s of [endpoint:%s]", verb, self.name, exc_info=error)
        return Misbehaved(f"its plugin failed: {type(error).__name__}", path=path, endpoint=self.name, verb=verb)


class _Question:
    """One question at an endpoint: takes one of the places, and knows how long it really was asked.

    Waiting for a place costs the question's own time.
    """

    __slots__ = ("_asked", "_call", "_due", "_guard", "_started")

    def __init__(self, guard: GuardedEndpoint, call: Call) -> None:
        self._guard = guard
        self._call = call
        self._started = guard._clock()
        self._asked = self._started
        self._due = min(guard.options.timeout, call.remaining())

    @property
    def had_its_time(self) -> bool:
        """Say whether the endpoint was given about as long as the question had in the first place."""
        given = self._call.deadline - self._asked
        return given >= ENOUGH * self._due

    def took(self) -> float:
        """Return the seconds since the endpoint was asked, without those in the queue."""
        return self._guard._clock() - self._asked

    def milliseconds(self) -> float:
        """Return how long the question took, queue included."""
        return (self._guard._clock() - self._started) * 1000

    async def __aenter__(self) -> None:
        guard = self._guard
        if guard.questions >= guard._queue_limit:
            raise Busy(f"{guard.questions} questions are waiting for it already", endpoint=guard.name)
        guard.questions += 1
        seats = guard._seats
        try:
            if seats.locked():
                async with asyncio.timeout(self._call.require_time()):
                    await seats.acquire()
                self._asked = guard._clock()
            else:
                await seats.acquire()
        except TimeoutError:
            guard.questions -= 1
            raise Busy("too many questions were waiting for it", endpoint=guard.name) from None
        except BaseException:
            guard.questions -= 1
            raise

    async def __aexit__(self, *_: object) -> None:
        self._guard.questions -= 1
        self._guard._seats.release()
