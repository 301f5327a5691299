# SPDX-License-Identifier: Apache-2.0
"""A bucket, or one directory of it, as an endpoint.

Knows: how a bucket of S3 becomes the object storage of ``ugr.plugin.objects``, where the verbs are.
Refuses to know: how a request is signed and sent.

A name that is not there costs two requests, one after the other, so that the answer "not here" of a
close endpoint delays the choice of one farther away by both. Asking both at once would halve that, and
double the load of every file that is found, with listings, which are what costs gateways (all shards of
a bucket's index) and money; absence is remembered by the federation, so it is asked rarely.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from ugr.plugin import (
    BadRequest,
    Call,
    Intent,
    IsADirectory,
    Location,
    Multipart,
    MultipartStep,
    Transfer,
    Transport,
    Unsupported,
)
from ugr.plugin.objects import Names, ObjectEndpoint, ObjectStore, Wire, encoded
from ugr_s3.bucket import PAGE, Bucket
from ugr_s3.keyring import Keyring
from ugr_s3.options import DEFAULT_LIFETIME, S3Options, check
from ugr_s3.place import place
from ugr_s3.signing import Pairs, Signer
from ugr_s3.signing_v2 import SignerV2

MAX_KEY_BYTES = 1024
"""The longest key, in UTF-8 (Amazon S3 user guide, object keys)."""

MAX_PARTS = 10_000
"""The most parts of one object (Amazon S3 user guide, multipart upload limits)."""

BREATH = 100
"""Parts whose URLs are signed before the loop gets its turn: two milliseconds."""


class S3Endpoint(ObjectEndpoint):
    """``type = s3``: Amazon S3, Ceph's gateway, and what speaks the same."""

    type = "s3"
    Options = S3Options
    options: S3Options

    def __init__(
        self, name: str, options: S3Options, *, clock: Callable[[], float] = time.time, page: int = PAGE
    ) -> None:
        super().__init__(name, options, Names(options.prefix, longest=MAX_KEY_BYTES))
        check(name, options)
        keys = Keyring(options)
        virtual = options.addressing == "virtual"
        lifetime = int(options.url_lifetime or DEFAULT_LIFETIME)
        inside = place(options.url, options.bucket, virtual=virtual)
        outside = place(options.public_url or options.url, options.bucket, virtual=virtual)
        self._ours, self._clients = (
            SignerV2(where, options.bucket, keys, lifetime=lifetime, clock=clock)
            if options.signature == "v2"
            else Signer(where, options.region, keys, lifetime=lifetime, clock=clock)
            for where in (inside, outside)
        )
        self._root = outside.root
        self._page = page

    def connect(self, transport: Transport) -> ObjectStore:
        """Return the bucket as reached through a transport."""
        return Bucket(self.options, self._ours, Wire(self.options, transport), page=self._page)

    def redirect(self, path: str, intent: Intent, transfer: Transfer, call: Call) -> Location:
        """Return a URL signed for one method, good for ``url_lifetime`` from this second."""
        if intent is Intent.POST:
            raise Unsupported("S3 takes POST only for the steps of an upload in parts", path=path)
        return self._signed(intent, path)

    async def multipart(
        self,
        path: str,
        step: MultipartStep,
        transfer: Transfer,
        call: Call,
        *,
        upload_id: str | None = None,
        parts: int = 1,
    ) -> Multipart:
        """Return signed URLs for one step; parts are numbered from 1.

        They are for CreateMultipartUpload, whose answer has the id of the upload, UploadPart,
        CompleteMultipartUpload, whose body lists the parts with the entity tags that the storage gave
        them, and AbortMultipartUpload (Amazon S3 API reference).
        """
        if step is MultipartStep.START:
            return Multipart(None, (self._signed(Intent.POST, path, [("uploads", "")]),))
        if not upload_id:
            raise BadRequest("which upload in parts it is must be said: the answer to its start has the id", path=path)
        upload = ("uploadId", upload_id)
        if step is not MultipartStep.PARTS:
            intent = Intent.POST if step is MultipartStep.COMPLETE else Intent.DELETE
            return Multipart(upload_id, (self._signed(intent, path, [upload]),))
        if not 1 <= parts <= MAX_PARTS:
            raise BadRequest(f"an upload has 1 to {MAX_PARTS} parts, not {parts}", path=path)
        locations = []
        for part in range(1, parts + 1):
            locations.append(self._signed(Intent.PUT, path, [("partNumber", str(part)), upload]))
            if part % BREATH == 0:
                await asyncio.sleep(0)
        return Multipart(upload_id, tuple(locations))

    async def store_checksum(self, path: str, algorithm: str, value: str, call: Call) -> None:
        """Keep a checksum in the object's metadata, ``x-amz-meta-`` and the algorithm's name."""
        await self._keep_checksum(path, algorithm, value, call)

    def _signed(self, intent: Intent, path: str, query: Pairs = ()) -> Location:
        if path == "/":
            raise IsADirectory("the root is a directory", path=path)
        url, expires = self._clients.url(intent.value, f"{self._root}/{encoded(self._names.key(path))}", query)
        return Location(url, intent, expires=float(expires), signed=True)
