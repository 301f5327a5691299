# SPDX-License-Identifier: Apache-2.0
"""The conformance suite: one test or more for every clause of the plugin contract.

Knows: how a test file gives it an endpoint and the storage behind it. Refuses to know: any
particular plugin.
"""

from __future__ import annotations

import atexit
import functools
import itertools
import os
from collections.abc import Iterator

import pytest

from ugr.plugin.blocking import BlockingEndpoint
from ugr.plugin.endpoint import Endpoint
from ugr.testing.store import Store
from ugr.testing.suite.conduct import ConductClauses
from ugr.testing.suite.listing import ListClauses
from ugr.testing.suite.naming import ReplicaClauses
from ugr.testing.suite.redirecting import RedirectClauses
from ugr.testing.suite.stat import StatClauses
from ugr.testing.suite.subject import Subject
from ugr.testing.suite.writing import WriteClauses
from ugr.transport import LoopThread

_numbers = itertools.count()


@functools.cache
def _loop() -> LoopThread:
    """Start the loop of all tests of this process."""
    loop = LoopThread()
    loop.start()
    atexit.register(loop.stop, 5.0)
    return loop


class EndpointSuite(StatClauses, ListClauses, RedirectClauses, WriteClauses, ReplicaClauses, ConductClauses):
    """Derive a class named ``Test...`` from this one, and give two fixtures.

    ``endpoint`` is the endpoint to test, constructed and not opened; ``store`` the ``Store``
    behind it. Either may have any scope; each test opens the endpoint afresh and works in a
    directory of its own. A failing test ends with the clause that is broken.

    The class attributes may be changed: ``many`` is how many files make a large directory (more
    than one page of the storage's listings), ``seconds`` the time for a question when nothing is
    wrong, ``patience`` the time for one when the storage is silent, ``settling`` the time in which
    what was given up must be free again.
    """

    many = 300
    seconds = 10.0
    patience = 0.3
    settling = 1.0

    @pytest.fixture
    def loop(self) -> LoopThread:
        """Give the event loop that the endpoint lives on: in a thread, as in a worker."""
        return _loop()

    @pytest.fixture
    def subject(self, endpoint: Endpoint | BlockingEndpoint, loop: LoopThread) -> Iterator[Subject]:
        """Give the endpoint, opened."""
        subject = Subject(endpoint, loop, self.seconds)
        subject.open()
        yield subject
        if subject.opened:
            subject.close()

    @pytest.fixture
    def place(self, store: Store) -> Iterator[str]:
        """Give the path of an empty directory that only this test uses."""
        place = f"/kit-{os.getpid()}-{next(_numbers)}"
        store.mkdir(place)
        yield place
        store.up()
        store.remove(place)
