# SPDX-License-Identifier: Apache-2.0
"""Questions to one web server, and where its redirects lead.

Knows: HEAD, GET of a first byte, redirects (RFC 9110, 15.4). Refuses to know: paths, what an answer
means for a file or a directory.

Redirects are followed for as long as they go somewhere new, ``MOST_HOPS`` at most. Credentials go to
the configured server and to nobody that it redirects to. A redirect that only adds a slash stays on
the server that was asked: behind a proxy, servers are wrong about their own name and port.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from ugr.plugin import Answer, Call, Credentials, Misbehaved, Streaming, Transport
from ugr_http import metadata
from ugr_http.access import Access, Pairs
from ugr_http.names import MAX_URL, is_slash_form, led, origin
from ugr_http.options import HttpOptions

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_HOPS = 5

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


class Trail:
    """The URLs that one question leads through."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.slashed = False
        self._seen = {url}

    def goes_on(self, answer: Answer | Streaming) -> bool:
        """Take the step that an answer asks for; say whether there is one. Misbehaved when it leads nowhere."""
        location = answer.header("location")
        if answer.status not in REDIRECTS or location is None:
            return False
        target = led(self.url, location)
        if target is None or len(target) > MAX_URL:
            raise Misbehaved("the server redirects to something that is no URL of http or https")
        if is_slash_form(self.url, target):
            target, self.slashed = f"{self.url}/", True
        if target in self._seen:
            raise Misbehaved("the server redirects in a circle")
        if len(self._seen) > MOST_HOPS:
            raise Misbehaved(f"the server redirects more than {MOST_HOPS} times")
        self._seen.add(target)
        self.url = target
        return True


class Web:
    """The server of one endpoint, as ugr itself reaches it."""

    def __init__(self, options: HttpOptions, transport: Transport) -> None:
        self._options = options
        self._transport = transport
        self._access = Access(options)
        self._origin = origin(options.url)
        self._no_head_until = 0.0

    async def head(self, url: str, call: Call, headers: Pairs = (), *, patient: bool = False) -> Answer:
        """Ask with HEAD, once; redirects are not followed."""
        credentials, proof = self._proof(url)
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
            credentials, proof = self._proof(trail.url)
            async with self._transport.stream(
                "GET",
                trail.url,
                call=call,
                headers=(IDENTITY, *headers, *proof),
                credentials=credentials,
                connect_timeout=self._options.connect_timeout,
                timeout=None if patient else self._options.timeout,
            ) as answer:
                if not (follow and trail.goes_on(answer)):
                    yield Opened(answer, trail.url, trail.slashed)
                    return
                await _drain(answer)

    async def followed(self, url: str, call: Call, headers: Pairs = (), *, patient: bool = False) -> Reached:
        """Ask with HEAD, and go where redirects lead."""
        trail = Trail(url)
        while True:
            answer = await self.head(trail.url, call, headers, patient=patient)
            if not trail.goes_on(answer):
                return Reached(answer, trail.slashed)

    def _proof(self, url: str) -> tuple[Credentials, Pairs]:
        """Return what proves who asks, for the configured server; for any other, nothing."""
        return self._access.ours() if origin(url) == self._origin else (self._access.elsewhere, ())


async def _drain(answer: Streaming) -> None:
    """Read a short body to its end, so that the connection can be used again; leave a long one."""
    length = answer.header("content-length") or ""
    if length.isdigit() and int(length) <= DRAINED:
        async for _ in answer.chunks():
            pass
