# SPDX-License-Identifier: Apache-2.0
"""A storage that answers anything: valid answers of S3 and WebDAV, broken at random, never "not there".

Knows: how answers are malformed. Refuses to know: who asks. It never says 404 or 410, nor lists
nothing, so that whoever concludes from its words that a file is absent is wrong.
"""

from __future__ import annotations

import asyncio
import random
import threading
from types import TracebackType
from typing import Self

from tests.servers.process import HOST, free_port

LISTING = (
    b'<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b"<Name>b</Name><KeyCount>1</KeyCount><IsTruncated>false</IsTruncated><EncodingType>url</EncodingType>"
    b"<Contents><Key>d/other</Key><Size>5</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
    b'<ETag>"5d41402abc4b2a76b9719d911017c592"</ETag></Contents></ListBucketResult>'
)
MULTISTATUS = (
    b'<?xml version="1.0" encoding="utf-8"?><D:multistatus xmlns:D="DAV:"><D:response><D:href>/d/other</D:href>'
    b"<D:propstat><D:prop><D:getcontentlength>5</D:getcontentlength><D:resourcetype/></D:prop>"
    b"<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>"
)
STATUSES = (
    *(200, 200, 200, 204, 206, 207, 207, 301, 302, 307),
    *(400, 401, 403, 405, 409, 418, 429, 500, 502, 503, 599, 999),
)
NOISE = (
    *(b"<", b">", b"&", b"\0", b"\xff", b"<!DOCTYPE x>", b"&bomb;", b"</a>", b"]]>", b"-1", b"9" * 40),
    *(b"<Key/>", b"\r\n"),
)
FIELDS = (
    b"Content-Length: 5",
    b"Content-Length: -5",
    b"Content-Length: 99999999999999999999",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Last-Modified: yesterday",
    b"ETag: \xff\xfe",
    b"Retry-After: never",
    b"Retry-After: 1",
    b"Location: /d/f",
    b"Location: javascript:x",
    b"No colon here",
    b"Content-Type: text/html; charset=utf-16",
    b"Digest: adler32=zzzz,md5=",
    b"WWW-Authenticate: Digest nonce=",
    b"X-Long: " + b"x" * 3000,
    b"Connection: close",
)


def answer(dice: random.Random, head: bool) -> bytes:
    """Return one answer, a whole one or not."""
    body = bytearray(dice.choice((LISTING, MULTISTATUS, b"", b"<html>busy</html>", b"{}")))
    for _ in range(dice.randrange(4)):
        spot = dice.randrange(len(body) + 1)
        if dice.random() < 0.5:
            body[spot:spot] = dice.choice(NOISE)
        else:
            del body[spot : spot + dice.randrange(1, 40)]
    lines = [b"HTTP/1.1 %d Whatever" % dice.choice(STATUSES)]
    if dice.random() < 0.05:
        lines = [dice.choice((b"HTTP/9.9 200 OK", b"SSH-2.0-OpenSSH", b"", b"HTTP/1.1", b"HTTP/1.1 2000 x"))]
    lines += dice.sample(FIELDS, dice.randrange(3))
    if dice.random() < 0.8:
        lines.append(b"Content-Length: %d" % len(body))
    whole = b"\r\n".join(lines) + b"\r\n\r\n" + (b"" if head else bytes(body))
    return whole[: dice.randrange(len(whole))] if dice.random() < 0.1 else whole


class Babbler:
    """Listens on 127.0.0.1: ``with Babbler(seed) as babbler: babbler.url``."""

    def __init__(self, seed: int) -> None:
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        self.answered = 0
        self._dice = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="babbler", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        serving = asyncio.start_server(self._serve, HOST, self.port)
        self._server = asyncio.run_coroutine_threadsafe(serving, self._loop).result(5)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                said = answer(self._dice, head.startswith(b"HEAD"))
                self.answered += 1
                writer.write(said)
                await writer.drain()
                if self._dice.random() < 0.3 or not said:
                    break
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()
