# SPDX-License-Identifier: Apache-2.0
"""HEAD: answered here with 200, never redirected.

A signed URL is good for one method only, and some clients keep the location that they got for HEAD
and use it for GET, and the other way round. What HEAD is asked for, size, time and entity tag, is
known here anyway. It is asked of all endpoints, so that the tag does not depend on who answers first.
"""

from __future__ import annotations

from ugr.frontend import listing, replies
from ugr.frontend.conditions import date
from ugr.frontend.door import Request
from ugr.frontend.finding import describe, not_modified
from ugr.frontend.methods.get import NO_STORE, unchanged
from ugr.frontend.outcome import DESCRIBE
from ugr.frontend.replies import Reply
from ugr.model import Right

CONTENT_TYPE = "application/octet-stream"
"""What nobody knows the type of (RFC 9110 8.3); the endpoint tells with the bytes."""


def answer(request: Request) -> Reply:
    """Describe a file or a directory; a directory is 200 too, with or without its slash."""
    located = describe(request)
    request.outcome.decision = DESCRIBE
    if located.info.directory:
        return Reply(200, (*listing.fields(request), *replies.unasked(located.unasked)), None)
    request.namespace.require(Right.READ, request.path, request.call)
    if not_modified(request, located):
        return unchanged(request, located)
    fields = [("Content-Type", CONTENT_TYPE), ("Accept-Ranges", "bytes"), NO_STORE]
    if located.info.size is not None:
        fields.append(("Content-Length", str(located.info.size)))
    modified = date(located.info.mtime)
    if modified is not None:
        fields.append(("Last-Modified", modified))
    if located.etag is not None:
        fields.append(("ETag", located.etag))
    fields.extend(replies.unasked(located.unasked))
    return Reply(200, tuple(fields), None)
