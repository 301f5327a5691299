# SPDX-License-Identifier: Apache-2.0
"""Questions to one web server, and where its redirects lead.

Knows: HEAD, GET of a first byte, redirects (RFC 9110, 15.4). Refuses to know: paths, what an answer
means for a file or a directory.

Where redirects may lead, and who is shown credentials on the way, is decided in ``ugr.plugin.web``.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import NamedTuple

from ugr.plugin import Answer, Call, Ourselves, Refused, Streaming, Transport, UgrError
from ugr.plugin.web import Access, Trail
from ugr_http import metadata
from ugr_http.faults import fault
from ugr_http.options import HttpOptions

Pairs = tuple[tuple[str, str], ...]

NO_HEAD = frozenset({403, 405, 501})
"""Statuses that may mean HEAD, and not the file."""

HEAD_AGAIN = 600.0
"""Seconds after which a server that refused HEAD is asked with HEAD again."""

DRAINED = 1 << 16
"""Bytes of a body that are worth reading only to keep the connection."""

IDENTITY = ("Accept-Encoding", "identity")
"""Lengths must be those of the file, not of something that was compressed for us."""


class Reached(NamedTuple):
    """An answer without its body. ``slashed``: the server added the slash of a directory on the way."""

    answer: Answer
    slashed: bool


class Opened(NamedTuple):
    """An answer whose body is still to be read, where it came from, and ``slashed`` as above."""

    answer: Streaming
    url: str
    slashed: bool


class Web:
    """The server of one endpoint, as ugr itself reaches it."""

    def __init__(self, options: HttpOptions, transport: Transport) -> None:
        self._options = options
        self._transport = transport
        self.access = Access(options)
        self._no_head_until = 0.0

    async def head(self, url: str, call: Call, headers: Pairs = (), *, patient: bool = False) -> Answer:
        """Ask with HEAD, once; redirects are not followed."""
        credentials, proof = self.access.proof(url)
        with self._judged():
            return await self._transport.send(
                "HEAD",
                url,
                call=call,
                headers=(IDENTITY, *headers, *proof),
                credentials=credentials,
                connect_timeout=self._options.connect_timeout,
                timeout=None if patient else self._options.timeout,
            )

    async def describe(self, url: str, call: Call) -> Reached:
        """Ask for the headers of a URL: by HEAD, or by GET of one byte where the server has no HEAD."""
        refused: int | None = None
        if time.monotonic() >= self._no_head_until:
            reached = await self.followed(url, call)
            status = reached.answer.status
            if reached.slashed or status not in (200, *NO_HEAD):
                return reached
            if status == 200 and metadata.size(reached.answer) is not None:
                return reached
            refused = status if status in NO_HEAD else None
        async with self.get(url, call, (("Range", "bytes=0-0"),)) as (answer, _, slashed):
            await _drain(answer)
            status = answer.status
            if refused is not None and (200 <= status < 300 or (status == 404 and refused != 403)):
                self._no_head_until = time.monotonic() + HEAD_AGAIN
            return Reached(Answer(status, answer.headers), slashed)

    @asynccontextmanager
    async def get(
        self, url: str, call: Call, headers: Pairs = (), *, follow: bool = True, patient: bool = False
    ) -> AsyncIterator[Opened]:
        """Ask with GET; give the last answer.

        The endpoint's time for a question covers each step and the body, unless ``patient``.
        """
        trail = Trail(url)
        while True:
            credentials, proof = self.access.proof(trail.url)
            with self._judged():
                async with self._transport.stream(
                    "GET",
                    trail.url,
                    call=call,
                    headers=(IDENTITY, *headers, *proof),
                    credentials=credentials,
                    connect_timeout=self._options.connect_timeout,
                    timeout=None if patient else self._options.timeout,
                ) as answer:
                    if not (follow and trail.goes_on(answer.status, answer.header("location"))):
                        yield Opened(answer, trail.url, trail.slashed)
                        return
                    await _drain(answer)

    async def followed(self, url: str, call: Call, headers: Pairs = (), *, patient: bool = False) -> Reached:
        """Ask with HEAD, and go where redirects lead."""
        trail = Trail(url)
        while True:
            answer = await self.head(trail.url, call, headers, patient=patient)
            if not trail.goes_on(answer.status, answer.header("location")):
                return Reached(answer, trail.slashed)

    @property
    def ourselves(self) -> Ourselves:
        """This federation, as other federations know it."""
        return self._transport.ourselves

    def fault(self, answer: Answer) -> UgrError:
        """Return the error that a refusal stands for."""
        return fault(answer, self.access)

    @contextmanager
    def _judged(self) -> Iterator[None]:
        """Say of a connection that broke because of our certificate that it is the certificate."""
        try:
            yield
        except Refused as error:
            raise self.access.judged(error) from error.__cause__


async def _drain(answer: Streaming) -> None:
    """Read a short body to its end, so that the connection can be used again; leave a long one."""
    length = answer.header("content-length") or ""
    if length.isdigit() and int(length) <= DRAINED:
        async for _ in answer.chunks():
            pass
