# SPDX-License-Identifier: Apache-2.0
"""What may go over the wire, both ways (RFC 9110, RFC 9112); pure.

Knows: the grammar of methods, URLs and header fields, and the heads of answers. Refuses to know:
libcurl, sockets. libcurl sends a CR or LF in a method or header as it is, rewrites percent-escapes
of a path, and hands over header values with control characters: hence these checks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ugr.errors import BadRequest

Headers = tuple[tuple[str, str], ...]

REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND"})
"""Methods that may be sent again on a new connection when a kept one turns out to be closed."""

_KNOWN = REPEATABLE | {"PUT", "POST", "DELETE", "MKCOL", "MOVE", "COPY", "PATCH", "PROPPATCH", "LOCK", "UNLOCK"}
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_VALUE = re.compile(r"[\t -~]*")  # RFC 9110, 5.5, without obs-text
_URL = re.compile(
    r"(https?://(\[[0-9A-Fa-f:.]+(?:%25[0-9A-Za-z._-]+)?\]|[0-9A-Za-z._-]+)(?::([0-9]{1,5}))?)"
    r"((?:/[!-\"$->@-~]*)?(?:\?[!-\"$-~]*)?)"
)
_FIELD = re.compile(r"^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t -~]*)\r?$", re.MULTILINE)
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})[ \r\n]")

OWN = frozenset({"connection", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"})
"""Header fields that belong to the connection or frame the body: the engine's, not the caller's."""

MOST_DIGITS = 18
"""Longest content-length believed, in digits: 10^18 bytes is more than any endpoint holds."""


class Request(NamedTuple):
    """A request that passed all checks.

    ``origin`` is scheme, host and port as written; ``target`` is path and query exactly as
    written, at least "/". ``lines`` are header lines in libcurl's notation.
    """

    method: str
    origin: str
    target: str
    lines: list[str]
    body: bytes | None

    @property
    def host(self) -> str:
        """``host:port``, for messages."""
        return host_of(self.origin)


def host_of(origin: str) -> str:
    """Return ``host:port`` of an origin, the port always written."""
    scheme, _, host = origin.partition("://")
    if re.search(r":[0-9]+\Z", host):
        return host
    return f"{host}:{443 if scheme == 'https' else 80}"


def checked(method: str, url: str, headers: Sequence[tuple[str, str]], body: bytes | None) -> Request:
    """Check everything that will be sent; raise BadRequest, naming the culprit but no value."""
    if method not in _KNOWN and (not _TOKEN.fullmatch(method) or method == "CONNECT"):
        raise BadRequest(f"{method!r} is not a method that an endpoint can be asked with")
    match = _URL.fullmatch(url)
    if match is None:
        raise BadRequest(_fault_of_url(url))
    origin, _, port, target = match.groups()
    if port is not None and not 0 < int(port) < 65536:
        raise BadRequest(f"port {port} is not between 1 and 65535")
    if method == "HEAD" and body is not None:
        raise BadRequest("a HEAD request has no body")
    if target[:1] != "/":
        target = "/" + target
    lines: list[str] = []
    typed = False
    for name, value in headers:
        lower = check_header(name, value).lower()
        if lower == "content-length":
            body = _declared(value, body)
            continue
        typed = typed or lower == "content-type"
        value = value.strip(" \t")
        lines.append(f"{name}: {value}" if value else f"{name};")
    if body is not None:
        lines.append("Expect:")
        if not typed:
            lines.append("Content-Type:")
    return Request(method, origin, target, lines, body)


def check_header(name: str, value: str) -> str:
    """Return the name of a header field that may be sent; raise BadRequest for any other."""
    if not _TOKEN.fullmatch(name):
        raise BadRequest(f"{name!r} is not a header name")
    if not _VALUE.fullmatch(value):
        raise BadRequest(f"the value of header {name} must be ASCII without control characters; percent-encode it")
    if name.lower() in OWN:
        raise BadRequest(f"header {name} is the engine's own; leave it out")
    return name


def _declared(value: str, body: bytes | None) -> bytes:
    """Return the body that a caller's Content-Length speaks of; the engine writes the field itself."""
    body = b"" if body is None else body
    if value.strip(" \t") != str(len(body)):
        raise BadRequest(f"content-length contradicts the body of {len(body)} bytes; leave it out")
    return body


def _fault_of_url(url: str) -> str:
    """Say what is wrong with a URL, without showing it: it may carry a signature."""
    if not url.startswith(("http://", "https://")):
        return "a URL must start with http:// or https://"
    authority = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]
    if "@" in authority:
        return "a URL must not carry a user or password; use credentials"
    if "#" in url:
        return "a URL must not have a fragment; percent-encode # as %23"
    if re.search(r"[^!-~]", url):
        return "a URL must be visible ASCII; percent-encode everything else"
    return f"{authority!r} is not a host with an optional port"


def status_of(line: bytes) -> int | None:
    """Return the status of a status line of HTTP/1.0 or 1.1, None for any other line."""
    match = _STATUS.match(line)
    return int(match[1]) if match else None


def parse_head(lines: Sequence[bytes]) -> tuple[int, Headers]:
    """Return status and header fields of the final answer among ``lines``; names are lower-case.

    ``lines`` is everything up to the end of the answer: heads of interim answers (1xx) and
    trailers are left out. Dropped: a field whose name is not a token (a space before the colon,
    a line that begins with white space) or whose value holds a control character or anything but
    ASCII; Content-Length beside Transfer-Encoding (RFC 9112, 6.3).

    Raises ValueError, saying why, when the head is not HTTP/1.x, is cut off, or frames its body
    in a way that cannot be trusted: a transfer coding other than chunked, a Content-Length that
    is not a number.
    """
    status, head = _final(lines)
    text = b"".join(head).decode("latin-1")
    fields = [(name.lower(), value.strip(" \t")) for name, value in _FIELD.findall(text)]
    coded = "transfer-encoding" in text.lower() and _coded(head)
    lengths = [value for name, value in fields if name == "content-length"]
    if lengths and (coded or len(lengths) > 1 or not lengths[0].isdigit() or len(lengths[0]) > MOST_DIGITS):
        length = None if coded else _length(lengths)
        fields = [field for field in fields if field[0] != "content-length"]
        if length is not None:
            fields.append(("content-length", length))
    return status, tuple(fields)


def _final(lines: Sequence[bytes]) -> tuple[int, Sequence[bytes]]:
    """Return status and field lines of the first head that is not interim; what follows are trailers."""
    start = 0
    for number, line in enumerate(lines):
        if line not in (b"\r\n", b"\n"):
            continue
        status = status_of(lines[start])
        if status is None:
            raise ValueError("the answer is not HTTP/1.1")
        if status >= 200:
            return status, lines[start + 1 : number]
        start = number + 1
    raise ValueError("the head of the answer is cut off")


def _coded(head: Sequence[bytes]) -> bool:
    """Say whether the body is chunked; raise ValueError for any other transfer coding."""
    coded = False
    for line in head:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"transfer-encoding":
            if name != name.strip() or value.strip().lower() not in (b"chunked", b"identity"):
                raise ValueError("the answer has a transfer coding that nobody asked for")
            coded = True
    return coded


def _length(values: Sequence[str]) -> str:
    """Return the one Content-Length that several, or a list of, equal values mean (RFC 9110, 8.6)."""
    members = {member.strip(" \t") for value in values for member in value.split(",")}
    length = members.pop()
    if members or not length.isdigit() or len(length) > MOST_DIGITS:
        raise ValueError("the answer has no usable content-length")
    return length
