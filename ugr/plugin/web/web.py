# SPDX-License-Identifier: Apache-2.0
"""Questions to one server: with credentials, time limits, and redirects where they may be followed.

Knows: the transport, who may be shown what. Refuses to know: what is asked, what the answer means.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import NamedTuple

from ugr.call import Call
from ugr.errors import Refused
from ugr.plugin.web.access import Access, AccessOptions
from ugr.plugin.web.trail import Trail
from ugr.transport import Answer, Streaming, Transport

MAX_ANSWER = 65536
"""Bytes of an answer that is wanted whole."""

Fields = Sequence[tuple[str, str]]


class Reached(NamedTuple):
    """An answer, and the URL that gave it, which is another one after a redirect."""

    answer: Answer
    url: str


class Opened(NamedTuple):
    """An answer whose body is still to be read, and the URL that gave it."""

    answer: Streaming
    url: str


class Web:
    """The way to the server of one endpoint.

    With ``patient`` only ``call`` limits the time; without, the endpoint's ``timeout`` does too.
    Redirects are followed with ``follow`` only, which is for methods that change nothing.
    """

    def __init__(self, options: AccessOptions, access: Access, transport: Transport) -> None:
        self._options = options
        self._access = access
        self._transport = transport

    async def send(
        self,
        method: str,
        url: str,
        call: Call,
        *,
        headers: Fields = (),
        body: bytes | None = None,
        max_body: int = MAX_ANSWER,
        patient: bool = False,
        follow: bool = False,
    ) -> Reached:
        """Ask, and return the whole answer. Raises what the transport does, and Unauthenticated."""
        trail = Trail(url)
        while True:
            credentials, proof = self._access.proof(trail.url)
            with self._judged():
                answer = await self._transport.send(
                    method,
                    trail.url,
                    call=call,
                    headers=(*headers, *proof),
                    body=body,
                    credentials=credentials,
                    max_body=max_body,
                    connect_timeout=self._options.connect_timeout,
                    timeout=None if patient else self._options.timeout,
                )
            if not (follow and trail.goes_on(answer.status, answer.header("location"))):
                return Reached(answer, trail.url)

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        call: Call,
        *,
        headers: Fields = (),
        body: bytes | None = None,
        max_body: int | None = None,
        patient: bool = False,
    ) -> AsyncIterator[Opened]:
        """Ask, follow redirects, and give the answer when its head is there."""
        trail = Trail(url)
        while True:
            credentials, proof = self._access.proof(trail.url)
            with self._judged():
                async with self._transport.stream(
                    method,
                    trail.url,
                    call=call,
                    headers=(*headers, *proof),
                    body=body,
                    credentials=credentials,
                    max_body=max_body,
                    connect_timeout=self._options.connect_timeout,
                    timeout=None if patient else self._options.timeout,
                ) as answer:
                    if not trail.goes_on(answer.status, answer.header("location")):
                        yield Opened(answer, trail.url)
                        return

    @contextmanager
    def _judged(self) -> Iterator[None]:
        """Say of a connection that broke because of our certificate that it is the certificate."""
        try:
            yield
        except Refused as error:
            raise self._access.judged(error) from error.__cause__
