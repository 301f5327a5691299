# SPDX-License-Identifier: Apache-2.0
"""PROPFIND: what a name is (Depth 0), and what a directory holds (Depth 1); RFC 4918 9.1.

* Depth infinity, which a missing header means, is refused with ``propfind-finite-depth``.
* A file with Depth 1 is answered as with Depth 0: with itself.
* The directory itself comes first, then its entries in no order. A directory asked for without its
  slash is answered under its name with the slash, told by ``Content-Location`` (RFC 4918 5.2), with
  the same properties: its own time of change is told with Depth 0 only.
* A listing that misses something says so: ``Ugr-Unasked`` for endpoints that are known to be down,
  ``responsedescription`` at the end for those that failed meanwhile.
"""

from __future__ import annotations

from ugr.errors import NotADirectory
from ugr.federation.answers import Located
from ugr.frontend import bodies, headers, multistatus, replies
from ugr.frontend.door import Request
from ugr.frontend.finding import describe, not_a_directory
from ugr.frontend.multistatus import Query, Writer
from ugr.frontend.outcome import DESCRIBE
from ugr.frontend.replies import Refusal, Reply

XML = ("Content-Type", "application/xml; charset=utf-8")
NO_CACHE = ("Cache-Control", "private, no-cache")


def answer(request: Request) -> Reply:
    """Describe a name, or list a directory."""
    depth, query = asked(request)
    writer = Writer(query)
    if depth == 0:
        return _one(request, describe(request), writer)
    if request.slash:
        return _listing(request, writer)
    located = describe(request)
    if located.info.directory:
        return _listing(request, writer)
    return _one(request, located, writer)


def asked(request: Request) -> tuple[int, Query]:
    """Return depth and question; raise Refusal for what cannot be answered."""
    try:
        depth = headers.depth(request.header("Depth"))
    except ValueError as error:
        raise Refusal("bad-header", str(error)) from None
    if depth is None:
        raise Refusal("finite-depth-only", "ask with Depth: 0 or Depth: 1", body=multistatus.FINITE_DEPTH)
    try:
        return depth, multistatus.parse(bodies.chunks(request.environ, request.settings.ugr.max_request_body))
    except ValueError as error:
        raise Refusal("bad-body", str(error)) from None


def _one(request: Request, located: Located, writer: Writer) -> Reply:
    request.outcome.decision = DESCRIBE
    info = located.info
    href = request.href(directory=False)
    response = writer.response(href, _shown(request, info.name), info, located.etag)
    body = multistatus.single(response).encode()
    return Reply(207, (XML, NO_CACHE, *_named(request, info.directory), *replies.unasked(located.unasked)), body)


def _listing(request: Request, writer: Writer) -> Reply:
    namespace, path, call = request.namespace, request.path, request.listing_call()
    try:
        stream = request.inside.bridge.stream(lambda: namespace.list(path, call), call)
    except NotADirectory:
        raise not_a_directory(request) from None
    request.outcome.listing(stream.listing)
    info = stream.listing.info
    first = writer.response(request.href(directory=False), _shown(request, info.name), info)
    pieces = multistatus.listing(writer, first, request.href(directory=True), stream, stream.listing.shortfall)
    fields = (XML, NO_CACHE, *_named(request, True), *replies.unasked(stream.listing.unasked))
    return replies.streamed(207, fields, pieces, stream.close)


def _shown(request: Request, name: str) -> str:
    """Return what people call a name; the namespace's root is called after its prefix."""
    return name or request.settings.ugr.prefix.strip("/").rpartition("/")[2] or "/"


def _named(request: Request, directory: bool) -> replies.Pairs:
    """Return the header that tells the name with a slash to whoever asked without."""
    if not directory or request.url_path.endswith("/"):
        return ()
    return (("Content-Location", request.href(directory=True)),)
