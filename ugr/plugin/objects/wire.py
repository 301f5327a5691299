# SPDX-License-Identifier: Apache-2.0
"""How an object storage is asked: time limits, trust, and bodies that are bounded or come in pieces.

Knows: the transport and the options that concern it. Refuses to know: what is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from ugr.call import Call
from ugr.plugin.objects.options import ObjectOptions
from ugr.plugin.objects.refusals import MAX_ERROR_BYTES
from ugr.transport import Answer, Credentials, Transport

MAX_PAGE_BYTES = 16 << 20

Fields = Sequence[tuple[str, str]]


class Wire:
    """The way to the storage of one endpoint."""

    def __init__(self, options: ObjectOptions, transport: Transport) -> None:
        self._options = options
        self._transport = transport
        self._credentials = Credentials(ca_directory=options.ca_directory, ca_file=options.ca_file)

    async def send(
        self,
        method: str,
        url: str,
        call: Call,
        *,
        headers: Fields = (),
        body: bytes | None = None,
        max_body: int = MAX_ERROR_BYTES,
        patient: bool = False,
    ) -> Answer:
        """Ask and return the whole answer; ``patient`` when only ``call`` limits the time."""
        return await self._transport.send(
            method,
            url,
            call=call,
            headers=headers,
            body=body,
            credentials=self._credentials,
            max_body=max_body,
            connect_timeout=self._options.connect_timeout,
            timeout=None if patient else self._options.timeout,
        )

    async def read(self, url: str, call: Call, feed: Callable[[bytes], object], *, headers: Fields = ()) -> Answer:
        """GET; hand the body of a 200 to ``feed`` as it comes, and return the answer without it.

        Any other answer has (the beginning of) its body.
        """
        async with self._transport.stream(
            "GET",
            url,
            call=call,
            headers=headers,
            credentials=self._credentials,
            connect_timeout=self._options.connect_timeout,
            timeout=self._options.timeout,
            max_body=MAX_PAGE_BYTES,
        ) as answer:
            body = bytearray()
            async for piece in answer.chunks():
                if answer.status == 200:
                    feed(piece)
                elif len(body) <= MAX_ERROR_BYTES:
                    body += piece
                # pieces that have come already follow each other without a pause, and a page of them takes 10 ms
                await asyncio.sleep(0)
            return Answer(answer.status, answer.headers, bytes(body))
