# SPDX-License-Identifier: Apache-2.0
"""Questions to one container: signed, sent, and their refusals turned into errors.

Knows: the operations of the Azure Storage REST API reference that the verbs need. Refuses to know:
paths, files, directories.

Our own questions are signed as those of clients are, with URLs: one way to be right.
"""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from ugr.plugin import Answer, Call, Conflict, DeadlineExceeded, Misbehaved, NotFound, Timeout
from ugr.plugin.objects import Object, ObjectStore, Wire
from ugr_azure.credentials import Keyring
from ugr_azure.documents import META, Page, PageReader, described, metadata_of
from ugr_azure.faults import code_of, storage_fault
from ugr_azure.signing import CREATE, DELETE, LIST, READ, VERSION, WRITE, Signer

PAGE = 1000
"""Entries asked for at once; Azure sends 5000 at most."""

BLOCK_BLOB = ("x-ms-blob-type", "BlockBlob")
"""What every upload in one request must carry ("Put Blob")."""

ABSENT = ("If-None-Match", "*")
"""The condition that there is no blob of that name."""

POLLS = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Seconds between looks at a copy that is being made; the last goes on."""

Headers = tuple[tuple[str, str], ...]


class Container(ObjectStore):
    """The container of one endpoint, as ugr itself reaches it."""

    def __init__(self, signer: Signer, keys: Keyring, wire: Wire, *, page: int = PAGE) -> None:
        self._signer = signer
        self._keys = keys
        self._wire = wire
        self._page = page

    async def head(self, key: str, call: Call) -> Object | None:
        """Ask for a blob's properties (Get Blob Properties)."""
        answer = await self._headers(key, call)
        return None if answer is None else described(key, answer)

    async def page(
        self, prefix: str, call: Call, *, delimiter: str = "", token: str | None = None, limit: int | None = None
    ) -> Page:
        """Read one page (List Blobs), with metadata: checksums are there, and what stands for a directory."""
        query = f"restype=container&comp=list&include=metadata&maxresults={limit or self._page}"
        for name, value in (("prefix", prefix), ("delimiter", delimiter), ("marker", token)):
            if value:
                query += f"&{name}={quote(value, safe='')}"
        reader = PageReader()
        await self._keys.ready(self._wire, call)
        url = f"{self._signer.root}?{query}&{self._signer.container(LIST)}"
        answer = await self._wire.read(url, call, reader.feed, headers=(("x-ms-version", VERSION),))
        self._required(answer, 200)
        return reader.page()

    async def mark(self, key: str, call: Call) -> None:
        """Make a blob without bytes (Put Blob)."""
        self._required(await self._send("PUT", key, CREATE, call, headers=(BLOCK_BLOB, ABSENT), body=b""), 201)

    async def delete(self, found: Object, call: Call) -> None:
        """Remove a blob (Delete Blob); not one with snapshots."""
        self._required(await self._send("DELETE", found.key, DELETE, call), 202)

    async def copy(self, source: Object, target: str, overwrite: bool, call: Call) -> None:
        """Have the storage copy a blob (Copy Blob), and wait until it has."""
        await self._keys.ready(self._wire, call)
        headers: Headers = (("x-ms-copy-source", self._signer.url(READ, source.key)[0]),)
        if not overwrite:
            headers = (*headers, ABSENT)
        answer = await self._send("PUT", target, WRITE, call, headers=headers, body=b"", patient=True)
        if answer.status == 404 and code_of(answer) == "BlobNotFound":
            raise NotFound("the blob went away before it was copied")
        self._required(answer, 202)
        polls = 0
        while (status := answer.header("x-ms-copy-status")) == "pending":
            await _pause(POLLS[min(polls, len(POLLS) - 1)], call)
            polls += 1
            there = await self._headers(target, call)
            if there is None:
                raise Conflict("the copy went away while it was being made")
            answer = there
        if status != "success":
            raise Misbehaved("the storage began to copy and then failed")

    async def keep(self, found: Object, algorithm: str, value: str, call: Call) -> None:
        """Add to a blob's metadata, which Set Blob Metadata replaces as a whole; not when the blob has changed."""
        answer = await self._headers(found.key, call)
        tag = None if answer is None else answer.header("etag")
        if answer is None or tag is None:
            raise NotFound("the blob went away while its checksum was stored")
        metadata = {f"{META}{name}": text for name, text in metadata_of(answer)} | {f"{META}{algorithm}": value}
        headers = (*metadata.items(), ("If-Match", tag))
        answer = await self._send("PUT", found.key, WRITE, call, headers=headers, body=b"", query="&comp=metadata")
        if answer.status == 412 and code_of(answer) == "ConditionNotMet":
            raise Conflict("the blob changed while its checksum was stored")
        self._required(answer, 200)

    async def _headers(self, key: str, call: Call) -> Answer | None:
        answer = await self._send("HEAD", key, READ, call)
        if answer.status == 404 and code_of(answer) in ("BlobNotFound", None):
            return None
        return self._required(answer, 200)

    def _required(self, answer: Answer, *statuses: int) -> Answer:
        if answer.status not in statuses:
            if code_of(answer) == "AuthenticationFailed":
                self._keys.refused()
            raise storage_fault(answer, self._signer.clock())
        return answer

    async def _send(
        self,
        method: str,
        key: str,
        permissions: str,
        call: Call,
        *,
        headers: Headers = (),
        body: bytes | None = None,
        query: str = "",
        patient: bool = False,
    ) -> Answer:
        await self._keys.ready(self._wire, call)
        url = self._signer.url(permissions, key)[0] + query
        sent = (*headers, ("x-ms-version", VERSION))
        return await self._wire.send(method, url, call, headers=sent, body=body, patient=patient)


async def _pause(seconds: float, call: Call) -> None:
    """Wait before the next look at a copy; Timeout when there is no time left for one."""
    try:
        if call.require_time() < seconds:
            raise Timeout("the storage is still copying, and goes on with it")
    except DeadlineExceeded:
        raise Timeout("the storage is still copying, and goes on with it") from None
    await asyncio.sleep(seconds)
