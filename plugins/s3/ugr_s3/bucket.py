# SPDX-License-Identifier: Apache-2.0
"""Questions to one bucket: signed, sent, and their refusals turned into errors.

Knows: the operations of S3 that the verbs need. Refuses to know: paths, files, directories.

A refused HEAD costs one request more, since only an answer with a body names the reason.
"""

from __future__ import annotations

from ugr.plugin import Answer, Call, Conflict, Misbehaved, NotFound, UgrError, Unsupported
from ugr.plugin.objects import Object, ObjectStore, Wire, encoded
from ugr_s3.documents import META, Page, PageReader, copied, described, error_of
from ugr_s3.faults import fault
from ugr_s3.options import S3Options
from ugr_s3.signing import Pairs, Signer, canonical_query
from ugr_s3.signing_v2 import SignerV2

PAGE = 1000
"""Entries asked for at once: the most that S3 sends."""

STAYS = frozenset(
    {
        *("cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires"),
        *("x-amz-storage-class", "x-amz-website-redirect-location"),
        *("x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id"),
        "x-amz-server-side-encryption-bucket-key-enabled",
    }
)
"""Headers besides the metadata that an object loses when a copy of it to itself does not repeat them."""


class Bucket(ObjectStore):
    """The bucket of one endpoint, as ugr itself reaches it."""

    def __init__(self, options: S3Options, signer: Signer | SignerV2, wire: Wire, *, page: int = PAGE) -> None:
        self._options = options
        self._signer = signer
        self._wire = wire
        self._page = page
        self._root = signer.place.root

    async def head(self, key: str, call: Call) -> Object | None:
        """Ask for an object's headers (HeadObject); a missing bucket is 404 too."""
        answer = await self._headers(key, call)
        return None if answer is None else described(key, answer)

    async def page(
        self, prefix: str, call: Call, *, delimiter: str = "", token: str | None = None, limit: int | None = None
    ) -> Page:
        """Read one page (ListObjectsV2)."""
        query = [
            ("list-type", "2"),
            ("encoding-type", "url"),
            ("prefix", prefix),
            ("max-keys", str(limit or self._page)),
        ]
        if delimiter:
            query.append(("delimiter", delimiter))
        if token is not None:
            query.append(("continuation-token", token))
        path, text = self._root or "/", canonical_query(query)
        reader = PageReader()
        headers = self._signer.headers("GET", path, text)
        url = f"{self._signer.place.origin}{path}?{text}"
        self._required(await self._wire.read(url, call, reader.feed, headers=headers), 200)
        return reader.page()

    async def mark(self, key: str, call: Call) -> None:
        """Make an object without bytes (PutObject)."""
        self._required(await self._send("PUT", key, call, body=b""), 200)

    async def delete(self, found: Object, call: Call) -> None:
        """Remove an object (DeleteObject); S3 does not say whether it was there."""
        self._required(await self._send("DELETE", found.key, call), 204, 200)

    async def copy(self, source: Object, target: str, overwrite: bool, call: Call) -> None:
        """Have the storage copy an object (CopyObject)."""
        await self._copy(source.key, target, call)

    async def keep(self, found: Object, algorithm: str, value: str, call: Call) -> None:
        """Add to an object's metadata by copying it onto itself, as S3 will have it; not when it has changed."""
        answer = await self._headers(found.key, call)
        if answer is None:
            raise NotFound("the object went away while its checksum was stored")
        if answer.header("x-amz-missing-meta") is not None:
            raise Unsupported("the object has metadata that do not survive HTTP, and would be lost")
        name = f"{META}{algorithm}"
        stays = [(key, text) for key, text in answer.headers if key in STAYS or (key.startswith(META) and key != name)]
        extra = [*stays, (name, value), ("x-amz-metadata-directive", "REPLACE")]
        if (tag := answer.header("etag")) is not None:
            extra.append(("x-amz-copy-source-if-match", tag))
        await self._copy(found.key, found.key, call, extra)

    async def _headers(self, key: str, call: Call) -> Answer | None:
        answer = await self._send("HEAD", key, call)
        if answer.status == 200:
            return answer
        if answer.status == 404:
            return None
        if answer.status < 500:
            # ask for a list that is refused for the same reason
            await self.page(key, call, limit=1)
        raise self._refusal(answer)

    async def _copy(self, source: str, target: str, call: Call, extra: Pairs = ()) -> None:
        where = ("x-amz-copy-source", f"/{encoded(self._options.bucket)}/{encoded(source)}")
        answer = await self._send("PUT", target, call, body=b"", extra=(where, *extra), patient=True)
        code = error_of(answer.body).get("Code")
        if answer.status == 400 and code == "InvalidRequest":
            raise Unsupported("the storage does not copy this in one request; Amazon S3 does up to 5 GiB")
        if answer.status == 412:
            raise Conflict("the object changed meanwhile")
        self._required(answer, 200)
        if not copied(answer.body):
            raise Misbehaved(f"the storage began to copy and then failed: {code or 'it does not say why'}")

    def _required(self, answer: Answer, *statuses: int) -> Answer:
        if answer.status not in statuses:
            raise self._refusal(answer)
        return answer

    def _refusal(self, answer: Answer) -> UgrError:
        return fault(answer, self._options, self._signer.clock())

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
        headers = self._signer.headers(method, path, "", extra)
        url = f"{self._signer.place.origin}{path}"
        return await self._wire.send(method, url, call, headers=headers, body=body, patient=patient)
