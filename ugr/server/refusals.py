# SPDX-License-Identifier: Apache-2.0
"""What a client is told whose request gunicorn cannot read: in the same form as every other error.

Knows: gunicorn's exceptions, the first line of a request. Refuses to know: statuses, the access log.
"""

from __future__ import annotations

from typing import Any, Protocol

from gunicorn.http import errors

from ugr.frontend.replies import Refusal
from ugr.server.line import TooSlow

LONGEST_SAID = 8190
"""Bytes of a request line that are written down."""

REQUEST_LINE, HEADER, BODY = "bad-request-line", "bad-header", "bad-body"

_REFUSALS: tuple[tuple[type[Exception], str, str], ...] = (
    (TooSlow, "too-slow", "the request took too long to come"),
    (errors.LimitRequestLine, "request-line-too-long", "the request line is too long"),
    (errors.LimitRequestHeaders, "header-too-large", "the header of the request is too large"),
    (errors.UnsupportedTransferCoding, "transfer-coding-unknown", "Transfer-Encoding may only be chunked"),
    (errors.ExpectationFailed, "expectation-failed", "Expect may only be 100-continue"),
    (errors.InvalidHeaderName, HEADER, "the name of a header field is malformed"),
    (errors.InvalidHeader, HEADER, "a header field is malformed, or is there twice"),
    (errors.ObsoleteFolding, HEADER, "a header field goes on in a second line; write it in one"),
    (errors.InvalidChunkSize, BODY, "a chunk of the body is malformed"),
    (errors.InvalidChunkExtension, BODY, "a chunk of the body is malformed"),
    (errors.ChunkMissingTerminator, BODY, "a chunk of the body is malformed"),
    (errors.InvalidRequestMethod, REQUEST_LINE, "the method is malformed; it has capital letters"),
    (errors.InvalidHTTPVersion, REQUEST_LINE, "the version of HTTP is none of 1.0 and 1.1"),
    (errors.InvalidRequestLine, REQUEST_LINE, "the request line is not METHOD TARGET HTTP/1.1"),
    (errors.ParseException, REQUEST_LINE, "the request is malformed"),
)
"""gunicorn's exceptions, special ones first, as ours."""

_OURS: tuple[type[Exception], ...] = (
    errors.InvalidResponseHeader,
    errors.InvalidResponseHeaderName,
    errors.ConfigurationProblem,
)
"""They derive from those, and are no fault of the client."""


class Application(Protocol):
    """Whoever makes answers."""

    def apologise(self, environ: dict[str, Any], error: Exception, start_response: Any) -> Any:
        """Return the body of the answer to a request that could not be read, or not be answered."""
        ...


def refuse(application: Application, said: bytes, client: Any, error: Exception) -> bytes:
    """Return the whole answer, after which the connection ends; the request is noted as any other.

    ``said`` is as much of the request's head as has come, ``client`` its address as gunicorn has it.
    """
    words = said[:LONGEST_SAID].lstrip().partition(b"\r\n")[0].decode("latin-1").split(" ")
    environ = {
        "REQUEST_METHOD": words[0],
        "RAW_URI": words[1] if len(words) > 1 else "",
        "REMOTE_ADDR": client[0] if isinstance(client, tuple) and client else "",
    }
    head: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> None:
        lines = (f"{name}: {value}" for name, value in headers)
        head.append("\r\n".join((f"HTTP/1.1 {status}", "Connection: close", *lines)) + "\r\n\r\n")

    body = b"".join(application.apologise(environ, _as_refusal(error), start_response))
    return "".join(head).encode("latin-1") + body


def _as_refusal(error: Exception) -> Exception:
    """Return gunicorn's exception as a refusal; what is no fault of the client as it is."""
    if isinstance(error, _OURS):
        return error
    return next((Refusal(code, words) for kind, code, words in _REFUSALS if isinstance(error, kind)), error)
