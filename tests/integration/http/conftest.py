# SPDX-License-Identifier: Apache-2.0
"""Endpoints of ``type = http`` on an event loop of their own, as in a worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ugr_http import HttpEndpoint
from ugr_http.options import HttpOptions

from ugr.call import Call
from ugr.config.types import Url
from ugr.transport import LoopThread, Transport

Ask = Callable[..., Any]


@pytest.fixture
def ask(loop: LoopThread) -> Ask:
    """Give a function that asks an endpoint for this URL one thing: ``ask(url, "stat", "/f", metalink=True)``."""

    def ask(url: str, verb: str, path: str, *, seconds: float = 5.0, **written: Any) -> Any:
        async def asked() -> Any:
            transport = Transport()
            endpoint = HttpEndpoint("web", HttpOptions(url=Url(url), **written))
            await endpoint.open(transport)
            try:
                answer = getattr(endpoint, verb)(path, Call.until(seconds))
                return [info async for info in answer] if hasattr(answer, "__anext__") else await answer
            finally:
                await endpoint.close()
                await transport.close()

        return loop.run(asked())

    return ask
