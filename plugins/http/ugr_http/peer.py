# SPDX-License-Identifier: Apache-2.0
"""Another federation, asked for what it knows of a file.

Knows: how federations and mirrors offer metalinks: by the Accept header (RFC 5854), or by a Link
that is ``describedby`` (RFC 6249). Refuses to know: what a metalink looks like inside.

One GET asks for both: who has metalinks answers with one or names it, and who has none redirects to
the file, which is not followed with GET. HTML is acceptable too, for a federation then leads to the
name with a slash when it is a directory, instead of listing it.
"""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from ugr.plugin import Answer, Call, Misbehaved, NotFound, Streaming
from ugr.plugin.objects import last
from ugr.plugin.web import origin
from ugr_http import metadata
from ugr_http.metalink import MAX_BYTES, Metalink, MetalinkReader, described_by, is_metalink
from ugr_http.names import is_slash_form, led
from ugr_http.web import Reached, Web

ACCEPT = (("Accept", "application/metalink4+xml, application/metalink+xml;q=0.9, text/html;q=0.1, */*;q=0.1"),)


class Peer:
    """The federation behind one web server."""

    def __init__(self, web: Web) -> None:
        self._web = web

    async def ask(self, url: str, call: Call) -> Metalink | Reached:
        """Return the metalink of a file, or what plain HTTP says of it when there is none."""
        found = await self._asked(url, call, url)
        if isinstance(found, Metalink):
            return found
        if found.status >= 400:
            raise self._web.fault(found)
        reference = described_by(value for name, value in found.headers if name == "link")
        target = None if reference is None else led(url, reference)
        if target is not None and origin(target) == origin(url):
            further = await self._asked(target, call, url)
            if isinstance(further, Metalink):
                return further
            if further.status >= 400:
                raise self._web.fault(further)
            raise Misbehaved("the server names a metalink, and it is none")
        return await self._plain(url, found, call)

    async def _asked(self, url: str, call: Call, file: str) -> Metalink | Answer:
        async with self._web.get(url, call, ACCEPT, follow=False) as (answer, _, _):
            if answer.status == 200 and is_metalink(answer.header("content-type")):
                return self._elsewhere(await _read(answer, last(unquote(urlsplit(file).path))))
            return Answer(answer.status, answer.headers)

    def _elsewhere(self, found: Metalink) -> Metalink:
        """Leave out copies that are ours; NotFound when there are no others."""
        found.urls = [url for url in found.urls if not self._web.ourselves.serve(url)]
        if not found.urls:
            raise NotFound("the other federation knows no copy of the file but this federation's own")
        return found

    async def _plain(self, url: str, found: Answer, call: Call) -> Reached:
        """Ask a server that has no metalink for this name: it may be a directory."""
        location = found.header("location")
        if 300 <= found.status < 400 and location is not None and not is_slash_form(url, led(url, location) or ""):
            return await self._web.describe(url, call)
        if found.status == 200 and metadata.size(found) is not None and not _is_page(found):
            return Reached(found, False)
        slashed = await self._web.head(f"{url}/", call)
        if slashed.status == 403 or slashed.status < 300:
            return Reached(slashed, True)
        if 300 <= slashed.status < 400 or slashed.status in (404, 410):
            return await self._web.describe(url, call)
        raise self._web.fault(slashed)


def _is_page(answer: Answer) -> bool:
    """Say whether an answer may be the page of a directory."""
    return (answer.header("content-type") or "").lower().startswith(("text/html", "application/xhtml+xml"))


async def _read(answer: Streaming, name: str) -> Metalink:
    reader, size = MetalinkReader(), 0
    async for piece in answer.chunks():
        size += len(piece)
        if size > MAX_BYTES:
            raise Misbehaved(f"the metalink is longer than {MAX_BYTES} bytes")
        reader.feed(piece)
    reader.close()
    found = reader.file(name)
    if found.size is None:
        raise Misbehaved("the metalink does not say how long the file is")
    return found
