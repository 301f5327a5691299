# SPDX-License-Identifier: Apache-2.0
"""A web server that is a function, and the endpoint before it, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from ugr_http import HttpEndpoint
from ugr_http.options import HttpOptions

from ugr.plugin import Answer, Call, Credentials, Ourselves

ROOT = "http://web.example.org/data"


class Asked:
    """One request as it was sent."""

    def __init__(self, method: str, url: str, headers: Any, credentials: Credentials) -> None:
        self.method = method
        self.url = url
        self.headers = {name.lower(): value for name, value in headers}
        self.credentials = credentials

    @property
    def short(self) -> str:
        return f"{self.method} {self.url}"


Script = Callable[[Asked], Answer]


class Streamed:
    """An answer in pieces."""

    def __init__(self, answer: Answer) -> None:
        self.status, self.headers, self._body = answer.status, answer.headers, answer.body
        self.header = answer.header
        self.read = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._body), 100):
            self.read += 1
            yield self._body[start : start + 100]


class ScriptedTransport:
    """A transport whose servers are a function of the request."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked: list[Asked] = []
        self.ourselves = Ourselves("here", frozenset({"fed.example.org:443"}))

    def _answer(self, method: str, url: str, headers: Any = (), credentials: Any = None, **_: Any) -> Answer:
        self.asked.append(Asked(method, url, headers, credentials))
        return self.script(self.asked[-1])

    async def send(self, method: str, url: str, **how: Any) -> Answer:
        await asyncio.sleep(0)
        return self._answer(method, url, **how)

    @asynccontextmanager
    async def stream(self, method: str, url: str, **how: Any) -> AsyncIterator[Streamed]:
        await asyncio.sleep(0)
        yield Streamed(self._answer(method, url, **how))

    @property
    def questions(self) -> list[str]:
        """What was asked, in order: method and URL."""
        return [asked.short for asked in self.asked]


def options(**written: Any) -> HttpOptions:
    return HttpOptions(**({"url": ROOT} | written))


def before(
    script: Script, *questions: Callable[[HttpEndpoint, Call], Any], **written: Any
) -> tuple[Any, ScriptedTransport]:
    """Ask an endpoint before a scripted server one thing after the other; return the last answer, and the server."""
    transport = ScriptedTransport(script)

    async def asked() -> Any:
        endpoint = HttpEndpoint("web", options(**written))
        await endpoint.open(transport)  # type: ignore[arg-type]
        answer = None
        for question in questions:
            answer = question(endpoint, Call.until(5))
            answer = [info async for info in answer] if hasattr(answer, "__anext__") else await answer
        return answer

    return asyncio.run(asked()), transport


def stat(path: str) -> Callable[[HttpEndpoint, Call], Any]:
    return lambda endpoint, call: endpoint.stat(path, call)


def listing(path: str) -> Callable[[HttpEndpoint, Call], Any]:
    return lambda endpoint, call: endpoint.list(path, call)


def health(endpoint: HttpEndpoint, call: Call) -> Any:
    return endpoint.health(call)


def answer(status: int = 200, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status, tuple((name.replace("_", "-"), value) for name, value in headers.items()), body)


def site(pages: dict[str, Answer], otherwise: Answer | None = None) -> Script:
    """Return a script: ``METHOD URL`` or URL -> answer; 404 for the rest."""

    def script(asked: Asked) -> Answer:
        found = pages.get(asked.short, pages.get(asked.url))
        return found or otherwise or answer(404, content_length="0")

    return script
