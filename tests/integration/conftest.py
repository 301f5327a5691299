# SPDX-License-Identifier: Apache-2.0
"""What tests of endpoints before real servers share: the loop that the endpoints live on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ugr.transport import LoopThread


@pytest.fixture(scope="session")
def loop() -> Iterator[LoopThread]:
    """The event loop of these tests, in a thread, as in a worker."""
    thread = LoopThread()
    thread.start()
    yield thread
    thread.stop(5.0)
