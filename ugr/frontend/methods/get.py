# SPDX-License-Identifier: Apache-2.0
"""GET: a file is where its bytes are (302); a directory is listed here.

* The redirect may not be stored by anybody (``no-store``): where a client is sent depends on who
  it is and on which endpoints are well at this moment, and a signed URL is a permit.
* ``ETag`` on the redirect is that of the file (RFC 6249 6); there is no ``Last-Modified``, because
  copies have their own times and a client compares it with what the endpoint says.
* If-None-Match and If-Modified-Since are answered with 304 when what is known here says that the
  client has the file. If-Match, If-Range and Range mean the bytes at the endpoint: the client
  repeats them there.
* A directory without the trailing slash is listed all the same, except that browsers, which name
  text/html, are led to the name with the slash. A file with one is not found.
"""

from __future__ import annotations

import re
import time

from ugr.errors import Misbehaved
from ugr.federation.answers import Located, Redirection
from ugr.frontend import headers, listing, replies
from ugr.frontend.data import Known
from ugr.frontend.door import Request
from ugr.frontend.finding import find, not_modified
from ugr.frontend.outcome import REDIRECT, UNCHANGED
from ugr.frontend.replies import Reply
from ugr.model import NO_TRANSFER, Intent

NO_STORE = ("Cache-Control", "private, no-store")

_ABSOLUTE = re.compile(r"https?://[!-~]+\Z").match


def answer(request: Request) -> Reply:
    """Redirect to a file's best copy, or list a directory."""
    if request.slash:
        return listing.answer(request)
    located = find(request)
    if located.info.directory:
        return _directory(request)
    if not_modified(request, located):
        return unchanged(request, located)
    redirection = request.namespace.redirect(located, Intent.GET, NO_TRANSFER, request.call)
    return found(request, located, redirection)


def found(request: Request, located: Located, redirection: Redirection) -> Reply:
    """Answer with the location of a file."""
    request.outcome.decision, request.outcome.endpoint = REDIRECT, redirection.endpoint
    fields = [
        ("Location", location(request, located, redirection)),
        ("Ugr-Endpoint", headers.field_value(redirection.endpoint)),
    ]
    if located.etag is not None:
        fields.append(("ETag", located.etag))
    fields.append(NO_STORE)
    fields.extend(replies.unasked(located.unasked))
    return replies.text(302, f"the file is at {redirection.endpoint}\n", *fields)


def location(request: Request, located: Located, redirection: Redirection) -> str:
    """Return the absolute URL that the client is sent to."""
    where = redirection.location
    url = where.url
    if where.served_here:
        path = next(target.path for target in located.holders if target.endpoint == redirection.endpoint)
        now = time.time()
        expires = now + request.settings.ugr.url_lifetime if where.expires is None else where.expires
        known = Known.of(located.etag, located.age + request.settings.ugr.deadline, now)
        signer = request.inside.signer
        url = request.origin + signer.url_path(redirection.endpoint, path, where.method, expires, known)
    if not _ABSOLUTE(url):
        raise Misbehaved(
            "the endpoint's location is not an absolute, percent-encoded URL",
            path=request.path,
            endpoint=redirection.endpoint,
            verb="redirect",
        )
    return url


def unchanged(request: Request, located: Located) -> Reply:
    """Answer that the client has the file already."""
    request.outcome.decision = UNCHANGED
    return Reply(304, ((("ETag", located.etag),) if located.etag else ()) + (NO_STORE,))


def _directory(request: Request) -> Reply:
    if headers.names_html(request.header("Accept")):
        url = request.origin + request.href(directory=True)
        return replies.text(301, "this directory's name ends in a slash\n", ("Location", url), NO_STORE)
    return listing.answer(request)
