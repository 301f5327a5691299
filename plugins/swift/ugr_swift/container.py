# SPDX-License-Identifier: Apache-2.0
"""Questions to one container: with a token, sent, and their refusals turned into errors.

Knows: the operations of Swift that the verbs need (OpenStack Object Storage API reference). Refuses
to know: paths, files, directories.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from urllib.parse import quote

from ugr.plugin import Answer, Call, Misbehaved, NotFound, UgrError, Usage
from ugr.plugin.objects import Object, ObjectStore, Wire, encoded, number
from ugr_swift.documents import DIRECTORY, META, Page, described, page_of
from ugr_swift.faults import storage_fault
from ugr_swift.session import Pass, Session

PAGE = 1000
"""Entries asked for at once: reading them takes two milliseconds. Swift allows 10 000."""

MAX_PAGE_BYTES = 16 << 20

AT_ONCE = 16
"""Objects without bytes that are looked up at the same time."""

STAYS = frozenset({"content-encoding", "content-disposition", "x-delete-at", "x-object-manifest"})
"""Headers besides the metadata that an object loses when POST does not repeat them."""

Headers = tuple[tuple[str, str], ...]


class Container(ObjectStore):
    """The container of one endpoint, as ugr itself reaches it."""

    def __init__(self, name: str, session: Session, wire: Wire, *, page: int = PAGE) -> None:
        self._name = name
        self._session = session
        self._wire = wire
        self._page = page

    async def head(self, key: str, call: Call) -> Object | None:
        """Ask for an object's headers; a missing container is 404 too."""
        answer = await self._headers(key, call)
        return None if answer is None else described(key, answer)

    async def page(
        self, prefix: str, call: Call, *, delimiter: str = "", token: str | None = None, limit: int | None = None
    ) -> Page:
        """Read one page in JSON. In a listing of a directory, objects without bytes are looked up one by one.

        A dynamic large object, and a symbolic link, is listed without the bytes that it has.
        """
        query = f"?format=json&limit={limit or self._page}&prefix={_quoted(prefix)}"
        if delimiter:
            query += f"&delimiter={_quoted(delimiter)}"
        if token is not None:
            query += f"&marker={_quoted(token)}"
        answer = await self._send("GET", query, call, max_body=MAX_PAGE_BYTES)
        page = page_of(self._required(answer, 200, 204).body)
        return page.sure(await self._looked_up(page, call)) if delimiter else page

    async def mark(self, key: str, call: Call) -> None:
        """Make an object without bytes, of the type that stands for directories."""
        headers = (("Content-Type", DIRECTORY),)
        self._required(await self._send("PUT", f"/{encoded(key)}", call, headers=headers, body=b""), 201)

    async def delete(self, found: Object, call: Call) -> None:
        """Remove an object; of a static large object its segments too."""
        if not found.segmented:
            return await self._deleted(found.key, call)
        headers = (("Accept", "application/json"),)
        target = f"/{encoded(found.key)}?multipart-manifest=delete"
        answer = await self._send("DELETE", target, call, headers=headers, patient=True)
        self._required(answer, 200, 204)
        # it fails in the body of a 200
        if answer.status == 200 and not _all_deleted(answer.body):
            raise Misbehaved("the storage removed some of the object's segments, and failed to remove others")
        return None

    async def copy(self, source: Object, target: str, overwrite: bool, call: Call) -> None:
        """Have the storage copy an object; the copy of a large object has its bytes in itself."""
        await self._copied(source, f"/{encoded(target)}", call)

    async def rename(self, source: Object, target: str, overwrite: bool, call: Call) -> None:
        """Copy and delete; of a static large object only the list of its segments, which stay where they are."""
        where = f"/{encoded(target)}"
        await self._copied(source, f"{where}?multipart-manifest=get" if source.segmented else where, call)
        await self._deleted(source.key, call)

    async def keep(self, found: Object, algorithm: str, value: str, call: Call) -> None:
        """Add to an object's metadata, which a POST replaces as a whole."""
        answer = await self._headers(found.key, call)
        if answer is None:
            raise NotFound("the object went away while its checksum was stored")
        name = f"{META}{algorithm}"
        stays = [(key, text) for key, text in answer.headers if key in STAYS or (key.startswith(META) and key != name)]
        headers = (*stays, (name, value))
        self._required(await self._send("POST", f"/{encoded(found.key)}", call, headers=headers, body=b""), 202)

    async def usage(self, call: Call) -> Usage:
        """Return the bytes in the container, and what its quota leaves."""
        answer = self._required(await self._send("HEAD", "", call), 200, 204)
        used = number(answer.header("x-container-bytes-used"))
        quota = number(answer.header("x-container-meta-quota-bytes"))
        return Usage(used, None if used is None or quota is None else max(0, quota - used))

    async def _looked_up(self, page: Page, call: Call) -> dict[str, Object]:
        found = {}
        names = iter(page.unsure())
        while batch := list(itertools.islice(names, AT_ONCE)):
            for one in await asyncio.gather(*(self.head(key, call) for key in batch)):
                if one is not None:
                    found[one.key] = one
        return found

    async def _headers(self, key: str, call: Call) -> Answer | None:
        answer = await self._send("HEAD", f"/{encoded(key)}", call)
        return None if answer.status == 404 else self._required(answer, 200, 204)

    async def _deleted(self, key: str, call: Call) -> None:
        answer = await self._send("DELETE", f"/{encoded(key)}", call)
        if answer.status == 404:
            raise NotFound("the object went away by itself")
        self._required(answer, 204, 200)

    async def _copied(self, source: Object, target: str, call: Call) -> None:
        # a condition would be one on the source
        headers = (("X-Copy-From", f"/{encoded(self._name)}/{encoded(source.key)}"),)
        answer = await self._send("PUT", target, call, headers=headers, body=b"", patient=True)
        if answer.status == 404:
            raise NotFound("the object went away before it was copied")
        self._required(answer, 201)

    def _required(self, answer: Answer, *statuses: int) -> Answer:
        if answer.status not in statuses:
            raise self._refusal(answer)
        return answer

    def _refusal(self, answer: Answer) -> UgrError:
        return storage_fault(answer, self._session.clock())

    async def _send(
        self,
        method: str,
        target: str,
        call: Call,
        *,
        headers: Headers = (),
        body: bytes | None = None,
        max_body: int = 65536,
        patient: bool = False,
    ) -> Answer:
        """Ask with the token in force; once more with a new one when it is refused: then nothing was done."""

        async def ask(held: Pass) -> Answer:
            token = () if held.token is None else (("X-Auth-Token", held.token),)
            return await self._wire.send(
                method,
                f"{held.url}/{encoded(self._name)}{target}",
                call,
                headers=(*token, *headers),
                body=body,
                max_body=max_body,
                patient=patient,
            )

        held = await self._session.current(self._wire, call)
        answer = await ask(held)
        if answer.status == 401 and held.token is not None:
            self._session.drop(held)
            answer = await ask(await self._session.current(self._wire, call))
        return answer


def _quoted(text: str) -> str:
    return quote(text, safe="~")


def _all_deleted(body: bytes) -> bool:
    """Say whether a bulk operation reports success (Swift, "Bulk delete": Response Status, Errors)."""
    try:
        report = json.loads(body)
        return str(report["Response Status"]).startswith("200") and not report["Errors"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
