# SPDX-License-Identifier: Apache-2.0
"""A storage that is a function: for answers that no test server of ours gives, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from ugr.plugin import Answer, Call, Endpoint


class Asked(NamedTuple):
    """One request: method, decoded path, decoded query, lower-case headers, body."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes | None
    origin: str


Script = Callable[[Asked], Answer]


class Streamed:
    """An answer in pieces."""

    def __init__(self, answer: Answer) -> None:
        self.status, self.headers, self._body = answer.status, answer.headers, answer.body

    async def chunks(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._body), 10):
            yield self._body[start : start + 10]


class ScriptedTransport:
    """A transport whose storage is a function of the request; ``asked`` are all requests so far."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked: list[Asked] = []

    async def send(self, method: str, url: str, **how: Any) -> Answer:
        return self._answer(method, url, how.get("headers", ()), how.get("body"))

    @asynccontextmanager
    async def stream(self, method: str, url: str, **how: Any) -> AsyncIterator[Streamed]:
        yield Streamed(self._answer(method, url, how.get("headers", ()), how.get("body")))

    def _answer(self, method: str, url: str, headers: Sequence[tuple[str, str]], body: bytes | None) -> Answer:
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        fields = {name.lower(): value for name, value in headers}
        asked = Asked(method, unquote(parts.path), query, fields, body, f"{parts.scheme}://{parts.netloc}")
        self.asked.append(asked)
        return self.script(asked)


def before(script: Script, endpoint: Endpoint, *questions: Callable[[Call], Any]) -> tuple[list[Any], list[Asked]]:
    """Ask an open endpoint that is before a scripted storage; return the answers and what the storage was asked."""
    transport = ScriptedTransport(script)

    async def asked() -> list[Any]:
        await endpoint.open(transport)  # type: ignore[arg-type]
        answers = []
        for question in questions:
            answer = question(Call.until(5))
            answers.append([info async for info in answer] if hasattr(answer, "__anext__") else await answer)
        return answers

    return asyncio.run(asked()), transport.asked


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    """Make an answer; underscores in names of headers are dashes."""
    return Answer(status, tuple((name.replace("_", "-"), value) for name, value in headers.items()), body)
