# SPDX-License-Identifier: Apache-2.0
"""A WebDAV storage, or one directory of it, as an endpoint.

Knows: which questions a verb is made of. Refuses to know: XML, hrefs, credentials.

What a question costs, in requests: a file or a missing name one; a directory one, or two where the
storage wants a slash after its name (Apache); a listing one, whatever its length; a change two or
three more than itself, because storages differ in what they refuse: XRootD overwrites whatever
``Overwrite`` says, makes directories that are there, and does not decode ``Destination``; others delete
directories with everything in them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping

from ugr.plugin import (
    AlreadyExists,
    Answer,
    BadRequest,
    Call,
    Conflict,
    Endpoint,
    EndpointError,
    FileInfo,
    Intent,
    IsADirectory,
    Location,
    NotADirectory,
    NotFound,
    PreconditionFailed,
    Transfer,
    Transport,
    UgrError,
    Unsupported,
    Usage,
)
from ugr.plugin.objects import encoded
from ugr.plugin.web import DIGEST_NAMES, Access, Web, digests
from ugr_dav import properties
from ugr_dav.hrefs import Names
from ugr_dav.listing import Listing
from ugr_dav.options import DavOptions, check
from ugr_dav.storage import SPACE, Storage, parent

log = logging.getLogger(__name__)

DONE = frozenset({200, 201, 204})
NO_DIRECTORY = (BadRequest, Conflict, NotFound)
"""What storages make of a directory that is not there, or is a file."""


class DavEndpoint(Endpoint):
    """``type = dav``: dCache, StoRM, XRootD, EOS, Apache, nginx, and what speaks the same."""

    type = "dav"
    Options = DavOptions
    options: DavOptions

    def __init__(self, name: str, options: DavOptions) -> None:
        super().__init__(name, options)
        check(name, options)
        self._access = Access(options)
        self._outside = Names(options.public_url or options.url)
        self._opened: Storage | None = None

    @property
    def _storage(self) -> Storage:
        if self._opened is None:
            raise EndpointError("the endpoint is not open")
        return self._opened

    def capabilities(self) -> Mapping[str, bool]:
        """Copy, and have checksums, only where the storage is said to."""
        granted = super().capabilities()
        return {
            **granted,
            "copy": granted["copy"] and self.options.copies,
            "checksum": bool(self.options.checksums),
        }

    async def open(self, transport: Transport) -> None:
        """Keep the transport."""
        self._opened = Storage(self.options, Web(self.options, self._access, transport), self._access)

    async def close(self) -> None:
        """Let the transport go."""
        self._opened = None

    async def refresh(self) -> float | None:
        """Say in the log when the client certificate is about to expire; the core reads its file."""
        return self._access.watch(self.name)

    async def stat(self, path: str, call: Call) -> FileInfo:
        """Describe a name; see the module for what it costs."""
        if path != "/":
            return await self._storage.describe(path, call)
        try:
            found = await self._storage.describe(path, call)
        except NotFound:
            raise EndpointError("the storage has nothing at url; check url", path=path, retryable=False) from None
        if not found.directory:
            raise EndpointError("url is that of a file; write that of a directory", path=path, retryable=False)
        return found

    async def list(self, path: str, call: Call) -> AsyncIterator[FileInfo]:
        """Yield a directory as it comes; what cannot be a name, or has no size, is left out, with a line in the log."""
        try:
            async with self._storage.inside(path, call) as (answer, url):
                listing = Listing(url)
                async for piece in answer.chunks():
                    for raw, response in listing.read(piece):
                        info = listing.entry(await self._storage.name(path, raw, call), response)
                        if info is not None:
                            yield info
                    # pieces that have come already follow each other without a pause
                    await asyncio.sleep(0)
                for raw, response in listing.close():
                    info = listing.entry(await self._storage.name(path, raw, call), response)
                    if info is not None:
                        yield info
                if listing.refused is not None:
                    raise self._storage.fault(Answer(listing.refused, ()))
        except NO_DIRECTORY as error:
            await self._refuse_listing(path, error, call)
            return
        if listing.hidden:
            log.warning("%s: %d entries of %s cannot be shown (call %s)", self.name, listing.hidden, path, call.id)

    def redirect(self, path: str, intent: Intent, transfer: Transfer, call: Call) -> Location:
        """Return the file's own URL, at which clients prove themselves who they are."""
        if path == "/":
            raise IsADirectory("the root is a directory", path=path)
        return Location(self._outside.url(path), intent)

    async def delete(self, path: str, call: Call) -> None:
        """Remove a file or an empty directory.

        Storages delete a directory with everything in it: what somebody puts there between our look
        and our request goes with it.
        """
        if path == "/":
            raise Conflict("the root cannot be deleted", path=path)
        directory = (await self.stat(path, call)).directory
        if directory and not await self._storage.is_empty(path, call):
            raise Conflict("the directory is not empty", path=path)
        answer = await self._storage.change("DELETE", self._url(path, directory), call)
        self._require_done(answer)

    async def mkdir(self, path: str, call: Call) -> None:
        """Make a directory, and its parents from the top down."""
        if await self._exists(path, call) is not None:
            raise AlreadyExists(path=path)
        missing = [path]
        while missing:
            answer = await self._storage.change("MKCOL", self._storage.names.directory(missing[-1]), call)
            if answer.status in DONE or (answer.status == 405 and await self._exists(missing[-1], call) is not None):
                missing.pop()
                continue
            error = self._storage.fault(answer)
            above = parent(missing[-1])
            if not isinstance(error, NO_DIRECTORY) or await self._exists(above, call) is not None:
                raise error
            missing.append(above)

    async def move(self, source: str, target: str, overwrite: bool, call: Call) -> None:
        """Rename a file or a directory; a directory never takes the place of anything."""
        found, there = await self._pair(source, target, overwrite, call)
        if target.startswith(f"{source}/"):
            raise Conflict("a directory cannot be moved into itself", path=source)
        await self._transfer("MOVE", source, target, found, there, call)

    async def copy(self, source: str, target: str, overwrite: bool, call: Call) -> None:
        """Have the storage copy one file; takes as long as ``call`` gives it."""
        found, there = await self._pair(source, target, overwrite, call)
        if found.directory:
            raise IsADirectory("only files are copied", path=source)
        await self._transfer("COPY", source, target, found, there, call)

    async def checksum(self, path: str, algorithm: str, call: Call) -> str:
        """Ask the storage for a checksum, which it may have to compute."""
        if algorithm not in self.options.checksums:
            raise Unsupported(f"the storage is not said to know {algorithm}; see the option checksums", path=path)
        if (await self.stat(path, call)).directory:  # XRootD 5 does not answer at all for the checksum of one
            raise IsADirectory(path=path)
        found = digests(await self._storage.digest(path, DIGEST_NAMES[algorithm], call)).get(algorithm)
        if found is None:
            raise Unsupported(f"the storage does not tell the {algorithm} of this file", path=path)
        return found

    async def usage(self, path: str, call: Call) -> Usage:
        """Ask for the space of a directory; unknown at storages that do not tell (RFC 4331)."""
        return properties.usage((await self._storage.resource(path, SPACE, call)).properties)

    async def _exists(self, path: str, call: Call) -> FileInfo | None:
        """Return what ``stat`` does, or None when there is nothing."""
        try:
            return await self.stat(path, call)
        except NotFound:
            return None

    async def _pair(self, source: str, target: str, overwrite: bool, call: Call) -> tuple[FileInfo, FileInfo | None]:
        """Return what source and target are, when both may take part."""
        if source == target:
            raise Conflict("source and target are the same", path=source)
        if "/" in (source, target):
            raise IsADirectory("the root cannot take part in this", path="/")
        found = await self.stat(source, call)
        there = await self._exists(target, call)
        if there is not None and not overwrite:
            raise AlreadyExists(path=target)
        if there is not None and (there.directory or found.directory):
            # RFC 4918, 9.9.3: the storage would delete it with everything in it first
            raise IsADirectory("a directory is neither replaced nor takes the place of a file", path=target)
        if there is None and parent(target) != "/":
            await self._require_parent(target, call)
        return found, there

    async def _require_parent(self, path: str, call: Call) -> None:
        """Raise Conflict unless a name has a directory to be in; what storages make of that is 409, 500 or new ones."""
        there = await self._exists(parent(path), call)
        if there is None:
            raise Conflict("the directory of the target is missing", path=path)
        if not there.directory:
            raise NotADirectory(path=path)

    async def _transfer(
        self, method: str, source: str, target: str, found: FileInfo, there: FileInfo | None, call: Call
    ) -> None:
        """Send MOVE or COPY; what was not there a moment ago must not be overwritten."""
        headers = [
            ("Destination", self._storage.destination(target, found.directory)),
            ("Overwrite", "F" if there is None else "T"),
        ]
        answer = await self._storage.change(method, self._url(source, found.directory), call, headers, patient=True)
        if method == "COPY" and _is_transfer(answer):
            raise Unsupported("the storage takes COPY for a transfer between storages; write copies = no", path=source)
        try:
            self._require_done(answer)
        except PreconditionFailed:
            raise AlreadyExists(path=target) from None
        if encoded(target) != target and await self._exists(target, call) is None:
            raise EndpointError(
                f"the storage answered {answer.status} to {method}, and the target is not there: it may not decode "
                "Destination, and have it under another name",
                path=target,
                retryable=False,
            )

    def _require_done(self, answer: Answer) -> None:
        if answer.status not in DONE:
            raise self._storage.fault(answer)

    async def _refuse_listing(self, path: str, error: UgrError, call: Call) -> None:
        """Raise what it means that a directory cannot be listed: that there is none, or that it is a file."""
        if not (await self.stat(path, call)).directory:
            raise NotADirectory(path=path)
        if isinstance(error, NotFound):
            raise EndpointError("the storage has the directory, and does not list it", path=path)
        raise error

    def _url(self, path: str, directory: bool) -> str:
        return self._storage.names.directory(path) if directory else self._storage.names.url(path)


def _is_transfer(answer: Answer) -> bool:
    """Say whether a COPY was answered as a third-party copy is: with markers of progress, or the failure of one."""
    kind = answer.header("content-type") or ""
    return kind.startswith("text/perf-marker-stream") or answer.body.lstrip().startswith((b"Perf Marker", b"failure:"))
