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
import time
from collections.abc import Callable, Sequence
from typing import BinaryIO, Protocol

from ugr.call import Call
from ugr.errors import (
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

    def usual_latency(self, name: str) -> float | None:
        """Return the usual time of an answer in seconds."""
        ...


def verdict(error: UgrError) -> Result:
    """Return the result that an error of an endpoint stands for."""
    if isinstance(error, NotFound | NotADirectory):
        return Result.ABSENT
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
        started = self._clock()
        try:
            async with self._seat(call):
                info = await self.endpoint.stat(path, call.within(self.options.timeout))
        except UgrError as error:
            return self._failure(error, started, call)
        except Exception as error:  # a plugin's bug must not take the other endpoints' answers with it
            return self._failure(self._bug(error, "stat", path), started, call)
        elapsed = self._clock() - started
        self._board.question_ok(self.name, elapsed)
        if not info.directory and info.size is None:
            return EndpointAnswer(self.name, Result.FAILED, None, elapsed * 1000, "told no size of a file")
        return EndpointAnswer(self.name, Result.FOUND, info, elapsed * 1000)

    async def replicas(self, path: str, call: Call) -> tuple[EndpointAnswer, Sequence[Replica]]:
        """Ask a catalogue for the copies of a file; the answer says what came of it."""
        started = self._clock()
        try:
            async with self._seat(call):
                named = await self.endpoint.replicas(path, call.within(self.options.timeout))
        except UgrError as error:
            return self._failure(error, started, call), ()
        except Exception as error:  # as for stat
            return self._failure(self._bug(error, "replicas", path), started, call), ()
        elapsed = self._clock() - started
        self._board.question_ok(self.name, elapsed)
        result = Result.NAMED if named else Result.ABSENT
        return EndpointAnswer(self.name, result, None, elapsed * 1000), named

    async def read(self, path: str, call: Call, deliver: Deliver) -> int:
        """Read a directory to its end; return how many entries it had. Raises UgrError.

        ``deliver`` is given non-empty lists of entries as they come, and may be awaited for room.
        Silence for the endpoint's ``timeout`` is a Timeout. After ``max_entries`` entries reading
        stops and ``Truncated`` is raised.
        """
        started = self._clock()
        try:
            async with self._seat(call):
                count = await Reading(self.options, deliver, self._clock).run(self.endpoint.list(path, call), call)
        except UgrError as error:
            self._tell(error, self._clock() - started)
            error.at(path=path, endpoint=self.name, verb="list")
            raise
        except Exception as error:  # a plugin's bug is this endpoint's failure, not the listing's
            failure = self._bug(error, "list", path)
            self._tell(failure, 0.0)
            raise failure from error
        self._board.question_ok(self.name, None)
        return count

    def lost(self) -> None:
        """Note that a question was given up: the plugin itself did not keep the deadline."""
        self._board.question_failed(self.name, "no answer within the deadline")

    def redirect(self, path: str, intent: Intent, transfer: Transfer, call: Call) -> Location:
        """Say where a client finds the bytes; any thread. Raises UgrError."""
        try:
            return self.endpoint.redirect(path, intent, transfer, call)
        except UgrError as error:
            error.at(path=path, endpoint=self.name, verb="redirect")
            raise
        except Exception as error:  # a plugin's bug must not hide the other copies
            raise self._bug(error, "redirect", path) from error

    async def data(self, path: str, call: Call) -> BinaryIO:
        """Open a file of this host. Raises UgrError."""
        try:
            return await self.endpoint.data(path, call.within(self.options.timeout))
        except UgrError as error:
            error.at(path=path, endpoint=self.name, verb="data")
            raise
        except Exception as error:  # as above
            raise self._bug(error, "data", path) from error

    def _seat(self, call: Call) -> _Seat:
        return _Seat(self, call)

    def _failure(self, error: UgrError, started: float, call: Call) -> EndpointAnswer:
        elapsed = self._clock() - started
        result = self._tell(error, elapsed)
        reason = None if result is Result.ABSENT else error.message
        return EndpointAnswer(self.name, result, None, elapsed * 1000, reason)

    def _tell(self, error: UgrError, elapsed: float) -> Result:
        """Tell the board; a refusal or an absence is proof of life, a full queue is proof of nothing."""
        result = verdict(error)
        if result in (Result.ABSENT, Result.DENIED):
            self._board.question_ok(self.name, elapsed)
        elif isinstance(error, Timeout | Refused | Misbehaved):
            self._board.question_failed(self.name, error.message)
        return result

    def _bug(self, error: Exception, verb: str, path: str) -> Misbehaved:
        log.error("plugin bug: %s of [endpoint:%s]", verb, self.name, exc_info=error)
        return Misbehaved(f"its plugin failed: {type(error).__name__}", path=path, endpoint=self.name, verb=verb)


class _Seat:
    """One of the places at an endpoint; waiting for it costs the question's own time."""

    __slots__ = ("_call", "_guard")

    def __init__(self, guard: GuardedEndpoint, call: Call) -> None:
        self._guard = guard
        self._call = call

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
