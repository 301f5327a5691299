# SPDX-License-Identifier: Apache-2.0
"""The answer as a value, how it is put on a WSGI wire, and the only table from errors to statuses.

Knows: status codes, what an error body looks like. Refuses to know: requests, Flask, namespaces.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from http import HTTPStatus
from itertools import chain
from typing import Any

from ugr import errors
from ugr.errors import UgrError
from ugr.frontend.headers import field_value, is_field_value, preferred
from ugr.log import one_line

Pairs = tuple[tuple[str, str], ...]

TEXT, JSON, HTML = "text/plain", "application/json", "text/html"
"""The forms of an error."""

RETRY_AFTER = 5.0
"""Seconds that a client is asked to wait when nobody knows better."""

STATUS: Mapping[type[UgrError], int] = {
    errors.NotFound: 404,
    errors.PermissionDenied: 403,
    errors.Unauthenticated: 401,
    errors.BadRequest: 400,
    errors.AlreadyExists: 405,
    errors.IsADirectory: 409,
    errors.NotADirectory: 409,
    errors.Conflict: 409,
    errors.PreconditionFailed: 412,
    errors.Unsupported: 501,
    errors.NoSpace: 507,
    errors.Unavailable: 503,
    errors.DeadlineExceeded: 503,
    errors.Overloaded: 503,
    errors.Busy: 503,
    errors.Timeout: 503,
    errors.EndpointError: 502,
    errors.ConfigError: 500,
    UgrError: 500,
}
"""Kind of error -> status; a class that is not here has the status of the nearest one above it."""

REFUSALS: Mapping[str, int] = {
    "bad-request-line": 400,
    "bad-path": 400,
    "bad-host": 400,
    "bad-header": 400,
    "bad-body": 400,
    "bad-parameter": 400,
    "finite-depth-only": 403,
    "not-here": 404,
    "method-not-allowed": 405,
    "too-slow": 408,
    "body-too-long": 413,
    "request-line-too-long": 414,
    "expectation-failed": 417,
    "header-too-large": 431,
    "method-unknown": 501,
    "transfer-coding-unknown": 501,
    "loop": 508,
}
"""Code of a refusal that HTTP alone is the reason for -> status."""


BODILESS = frozenset((204, 304))
"""Statuses after which no body may follow."""

BLOCK = 32 * 1024
"""Bytes of text that are collected before they are sent: each block is a system call."""


class Refusal(Exception):
    """A request that is refused for what it is as HTTP, before anybody behind the door is asked.

    ``code`` is a key of ``REFUSALS``. ``body`` replaces the usual error body; it is XML.
    """

    def __init__(self, code: str, message: str, *, headers: Pairs = (), body: bytes | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status = REFUSALS[code]
        self.message = message
        self.headers = headers
        self.body = body


class Blocks:
    """A body that is made while it is sent: blocks of bytes, and what to let go of at its end.

    ``close`` is safe to call at any time and twice; it must be called, iterated or not. An error
    in the middle is raised to the server, which then breaks the connection: the client has to see
    that it has not got everything.
    """

    def __init__(self, blocks: Iterator[bytes], close: Callable[[], None]) -> None:
        self._blocks = blocks
        self._close = close

    def __iter__(self) -> Iterator[bytes]:
        """Return itself; a body is read once."""
        return self

    def __next__(self) -> bytes:
        return next(self._blocks)

    def close(self) -> None:
        """Stop making blocks."""
        self._close()


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, whichever way it is sent. Header names and values are ready for the wire.

    ``Content-Length`` is added for bytes. A body of None is one that is not there and whose length
    is not said, unless by a header: that of an answer to HEAD.
    """

    status: int
    headers: Pairs = ()
    body: bytes | Blocks | None = b""

    def adding(self, *headers: tuple[str, str]) -> Reply:
        """Return the same answer with more headers."""
        return replace(self, headers=(*self.headers, *headers))

    def check(self) -> Reply:
        """Return itself; raise ValueError, with the body closed, for a header that could break out of its line."""
        for name, value in self.headers:
            if not is_field_value(value):
                if isinstance(self.body, Blocks):
                    self.body.close()
                raise ValueError(f"the value of header {name} contains characters that a header must not have")
        return self

    def wire_headers(self) -> list[tuple[str, str]]:
        """Return all headers, ``Content-Length`` included."""
        pairs = list(self.headers)
        if isinstance(self.body, bytes) and self.status not in BODILESS:
            pairs.append(("Content-Length", str(len(self.body))))
        return pairs


def reason(status: int) -> str:
    """Return the phrase that goes with a status."""
    return HTTPStatus(status).phrase


def send(reply: Reply, method: str, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Start the response and return its body; nothing of it for HEAD and for statuses without one."""
    body = reply.body
    keep = method != "HEAD" and reply.status not in BODILESS
    with ExitStack() as closing:
        if isinstance(body, Blocks):
            closing.callback(body.close)
        pairs = reply.wire_headers()
        start_response(f"{reply.status} {reason(reply.status)}", pairs)
        if keep and isinstance(body, Blocks):
            closing.pop_all()
            return body
    return [body] if keep and isinstance(body, bytes) else ()


def streamed(status: int, headers: Pairs, pieces: Iterator[str], close: Callable[[], None]) -> Reply:
    """Answer with text that is made while it is sent, in blocks of 32 KiB or more.

    The first block is made at once: what goes wrong until then is raised here and can still become
    a proper answer, and a text that ends with it is sent whole, with its length.
    """
    blocks = _blocks(pieces)
    with ExitStack() as closing:
        closing.callback(close)
        first = next(blocks, b"")
        if len(first) < BLOCK:
            return Reply(status, headers, first)
        closing.pop_all()
    return Reply(status, headers, Blocks(chain((first,), blocks), close))


def _blocks(pieces: Iterator[str]) -> Iterator[bytes]:
    """Join pieces of text into blocks; only the last is shorter than ``BLOCK``."""
    waiting: list[bytes] = []
    length = 0
    for piece in pieces:
        data = piece.encode("utf-8", "replace")
        waiting.append(data)
        length += len(data)
        if length >= BLOCK:
            yield b"".join(waiting)
            waiting.clear()
            length = 0
    if waiting:
        yield b"".join(waiting)


def status_of(error: UgrError, challenges: tuple[str, ...]) -> int:
    """Return the status for an error; 401 only where there is a credential to ask for."""
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    return 403 if status == 401 and not challenges else status


@dataclass(frozen=True, slots=True)
class Told:
    """What a client is told of an error, whatever the form."""

    status: int
    code: str
    message: str
    path: str | None
    id: str
    headers: Pairs = ()


Page = Callable[[Told], Reply]
"""Makes a page of an error."""


def failure(
    error: UgrError, id: str, accept: str | None, challenges: tuple[str, ...] = (), page: Page | None = None
) -> Reply:
    """Answer an error of the rooms behind the door."""
    status = status_of(error, challenges)
    headers: list[tuple[str, str]] = []
    if status == 401:
        headers += [("WWW-Authenticate", challenge) for challenge in challenges]
    if status == 503:
        wait = RETRY_AFTER if error.retry_after is None else error.retry_after
        headers.append(("Retry-After", str(max(1, math.ceil(wait)))))
    headers += unasked(error.unasked)
    return _written(Told(status, error.code, error.message, error.path, id, tuple(headers)), accept, page)


def refused(refusal: Refusal, id: str, accept: str | None, page: Page | None = None) -> Reply:
    """Answer a refusal."""
    if refusal.body is not None:
        content_type = ("Content-Type", "application/xml; charset=utf-8")
        return Reply(refusal.status, (*refusal.headers, content_type), refusal.body)
    return _written(Told(refusal.status, refusal.code, refusal.message, None, id, refusal.headers), accept, page)


def unexpected(id: str, accept: str | None, page: Page | None = None) -> Reply:
    """Answer a fault of ours; the client learns nothing but the request id, under which it is logged."""
    told = Told(500, "internal", "internal error; the log has more under the request id", None, id)
    return _written(told, accept, page)


def unasked(names: Iterable[str]) -> Pairs:
    """Return the header that names endpoints which were not asked because they are known to be down."""
    text = ", ".join(field_value(name) for name in names)
    return (("Ugr-Unasked", text),) if text else ()


def text(status: int, body: str, *headers: tuple[str, str]) -> Reply:
    """Answer with plain text."""
    return Reply(status, (*headers, ("Content-Type", "text/plain; charset=utf-8")), body.encode("utf-8", "replace"))


def as_json(status: int, value: Any, *headers: tuple[str, str]) -> Reply:
    """Answer with a JSON document."""
    return Reply(status, (*headers, ("Content-Type", "application/json")), json.dumps(value).encode("ascii") + b"\n")


def _written(told: Told, accept: str | None, page: Page | None) -> Reply:
    """Answer an error as text, as JSON, or as a page for clients that prefer one."""
    offers = (TEXT, JSON) if page is None else (TEXT, JSON, HTML)
    form = preferred(accept, offers)
    told = replace(told, headers=(*told.headers, ("Cache-Control", "no-store")))
    if page is not None and form == HTML:
        return page(told)
    headers = (*told.headers, ("X-Content-Type-Options", "nosniff"))
    if form == JSON:
        facts = {"status": told.status, "code": told.code, "message": told.message, "path": told.path}
        return as_json(told.status, facts | {"request": told.id}, *headers)
    lines = [f"{told.status} {told.code}: {told.message}", f"request: {told.id}"]
    if told.path is not None:
        lines.insert(1, f"path: {told.path}")
    return text(told.status, "".join(one_line(line) + "\n" for line in lines), *headers)
