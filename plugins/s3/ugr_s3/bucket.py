# SPDX-License-Identifier: Apache-2.0
"""Questions to one bucket: signed, sent, and their refusals turned into errors.

Knows: the operations of S3 that the verbs need. Refuses to know: paths, files, directories.
"""

from __future__ import annotations

import asyncio

from ugr.plugin import Answer, Call, Credentials, Misbehaved, Transport, UgrError, Unsupported
from ugr_s3.documents import MAX_ERROR_BYTES, Page, PageParser, error_of
from ugr_s3.faults import fault
from ugr_s3.names import encoded
from ugr_s3.options import S3Options
from ugr_s3.signing import Pairs, Signer, canonical_query

MAX_PAGE_BYTES = 16 << 20


class Bucket:
    """The bucket of one endpoint, as ugr itself reaches it."""

    def __init__(self, options: S3Options, signer: Signer, transport: Transport) -> None:
        self._options = options
        self._signer = signer
        self._transport = transport
        self._root = signer.place.root
        self._credentials = Credentials(ca_directory=options.ca_directory, ca_file=options.ca_file)

    async def head(self, key: str, call: Call) -> Answer:
        """Ask for an object's headers (HeadObject); the answer may be a refusal, and has no body to say why."""
        return await self._send("HEAD", key, call)

    async def page(
        self, prefix: str, call: Call, *, delimiter: str = "", token: str | None = None, limit: int | None = None
    ) -> Page:
        """Read one page (ListObjectsV2) of the keys that start with ``prefix``: ``limit`` at most, or 1000."""
        query = [("list-type", "2"), ("encoding-type", "url"), ("prefix", prefix)]
        if delimiter:
            query.append(("delimiter", delimiter))
        if limit is not None:
            query.append(("max-keys", str(limit)))
        if token is not None:
            query.append(("continuation-token", token))
        path, text = self._root or "/", canonical_query(query)
        parser = PageParser()
        async with self._transport.stream(
            "GET",
            f"{self._signer.place.origin}{path}?{text}",
            call=call,
            headers=self._signer.headers("GET", path, text),
            credentials=self._credentials,
            connect_timeout=self._options.connect_timeout,
            timeout=self._options.timeout,
            max_body=MAX_PAGE_BYTES,
        ) as answer:
            if answer.status != 200:
                body = bytearray()
                async for piece in answer.chunks():
                    if len(body) <= MAX_ERROR_BYTES:
                        body += piece
                raise self.refusal(Answer(answer.status, answer.headers, bytes(body)))
            async for piece in answer.chunks():
                parser.feed(piece)
                # pieces that have come already follow each other without a pause, and a page of them takes 10 ms
                await asyncio.sleep(0)
        return parser.close()

    async def put_empty(self, key: str, call: Call) -> None:
        """Make an object without bytes (PutObject)."""
        self._require(await self._send("PUT", key, call, body=b""), 200)

    async def delete(self, key: str, call: Call) -> None:
        """Remove an object (DeleteObject); S3 does not say whether it was there."""
        self._require(await self._send("DELETE", key, call), 204, 200)

    async def copy(self, source: str, target: str, call: Call) -> None:
        """Have the storage copy an object (CopyObject); takes as long as ``call`` gives it."""
        extra = [("x-amz-copy-source", f"/{encoded(self._options.bucket)}/{encoded(source)}")]
        answer = await self._send("PUT", target, call, body=b"", extra=extra, patient=True)
        code = error_of(answer.body).get("Code")
        if answer.status == 400 and code == "InvalidRequest":
            raise Unsupported("the storage does not copy this in one request; Amazon S3 does up to 5 GiB")
        self._require(answer, 200)
        if code is not None:
            # a copy that fails after a while does so in the body of a 200
            raise Misbehaved(f"the storage began to copy and then failed: {code}")

    def refusal(self, answer: Answer) -> UgrError:
        """Return the error that an answer stands for."""
        return fault(answer, self._options, self._signer.clock())

    def _require(self, answer: Answer, *statuses: int) -> None:
        if answer.status not in statuses:
            raise self.refusal(answer)

    async def _send(
        self,
        method: str,
        key: str,
        call: Call,
        *,
        body: bytes | None = None,
        extra: Pairs = (),
        patient: bool = False,
    ) -> Answer:
        path = f"{self._root}/{encoded(key)}"
        return await self._transport.send(
            method,
            f"{self._signer.place.origin}{path}",
            call=call,
            headers=self._signer.headers(method, path, "", extra),
            body=body,
            credentials=self._credentials,
            max_body=MAX_ERROR_BYTES,
            connect_timeout=self._options.connect_timeout,
            timeout=None if patient else self._options.timeout,
        )
