# SPDX-License-Identifier: Apache-2.0
"""The body of a request, read as it comes and never further than it may be long.

Knows: how much of ``wsgi.input`` is the body. Refuses to know: what is in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from ugr.frontend import headers
from ugr.frontend.door import Environ
from ugr.frontend.replies import Refusal

CHUNK = 64 * 1024


def chunks(environ: Environ, limit: int) -> Iterator[bytes]:
    """Yield the body in pieces of at most 64 KiB.

    Without a Content-Length the body is what the server marks the end of
    (``wsgi.input_terminated``), else there is none. Raises Refusal for a body longer than
    ``limit`` bytes, at once when it is announced, and for one that ends before its announced length.
    """
    try:
        announced = headers.content_length(environ.get("CONTENT_LENGTH"))
    except ValueError as error:
        raise Refusal("bad-header", str(error)) from None
    if announced is None and not environ.get("wsgi.input_terminated"):
        return
    if announced is not None and announced > limit:
        raise _too_long(limit)
    stream: BinaryIO = environ["wsgi.input"]
    length = 0
    while announced is None or length < announced:
        try:
            piece = stream.read(CHUNK if announced is None else min(CHUNK, announced - length))
        except TimeoutError:
            raise Refusal("too-slow", "the body took too long to come") from None
        except Exception:  # the client is gone, or its chunks are malformed: each server has exceptions of its own
            raise Refusal("bad-body", "the body is malformed, or could not be read to its end") from None
        if not piece:
            break
        length += len(piece)
        if length > limit:
            raise _too_long(limit)
        yield piece
    if announced is not None and length < announced:
        raise Refusal("bad-body", f"the body ended after {length} of {announced} bytes")


def _too_long(limit: int) -> Refusal:
    return Refusal("body-too-long", f"the body of this request may have {limit} bytes")
