# SPDX-License-Identifier: Apache-2.0
"""Errors for people: what went wrong, what they can do, and the request id to name when they ask.

Knows: what helps in which case. Refuses to know: which error has which status.
"""

from __future__ import annotations

from collections.abc import Mapping

from ugr.frontend.door import Area, Environ, Request, encoded_prefix
from ugr.frontend.pages import Pages
from ugr.frontend.replies import Reply, Told, reason

ADVICE: Mapping[int, str] = {
    403: "Who may do what is for this service's administrators to say.",
    404: "Check the name: capital letters count.",
    500: "Tell whoever runs this service, and name the request id.",
    502: "An endpoint gave an answer that makes no sense. Another try may find another copy.",
    503: "It may work again soon: nothing is said about whether the file exists.",
    507: "No endpoint has room for it.",
}
"""What to do, by status; nothing is said where the message says it already."""


def page(pages: Pages, environ: Environ, told: Told) -> Reply:
    """Return an error as a page; ``environ`` is that of the request, let in or refused at the door."""
    request: Request | None = environ.get("ugr.request")
    advice = [ADVICE[told.status]] if told.status in ADVICE else []
    wait = dict(told.headers).get("Retry-After")
    unasked = dict(told.headers).get("Ugr-Unasked")
    if told.status in (401, 403) and request is not None:
        address = request.call.address or "an unknown address"
        advice.insert(0, f"You came from {address} as {request.call.identity.name}.")
    if unasked and told.status == 404:
        advice.append(f"Down now: {unasked}. A file that nobody else has comes back with them.")
    if wait:
        advice.append(f"Try again in {wait} {'second' if wait == '1' else 'seconds'}.")
    return pages.html(
        "error.html",
        *told.headers,
        status=told.status,
        reason=reason(told.status),
        code=told.code,
        message=told.message,
        path=told.path,
        request=told.id,
        advice=advice,
        up=_above(request, told),
        files="/" if request is None else encoded_prefix(request.settings.ugr.prefix) + "/",
    )


def _above(request: Request | None, told: Told) -> str | None:
    """Return a link to the directory above a name that is not there."""
    if request is None or request.area is not Area.NAMESPACE or told.status != 404 or request.path == "/":
        return None
    return request.href(directory=False).rpartition("/")[0] + "/"
