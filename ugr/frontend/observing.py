# SPDX-License-Identifier: Apache-2.0
"""What is noted of each request once it is answered: it is counted, and has a line in the access log.

Knows: when an answer is complete. Refuses to know: what the line says, where it goes, who reads
the numbers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ugr.config.settings import Settings
from ugr.errors import UgrError
from ugr.frontend import access
from ugr.frontend.methods import ABOVE, METHODS, NOT_HERE
from ugr.frontend.replies import Blocks
from ugr.log import LineSink
from ugr.metrics import counts

REQUEST, LOOKUP = "request", "lookup"
"""What requests, and the search for names, are counted under."""

OTHER = "other"
"""What a method that nobody knows is counted as."""

_KNOWN = frozenset((*METHODS, *ABOVE, *NOT_HERE))

Done = Callable[[int, bool], None]
"""Told the bytes of a body that were taken, and whether that was not all of it."""


class Observer:
    """Notes requests. Safe to use from any number of threads."""

    def __init__(self, settings_of: Callable[[], Settings]) -> None:
        self._settings_of = settings_of
        self._place = "off"
        self._sink: LineSink | None = None

    def note(self, environ: dict[str, Any], status: int, body: Iterable[bytes]) -> Iterable[bytes]:
        """Note an answer that is about to be sent, and return its body.

        A body that is made while it is sent is noted when it is closed.
        """
        if isinstance(body, Blocks):
            return _Counted(body, environ, lambda count, aborted: self._tell(environ, status, count, aborted))
        self._tell(environ, status, sum(map(len, body)), False)
        return body

    def flush(self) -> None:
        """Write the lines that are still waiting."""
        if self._sink is not None:
            self._sink.flush()

    def _tell(self, environ: dict[str, Any], status: int, count: int, aborted: bool) -> None:
        outcome = environ["ugr.outcome"]
        if outcome.routine and status == 200:
            return
        seconds = time.monotonic() - outcome.started
        method = environ["REQUEST_METHOD"]
        if method not in _KNOWN:
            method = OTHER
        counts.add((REQUEST, method, status, outcome.decision, outcome.endpoint, outcome.error), seconds, count)
        if outcome.cache:
            counts.add((LOOKUP, outcome.cache), outcome.lookup)
        sink = self._lines()
        if sink is not None:
            request = environ.get("ugr.request")
            sink.write(access.line(environ, request, outcome, status, count, seconds, aborted=aborted))

    def _lines(self) -> LineSink | None:
        """Return where lines go at this moment, None for nowhere."""
        place = self._settings_of().ugr.access_log
        if place != self._place:
            before, self._place = self._sink, place
            self._sink = None if place == "off" else LineSink(None if place == "stdout" else place)
            if before is not None:
                before.close()
        return self._sink


class _Counted:
    """A body whose bytes are counted; ``done`` is called once, when it is closed."""

    def __init__(self, blocks: Blocks, environ: dict[str, Any], done: Done) -> None:
        self._blocks = blocks
        self._environ = environ
        self._done: Done | None = done
        self._count = 0
        self._ended = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            block = next(self._blocks)
        except StopIteration:
            self._ended = True
            raise
        except UgrError as error:
            self._environ["ugr.outcome"].error = error.code
            raise
        self._count += len(block)
        return block

    def close(self) -> None:
        """Stop making blocks; safe to call twice."""
        self._blocks.close()
        done, self._done = self._done, None
        if done is not None:
            done(self._count, not self._ended)
