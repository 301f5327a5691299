# SPDX-License-Identifier: Apache-2.0
"""The end of a runtime, whose endpoints may take their time."""

from __future__ import annotations

import asyncio
import time

from ugr.app import Runtime
from ugr.app.process import Process
from ugr.config.reader import parse
from ugr.config.settings import Settings
from ugr.testing.memory import MemoryEndpoint, MemoryOptions

SLOW = 0.1


class Leisurely(MemoryEndpoint):
    """An endpoint that takes its time to close."""

    closed = False

    async def close(self) -> None:
        """Close, in the end."""
        await asyncio.sleep(SLOW)
        self.closed = True


def test_endpoints_are_closed_at_the_same_time() -> None:
    settings = Settings()
    endpoints = {name: Leisurely(name, MemoryOptions()) for name in "abcdefgh"}
    runtime = Runtime(parse(""), settings, dict(endpoints), (), Process(settings.cache))
    runtime.start(watch=False)
    began = time.monotonic()
    runtime.stop()
    assert time.monotonic() - began < 6 * SLOW
    assert all(endpoint.closed for endpoint in endpoints.values())
