# SPDX-License-Identifier: Apache-2.0
"""Questions to one WebDAV storage, and what their answers say of a path.

Knows: PROPFIND and its answers, methods that change something. Refuses to know: verbs.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from ugr.plugin import (
    Answer,
    BadRequest,
    Call,
    Conflict,
    EndpointError,
    FileInfo,
    Misbehaved,
    NotADirectory,
    NotFound,
    UgrError,
    Unsupported,
)
from ugr.plugin.objects import last
from ugr.plugin.web import MAX_ANSWER, Access, Opened, Web
from ugr_dav.faults import NO_DAV, fault, no_dav
from ugr_dav.hrefs import Names, Place, Spelling
from ugr_dav.listing import Listing
from ugr_dav.multistatus import Multistatus, Response
from ugr_dav.options import DavOptions
from ugr_dav.properties import described

_XML = ("Content-Type", "application/xml; charset=utf-8")


def _question(*properties: str) -> bytes:
    wanted = "".join(f"<{name}/>" for name in properties)
    return f'<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop>{wanted}</prop></propfind>'.encode()


DESCRIBING = _question("resourcetype", "getcontentlength", "getlastmodified")
SPACE = _question("quota-available-bytes", "quota-used-bytes")

LITERAL = re.compile("xrootd", re.IGNORECASE)
"""Servers (RFC 9110, 10.2.4) that take Destination as it stands, without decoding it: XRootD up to 6.1."""

_PRINTABLE = re.compile(r"[ -~]*[!-~]\Z")

ENTRY_BYTES = 8192
"""Bytes that storages may spend on one entry of a listing, on average."""


class Storage:
    """One storage, as ugr itself reaches it. Paths are the endpoint's."""

    def __init__(self, options: DavOptions, web: Web, access: Access) -> None:
        self.names = Names(options.url)
        self._web = web
        self._access = access
        self._longest = (1 << 20) + ENTRY_BYTES * options.max_entries
        self._spelling = Spelling()
        self._literal = False

    async def describe(self, path: str, call: Call) -> FileInfo:
        """Ask for one name. Raises NotFound, NotADirectory, and what is wrong with the storage.

        A 400 or 409 may mean that a directory on the way is a file: then that one is asked for.
        """
        try:
            response = await self.resource(path, DESCRIBING, call)
        except (BadRequest, Conflict):
            if path == "/" or (await self.describe(parent(path), call)).directory:
                raise
            raise NotADirectory(path=path) from None
        return described(response.properties, last(path), slash=response.href.endswith("/"))

    async def resource(self, path: str, question: bytes, call: Call) -> Response:
        """Ask for the properties of one name (PROPFIND, Depth 0)."""
        url = self.names.directory(path) if path == "/" else self.names.url(path)
        answer, reached = await self._web.send(
            "PROPFIND", url, call, headers=(("Depth", "0"), _XML), body=question, follow=True
        )
        self._literal = LITERAL.search(answer.header("server") or "") is not None
        if answer.status != 207:
            raise self._refusal(answer)
        return self._own(_responses(answer.body), Place(reached))

    @asynccontextmanager
    async def inside(self, path: str, call: Call) -> AsyncIterator[Opened]:
        """Ask for a directory with what is in it (PROPFIND, Depth 1); give the answer, which is a 207."""
        async with self._web.stream(
            "PROPFIND",
            self.names.directory(path),
            call,
            headers=(("Depth", "1"), _XML),
            body=DESCRIBING,
            max_body=self._longest,
            patient=True,
        ) as opened:
            if opened.answer.status != 207:
                raise self._refusal(await _short(opened))
            yield opened

    async def is_empty(self, path: str, call: Call) -> bool:
        """Say whether nothing at all is in a directory; what cannot be shown is something."""
        async with self.inside(path, call) as (answer, url):
            listing = Listing(url)
            async for piece in answer.chunks():
                if any(True for _ in listing.read(piece)):
                    return False
            return not any(True for _ in listing.close())

    async def change(
        self, method: str, url: str, call: Call, headers: Sequence[tuple[str, str]] = (), *, patient: bool = False
    ) -> Answer:
        """Ask for a change, once, and return the answer; a 207 is one of the refusals in it."""
        answer, _ = await self._web.send(method, url, call, headers=headers, patient=patient)
        if answer.status != 207:
            return answer
        # what changes nothing but one name answers so only when something else could not be changed (RFC 4918, 9.6.1)
        refused = [response.status for response in _responses(answer.body) if response.status >= 300]
        return Answer(refused[0] if refused else 200, answer.headers)

    def destination(self, path: str, directory: bool) -> str:
        """Return the URL of a target as the storage reads it; Unsupported when it cannot be told the name.

        Goes by the last answer: ask for source and target first.
        """
        url = self.names.directory(path) if directory else self.names.url(path)
        plain = self.names.plain(path)
        if not self._literal or plain == self.names.url(path):
            return url
        if not _PRINTABLE.match(plain):
            raise Unsupported("the storage does not decode Destination, so it takes names in ASCII only", path=path)
        return f"{plain}/" if directory else plain

    async def digest(self, path: str, name: str, call: Call) -> Answer:
        """Ask for the headers of a file, with a checksum among them (RFC 3230); takes as long as ``call`` gives it."""
        answer, _ = await self._web.send(
            "HEAD", self.names.url(path), call, headers=(("Want-Digest", name),), patient=True, follow=True
        )
        if answer.status != 200:
            raise self.fault(answer)
        return answer

    async def name(self, path: str, raw: str, call: Call) -> str | None:
        """Return the name that an href's last component stands for, in a directory; None when it cannot be one.

        The first that can be read in two ways is settled by asking for the one reading, and looking at
        how the storage writes that.
        """
        if self._spelling.doubtful(raw):
            self._spelling.encodes = not await self._is_literal(f"{path.rstrip('/')}/{raw}", call)
        return self._spelling.read(raw)

    def fault(self, answer: Answer) -> UgrError:
        """Return the error that an answer stands for."""
        return fault(answer, self._access)

    async def _is_literal(self, path: str, call: Call) -> bool:
        url = self.names.url(path)
        answer, reached = await self._web.send(
            "PROPFIND", url, call, headers=(("Depth", "0"), _XML), body=DESCRIBING, follow=True
        )
        if answer.status == 207:
            place = Place(reached)
            return any(place.literally(found.href) for found in _responses(answer.body) if found.status == 200)
        if answer.status < 500 and answer.status not in (401, 403, 429):
            return False
        raise self._refusal(answer)

    def _own(self, responses: list[Response], place: Place) -> Response:
        """Return the response about the resource that was asked for."""
        for response in responses:
            if place.same(response.href):
                if response.status != 200:
                    raise self._refusal(Answer(response.status, ()))
                return response
        if responses and all(place.beside(response.href) for response in responses):
            # a storage that stops reading a name at some character, or respells it, has another one
            raise NotFound("the storage has a similar name, not this one")
        if responses:
            place.inside(responses[0].href)
        raise Misbehaved("the storage answered with nothing about what it was asked for")

    def _refusal(self, answer: Answer) -> UgrError:
        """Return the error that an answer to PROPFIND stands for."""
        if answer.status in NO_DAV:
            return no_dav(answer.status)
        if 200 <= answer.status < 300:
            return EndpointError(
                f"the server answered {answer.status} to PROPFIND, and not 207: check that url is WebDAV's",
                retryable=False,
            )
        return self.fault(answer)


def _responses(body: bytes) -> list[Response]:
    document = Multistatus()
    document.feed(body)
    document.close()
    return document.taken()


def parent(path: str) -> str:
    """Return the directory that a name is in."""
    return path[: path.rindex("/")] or "/"


async def _short(opened: Opened) -> Answer:
    """Return a streamed answer with the beginning of its body."""
    body = bytearray()
    async for piece in opened.answer.chunks():
        body += piece
        if len(body) > MAX_ANSWER:
            break
    return Answer(opened.answer.status, opened.answer.headers, bytes(body[-MAX_ANSWER:]))
