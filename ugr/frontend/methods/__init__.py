# SPDX-License-Identifier: Apache-2.0
"""The HTTP methods on the namespace, one file each, and the table of them.

Knows: which method is answered by what. Refuses to know: how any answer comes about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ugr.frontend.door import Area, Request
from ugr.frontend.methods import above, get, head, options, propfind
from ugr.frontend.replies import Refusal, Reply

METHODS: Mapping[str, Callable[[Request], Reply]] = {
    "GET": get.answer,
    "HEAD": head.answer,
    "OPTIONS": options.answer,
    "PROPFIND": propfind.answer,
}

ABOVE: Mapping[str, Callable[[Request], Reply]] = {
    "GET": above.page,
    "HEAD": above.page,
    "OPTIONS": options.answer,
    "PROPFIND": above.propfind,
}
"""For the directories that lead to the namespace; some clients ask each of them before the first file."""

NOT_HERE = frozenset(
    ("PUT", "DELETE", "MKCOL", "COPY", "MOVE", "PROPPATCH", "LOCK", "UNLOCK", "POST", "PATCH", "TRACE", "CONNECT")
)
"""Methods of RFC 9110, RFC 5789 and RFC 4918 that a file or directory might have, but these do not: 405.
Everything else is unknown: 501. A client that falls back to something else needs exactly these two."""


def answer(request: Request) -> Reply:
    """Answer a request for a file or directory. Raise Refusal for other methods.

    The body of a refused request is not read: the server reads a little of what is left of it, and
    closes the connection when there is more.
    """
    table = METHODS if request.area is Area.NAMESPACE else ABOVE
    method = table.get(request.method)
    if method is not None:
        return method(request)
    allow = (("Allow", options.ALLOW),)
    if request.method in NOT_HERE:
        message = f"{request.method} is not possible here; {options.ALLOW} are"
        raise Refusal("method-not-allowed", message, headers=allow)
    raise Refusal("method-unknown", f"this service does not know the method; it knows {options.ALLOW}", headers=allow)
