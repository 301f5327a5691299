# SPDX-License-Identifier: Apache-2.0
"""Clients that never stop asking, each over a connection that it keeps, and that write down what went wrong and when.

Knows: HTTP, the clock. Refuses to know: who answers.
"""

from __future__ import annotations

import http.client
import itertools
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

from tests.integration.deploy.shipped import NAME
from tests.servers.process import HOST, wait_for


@dataclass(frozen=True)
class Question:
    """What is asked, and which statuses are right answers to it."""

    target: str
    right: tuple[int, ...] = (302,)
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Failure:
    """A question without a right answer; what is in seconds is a reading of the monotonic clock.

    ``client`` is its number, ``connected`` when the client's connection was opened.
    """

    question: Question
    what: str
    client: int
    connected: float
    started: float
    ended: float

    def __str__(self) -> str:
        return f"{self.question.method} {self.question.target}: {self.what} after {self.ended - self.started:.3f} s"


class Load:
    """``with Load(port, questions) as load: ...``; afterwards ``load.failures`` and ``load.answers``.

    ``questions`` gives an endless stream for each client, by its number.
    """

    def __init__(
        self, port: int, questions: Callable[[int], Iterable[Question]], *, clients: int = 8, pause: float = 0.002
    ) -> None:
        self.port = port
        self.pause = pause
        self.answers = 0
        self.slowest = 0.0
        self.failures: list[Failure] = []
        self.under_way: dict[int, float] = {}
        self._context = ssl.create_default_context()
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._ask, args=(number, iter(questions(number))), daemon=True)
            for number in range(clients)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        assert wait_for(lambda: self.answers > 3 * len(self._threads), limit=10.0), self.failures[:3]
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(90)

    def more(self, count: int, limit: float = 20.0) -> None:
        """Wait for so many more right answers: the service serves."""
        goal = self.answers + count
        assert wait_for(lambda: self.answers >= goal, limit=limit), f"{goal - self.answers} answers are missing"

    def _ask(self, number: int, questions: Iterable[Question]) -> None:
        connection = self._connection()
        connected = 0.0
        for question in questions:
            if self._stop.is_set():
                break
            started = self.under_way[number] = time.monotonic()
            what = ""
            if connection.sock is None:
                connected = started
            try:
                headers = {"Host": NAME, **dict(question.headers)}
                connection.request(question.method, question.target, headers=headers)
                answer = connection.getresponse()
                answer.read()
                if answer.status not in question.right:
                    what = f"status {answer.status}"
            except (OSError, http.client.HTTPException) as error:
                what = repr(error)
                connection.close()
            ended = time.monotonic()
            del self.under_way[number]
            with self._lock:
                if what:
                    self.failures.append(Failure(question, what, number, connected, started, ended))
                else:
                    self.answers += 1
                    self.slowest = max(self.slowest, ended - started)
            self._stop.wait(0.05 if what else self.pause)
        connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPSConnection(HOST, self.port, timeout=80, context=self._context)


def forever(*questions: Question) -> Callable[[int], Iterable[Question]]:
    """Return the stream in which every client asks the same questions again and again."""
    return lambda _number: itertools.cycle(questions)
