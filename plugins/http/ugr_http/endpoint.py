# SPDX-License-Identifier: Apache-2.0
"""A web server, or another federation, as an endpoint.

Knows: how files and directories are seen in what a web server answers. Refuses to know: how a
question is sent, and what XML and index pages look like inside.

A directory is what the server adds a slash to (a redirect from ``/dir`` to ``/dir/``), as Apache,
nginx and most others do. A server that answers for a directory without its slash shows it as a file.

What a question costs, in requests:

* a file or a missing name: one (HEAD). A directory: two, because some servers add the slash to
  whatever they do not know.
* a listing in JSON: one. A page of links: one, and one more for each file, ``AHEAD`` at a time.
* where HEAD is refused: a GET of one byte instead; that is remembered for ten minutes.
* from a federation with metalinks: one, or two where the metalink has a URL of its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence

from ugr.plugin import (
    Answer,
    BadRequest,
    Call,
    Endpoint,
    EndpointError,
    FileInfo,
    Intent,
    IsADirectory,
    Location,
    Misbehaved,
    NotADirectory,
    NotFound,
    PermissionDenied,
    Replica,
    Streaming,
    Transfer,
    Transport,
    Unsupported,
)
from ugr.plugin.objects import last
from ugr.plugin.web import DIGEST_NAMES
from ugr_http import metadata
from ugr_http.index import JsonIndex, PageIndex
from ugr_http.metalink import Metalink
from ugr_http.names import Names
from ugr_http.options import HttpOptions, check
from ugr_http.peer import Peer
from ugr_http.web import Reached, Web

Entries = AsyncGenerator[FileInfo, None]

log = logging.getLogger(__name__)

AHEAD = 16
"""Files of an index page that are asked for at the same time."""

BREATH = 100
"""Entries made before the loop gets its turn: half a millisecond."""

ACCEPTED = {"json": "application/json", "html": "text/html, application/xhtml+xml"}


class HttpEndpoint(Endpoint):
    """``type = http``: files that a web server gives out."""

    type = "http"
    Options = HttpOptions
    options: HttpOptions

    def __init__(self, name: str, options: HttpOptions) -> None:
        super().__init__(name, options)
        check(name, options)
        self._inside = Names(options.url)
        self._outside = Names(options.public_url or options.url)
        self._opened: Web | None = None
        self.federates = options.metalink

    @property
    def _web(self) -> Web:
        if self._opened is None:
            raise EndpointError("the endpoint is not open")
        return self._opened

    def capabilities(self) -> Mapping[str, bool]:
        """Have checksums only when the server is said to have them; name copies only where there are metalinks."""
        return {**super().capabilities(), "checksum": bool(self.options.checksums), "replicas": self.options.metalink}

    async def open(self, transport: Transport) -> None:
        """Keep the transport."""
        self._opened = Web(self.options, transport)

    async def close(self) -> None:
        """Let the transport go."""
        self._opened = None

    async def refresh(self) -> float | None:
        """Look at how long the certificate is good for; the core reads the files of secrets."""
        return self._web.access.watch(self.name)

    async def stat(self, path: str, call: Call) -> FileInfo:
        """Describe a name; see the module for what it costs."""
        if path == "/":
            await self._root(call)
            return FileInfo("", directory=True)
        url = self._url(path)
        if self.options.metalink:
            found = await Peer(self._web).ask(url, call)
            if isinstance(found, Metalink):
                return FileInfo(last(path), size=found.size, checksums=found.checksums)
        else:
            found = await self._web.describe(url, call)
        return self._described(path, found)

    async def list(self, path: str, call: Call) -> AsyncIterator[FileInfo]:
        """Yield what the server's index says; what cannot be a name is left out, with a line in the log."""
        if self.options.index == "none":
            raise Unsupported("the server has no index of its directories; write index = json or html if it has")
        url = self._url(path if path == "/" else f"{path}/")
        accept = (("Accept", ACCEPTED[self.options.index]),)
        async with self._web.get(url, call, accept, patient=True) as (answer, reached, _):
            if answer.status == 200:
                of_json = self.options.index == "json"
                _require_type(answer, of_json)
                entries = self._of_json(answer) if of_json else self._of_page(answer, reached, path, call)
                try:
                    async for info in entries:
                        yield info
                finally:
                    await entries.aclose()
                return
        await self._refuse(answer, path, call)

    def redirect(self, path: str, intent: Intent, transfer: Transfer, call: Call) -> Location:
        """Return the file's own URL; for another federation with a word on who sent the client."""
        if intent not in (Intent.GET, Intent.HEAD):
            raise Unsupported("a web server of this type is only read", path=path)
        if path == "/":
            raise IsADirectory("the root is a directory", path=path)
        url = self._outside.url(path)
        if self.federates and self._opened is not None:
            url = self._opened.ourselves.mark(url, (*call.via, *call.sent_by))
        return Location(url, intent)

    async def checksum(self, path: str, algorithm: str, call: Call) -> str:
        """Ask the server for a checksum (RFC 3230); it may compute one, and take as long as ``call`` gives it."""
        if algorithm not in self.options.checksums:
            raise Unsupported(f"the server is not said to know {algorithm}; see the option checksums", path=path)
        wanted = (("Want-Digest", DIGEST_NAMES[algorithm]),)
        answer, _ = await self._web.followed(self._url(path), call, wanted, patient=True)
        found = metadata.checksums(answer).get(algorithm)
        if not 200 <= answer.status < 300:
            raise self._web.fault(answer)
        if found is not None:
            return found
        raise Unsupported(f"the server does not tell the {algorithm} of this file", path=path)

    async def replicas(self, path: str, call: Call) -> Sequence[Replica]:
        """Name the copies that the metalink of a file has; none where there is no metalink for it."""
        found = await Peer(self._web).ask(self._url(path), call) if self.options.metalink else None
        if isinstance(found, Metalink):
            return [Replica(url, found.size, found.checksums) for url in found.urls]
        if found is not None:
            self._described(path, found)
        return ()

    async def health(self, call: Call) -> None:
        """Ask for the file that ``probe`` names, or for the root."""
        if self.options.probe is None:
            await self._root(call)
            return
        answer, _ = await self._web.describe(self._url(self.options.probe), call)
        if answer.status in (404, 410):
            raise EndpointError(f"{self.options.probe}, which probe names, is not there")
        if not 200 <= answer.status < 300:
            raise self._web.fault(answer)

    def _url(self, path: str) -> str:
        """Return the URL for a question; NotFound for a name that cannot exist."""
        try:
            return self._inside.url(path)
        except BadRequest as error:
            raise NotFound(error.message, path=path) from None

    def _described(self, path: str, reached: Reached) -> FileInfo:
        """Return what the headers of an answer say of a name; raise what they mean otherwise."""
        answer, slashed = reached
        if slashed and (200 <= answer.status < 300 or answer.status == 403):
            return FileInfo(last(path), directory=True)
        if slashed or answer.status not in (200, 206, 416):
            raise self._web.fault(answer)
        size = metadata.size(answer)
        if size is None:
            raise Misbehaved("the server does not say how long the file is", path=path)
        return FileInfo(last(path), size=size, mtime=metadata.mtime(answer), checksums=metadata.checksums(answer))

    async def _root(self, call: Call) -> None:
        """Ask for the root; raise what is wrong with the server, or with our credentials.

        A server need not show its root: where nobody lists and no credentials are refused, any answer
        is one. A redirect is one too, wherever it leads.
        """
        answer = await self._web.head(self._inside.url("/"), call)
        status, lists = answer.status, self.options.index != "none"
        if status == 508:
            raise Misbehaved("the server is this very federation; remove the endpoint")
        if status == 403 and not lists and not self.options.authenticated:
            return
        if status == 403 and self.options.probe is None:
            message = "the server answered 403 for the root; name a file that it serves in probe, or check its rules"
            raise PermissionDenied(message)
        if status in (404, 410) and lists:
            raise EndpointError("the root does not exist on the server; check url")
        if status in (401, 403, 407, 429) or (status >= 500 and status != 501):
            raise self._web.fault(answer)

    async def _refuse(self, answer: Streaming, path: str, call: Call) -> None:
        """Raise what it means that the server does not list a directory."""
        if answer.status in (404, 410) and path == "/":
            raise EndpointError("the root does not exist on the server; check url", path=path)
        if answer.status in (404, 410, 405):
            found = await self.stat(path, call)  # raises NotFound when there is nothing of the name either
            if not found.directory:
                raise NotADirectory(path=path)
        elif answer.status != 403:
            raise self._web.fault(Answer(answer.status, answer.headers))
        raise PermissionDenied("the server does not list this directory; check its index and access rules", path=path)

    async def _of_json(self, answer: Streaming) -> Entries:
        index, count = JsonIndex(), 0
        async for piece in answer.chunks():
            for info in index.feed(piece):
                yield info
                count += 1
                if count % BREATH == 0:
                    await asyncio.sleep(0)
        self._report(index.hidden)
        index.close()

    async def _of_page(self, answer: Streaming, url: str, path: str, call: Call) -> Entries:
        """Yield a page's links in order; the files among them are asked for ahead, more and more as they are wanted."""
        index, wanted = PageIndex(url), 0
        asked: deque[asyncio.Task[FileInfo | None]] = deque()
        create = asyncio.get_running_loop().create_task
        try:
            async for piece in answer.chunks():
                for name, directory in index.feed(piece):
                    if directory:
                        yield FileInfo(name, directory=True)
                        continue
                    asked.append(create(self._linked(f"{'' if path == '/' else path}/{name}", call)))
                    while len(asked) > min(AHEAD, wanted):
                        info = await asked[0]
                        asked.popleft()
                        wanted += 1
                        if info is not None:
                            yield info
            while asked:
                info = await asked[0]
                asked.popleft()
                if info is not None:
                    yield info
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        self._report(index.hidden)

    async def _linked(self, path: str, call: Call) -> FileInfo | None:
        """Describe what a page links to; None when it is gone, or not for us."""
        try:
            return await self.stat(path, call)
        except (NotFound, PermissionDenied):
            return None

    def _report(self, hidden: int) -> None:
        if hidden:
            log.warning("%s: %d entries of an index cannot be names", self.name, hidden)


def _require_type(answer: Streaming, of_json: bool) -> None:
    """Raise Misbehaved when an index is of another kind than was asked for."""
    kind = (answer.header("content-type") or "").partition(";")[0].strip().lower()
    if of_json != (kind == "application/json") or not (of_json or kind in ("text/html", "application/xhtml+xml")):
        raise Misbehaved("the server's index is of another kind than the option index says")
