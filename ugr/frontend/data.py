# SPDX-License-Identifier: Apache-2.0
"""The bytes of files of this host: the URLs that allow reading them, and the answers.

Knows: the signature of ``/-/data/`` URLs, and how an open file becomes an HTTP answer (RFC 9110
sections 13 and 14). Refuses to know: endpoints, rights, how many answers are given at a time.

A URL is a permit: whoever holds it may read that one file, by that one method, until it expires.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import math
import os
import re
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, NamedTuple
from urllib.parse import quote

from ugr.errors import BadRequest, ConfigError, Misbehaved, PermissionDenied, Unsupported
from ugr.frontend.conditions import Headers, Validators, Verdict, date, range_holds, verdict
from ugr.frontend.ranges import Span, select
from ugr.model import Intent

log = logging.getLogger(__name__)

DATA_PREFIX = "/-/data/"
BLOCK = 256 * 1024
MIN_KEY_LENGTH = 32
QUOTE = '"'

_PARAMETERS = {
    "e": re.compile(r"[1-9][0-9]{0,11}"),
    "m": re.compile(r"[A-Z]{1,16}"),
    "s": re.compile(r"[A-Za-z0-9_-]{43}"),
}
_KNOWN = re.compile(r"([A-Za-z0-9-]{1,64})\.([1-9][0-9]{0,11})")
"""The parameter v, which is there when the federation knows the file's entity tag."""

SHOWN_TYPES = {
    ".csv": "text/csv",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".log": "text/plain",
    ".md": "text/plain",
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".txt": "text/plain",
    ".webp": "image/webp",
}
"""Suffix -> type of what a browser may show. Whatever could run code there (HTML, SVG, XML, PDF) is not
among them, and neither is anything that the host's own list of types might add."""

_GUARDS = (
    ("Cache-Control", "private"),
    ("Content-Security-Policy", "sandbox"),
    ("X-Content-Type-Options", "nosniff"),
)
"""A permit is not for shared caches, and a file is never a page of this service's origin."""


class Known(NamedTuple):
    """A quoted entity tag of the federation, and since when it is the file's: whole seconds since 1970."""

    etag: str
    since: int

    @classmethod
    def of(cls, etag: str | None, age: float, now: float) -> Known | None:
        """Return what a data URL says of a tag, None without one.

        ``age`` is the seconds before ``now`` after which everything was asked that led to it. It counts
        for bytes that were written before, with a second to spare for coarse clocks.
        """
        return None if etag is None else cls(etag, int(now - age) - 1)


def split(path: str) -> tuple[str, str]:
    """Split a decoded request path below ``/-/data/`` into endpoint and path; raise BadRequest for another shape."""
    endpoint, slash, rest = path.removeprefix(DATA_PREFIX).partition("/")
    if not path.startswith(DATA_PREFIX) or not endpoint or not slash or not rest:
        raise BadRequest("not a data URL; it has the form /-/data/ENDPOINT/PATH")
    return endpoint, "/" + rest


def _parameters(query: str) -> dict[str, str]:
    """Take apart a raw query string; e, m and s must be there once, v may be, and no other."""
    pairs = [part.partition("=") for part in query.split("&")]
    found = {name: value for name, _, value in pairs}
    if len(pairs) != len(found) or found.keys() - {"v"} != _PARAMETERS.keys():
        raise BadRequest("a data URL has the parameters e, m, s and perhaps v; use it as it was given")
    for name, value in found.items():
        if _PARAMETERS.get(name, _KNOWN).fullmatch(value) is None:
            raise BadRequest(f"parameter {name} of the data URL is malformed; use the URL as it was given")
    return found


class DataSigner:
    """Signs the URLs of data that this service serves itself, and verifies them.

    ``source`` returns the text of the key file, and is asked each time, so it must be cheap: one
    key per line, each at least 32 characters. The first signs and all verify: a new key is put
    first, the old one stays until the last URL that it signed has expired. All hosts behind one
    name need the same file. Methods are safe to call from any thread.
    """

    def __init__(self, source: Callable[[], str]) -> None:
        self._source = source
        self._text = source()
        self._keys = self._parse(self._text)

    @staticmethod
    def _parse(text: str) -> tuple[bytes, ...]:
        keys = tuple(line.strip().encode() for line in text.splitlines() if line.strip())
        if not keys:
            raise ConfigError("the data key is empty; write at least one line of 32 or more random characters")
        if any(len(key) < MIN_KEY_LENGTH for key in keys):
            raise ConfigError(f"a data key has fewer than {MIN_KEY_LENGTH} characters; use 32 random bytes in hex")
        return keys

    def _current(self) -> tuple[bytes, ...]:
        """Return the keys; when the source has changed into something unusable, the ones before it."""
        text = self._source()
        if text != self._text:
            try:
                self._keys = self._parse(text)
            except ConfigError as error:
                log.error("the new data key is not usable, the one before it stays in use: %s", error)
            self._text = text
        return self._keys

    @staticmethod
    def _sign(key: bytes, endpoint: str, path: str, method: str, expires: str, known: str) -> str:
        """Return the signature; endpoint and path are percent-encoded, so no field can contain the separator."""
        canonical = f"ugr-data-1\n{method}\n{expires}\n{known}\n{endpoint}\n{path}"
        return urlsafe_b64encode(hmac.digest(key, canonical.encode("ascii"), "sha256")).decode("ascii").rstrip("=")

    def url_path(
        self, endpoint: str, path: str, method: Intent, expires: float, known: Known | None = None
    ) -> str:
        """Return path and query of a URL at which ``method`` gives the file until ``expires`` (seconds since 1970).

        ``known`` is what the answer may say of the file, whatever its entity tag would be here.
        Percent-encoded, whatever the names contain. Raise BadRequest for text that is not UTF-8.
        """
        try:
            name, place = quote(endpoint, safe=""), quote(path)
        except UnicodeEncodeError:
            raise BadRequest("the path is not UTF-8 text", path=ascii(path), endpoint=endpoint) from None
        until = str(math.ceil(expires))
        version = "" if known is None else f"{known.etag.strip(QUOTE)}.{known.since}"
        signature = self._sign(self._current()[0], name, place, method.value, until, version)
        more = f"&v={version}" if version else ""
        return f"{DATA_PREFIX}{name}{place}?e={until}&m={method.value}{more}&s={signature}"

    def verify(self, endpoint: str, path: str, method: str, query: str, now: float) -> Known | None:
        """Return, when a request may have the bytes, what the federation knew of them.

        ``endpoint`` and ``path`` are decoded, ``method`` is that of the request, ``query`` the raw
        query string, ``now`` seconds since 1970. A URL for GET does not allow HEAD, nor the other way
        round. Raises BadRequest when something is malformed, PermissionDenied when the signature is
        not ours, or is for another method, or has expired: in this order, so that only the holder
        of a genuine URL learns what is wrong with it.
        """
        given = _parameters(query)
        try:
            name, place = quote(endpoint, safe=""), quote(path)
        except UnicodeEncodeError:
            raise BadRequest("the path is not UTF-8 text", path=ascii(path)) from None
        matches = [
            hmac.compare_digest(self._sign(key, name, place, given["m"], given["e"], given.get("v", "")), given["s"])
            for key in self._current()
        ]
        problem = None
        if not any(matches):
            problem = "the signature of the data URL is wrong"
        elif given["m"] != method:
            problem = f"the data URL is signed for another method: {given['m']}, not {method}"
        elif now > int(given["e"]):
            problem = "the data URL has expired; ask the federation again for the file"
        if problem:
            raise PermissionDenied(problem, path=path, endpoint=endpoint)
        found = _KNOWN.fullmatch(given.get("v", ""))
        return None if found is None else Known(f'"{found[1]}"', int(found[2]))


class FileBody:
    """The body of an answer: fixed bytes and spans of an open file, in order, in blocks of 256 KiB.

    Closing it closes the file. A file that has become shorter than was announced ends the
    iteration with Misbehaved: the server must then break the connection, because the client has
    been promised more bytes and would take those of the next answer for them. For that reason the
    file is not handed to ``wsgi.file_wrapper``: gunicorn's sendfile ends short without a word and
    keeps the connection.
    """

    def __init__(self, file: BinaryIO, pieces: Iterable[bytes | Span]) -> None:
        self._file = file
        self._pieces = tuple(pieces)

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, bytes):
                yield piece
            else:
                yield from self._blocks(piece)

    def _blocks(self, span: Span) -> Iterator[bytes]:
        try:
            self._file.seek(span.start)
            left = span.length
            while left:
                block = self._file.read(min(BLOCK, left))
                if not block:
                    raise Misbehaved(f"the file became shorter while it was sent; {left} bytes are missing")
                left -= len(block)
                yield block
        except OSError as error:
            raise Misbehaved(f"the file could not be read to its end: {error.strerror}") from error

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._file.close()


@dataclass(frozen=True, slots=True)
class DataReply:
    """An answer; whoever takes it must close the body, read or not. A HEAD's body is empty."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: FileBody


def content_type(name: str) -> str:
    """Return the media type for a file name: one that a browser may show, or application/octet-stream."""
    return SHOWN_TYPES.get(PurePosixPath(name).suffix.lower(), "application/octet-stream")


def entity_tag(size: int, mtime_ns: int) -> str:
    """Return a strong entity tag; the same on every host that has the file with the same size and time."""
    digest = hashlib.blake2b(f"{size} {mtime_ns}".encode("ascii"), digest_size=12).hexdigest()
    return f'"ugr-{digest}"'


def _multipart(spans: tuple[Span, ...], size: int, media_type: str) -> tuple[str, int, list[bytes | Span]]:
    """Return boundary, length and pieces of a multipart/byteranges body (RFC 9110 section 14.6)."""
    boundary = f"ugr-{os.urandom(12).hex()}"
    pieces: list[bytes | Span] = []
    for span in spans:
        head = f"\r\n--{boundary}\r\nContent-Type: {media_type}\r\nContent-Range: {span.content_range(size)}\r\n\r\n"
        pieces += [head.encode("ascii"), span]
    pieces.append(f"\r\n--{boundary}--\r\n".encode("ascii"))
    length = sum(len(piece) if isinstance(piece, bytes) else piece.length for piece in pieces)
    return boundary, length, pieces


def respond(
    method: str,
    headers: Headers,
    opened_file: BinaryIO,
    *,
    name: str = "",
    now: float | None = None,
    known: Known | None = None,
) -> DataReply:
    """Answer a GET or HEAD for an open file: 200, 206, 304, 412 or 416.

    ``opened_file`` must have a ``fileno``; it belongs to the reply from here on, and is closed when
    this raises. ``name`` is the file's name, for the media type; ``now`` seconds since 1970. The
    entity tag is that of ``known``, unless the file has been touched since.
    Raises Unsupported for another method, Misbehaved when the file cannot be examined.
    """
    try:
        return _respond(method, headers, opened_file, name, time.time() if now is None else now, known)
    except BaseException:
        opened_file.close()
        raise


def _respond(
    method: str, headers: Headers, file: BinaryIO, name: str, now: float, known: Known | None
) -> DataReply:
    if method not in ("GET", "HEAD"):
        raise Unsupported(f"data cannot be used with {method}; use GET or HEAD")
    try:
        status = os.fstat(file.fileno())
    except OSError as error:
        raise Misbehaved(f"the file cannot be examined: {error.strerror}") from error
    size, media_type = status.st_size, content_type(name)
    # A time in the future must not be told (RFC 9110 section 8.8.2.1), nor one that no date can express.
    # Its bytes cannot have changed since without its ctime, which nobody sets back.
    etag = known.etag if known and status.st_ctime < known.since else entity_tag(size, status.st_mtime_ns)
    validators = Validators(etag, int(max(0.0, min(status.st_mtime, now))))
    described = (
        ("Last-Modified", date(validators.modified) or ""),
        ("ETag", validators.etag),
        ("Accept-Ranges", "bytes"),
        *_GUARDS,
    )

    def reply(status: int, length: int | None, pieces: Iterable[bytes | Span], *more: tuple[str, str]) -> DataReply:
        counted = () if length is None else (("Content-Length", str(length)),)
        return DataReply(status, (*more, *counted, *described), FileBody(file, pieces if method == "GET" else ()))

    match verdict(headers, validators):
        case Verdict.FAILED:
            return reply(412, 0, ())
        case Verdict.NOT_MODIFIED:
            return reply(304, None, ())
        case Verdict.GO_ON:
            pass
    wanted = headers.get("Range") if method == "GET" and range_holds(headers, validators) else None
    spans = None if wanted is None else select(wanted, size)
    if spans is None:
        return reply(200, size, (Span(0, size),) if size else (), ("Content-Type", media_type))
    if not spans:
        return reply(416, 0, (), ("Content-Range", f"bytes */{size}"))
    if len(spans) == 1:
        span = spans[0]
        more = (("Content-Type", media_type), ("Content-Range", span.content_range(size)))
        return reply(206, span.length, spans, *more)
    boundary, length, pieces = _multipart(spans, size, media_type)
    return reply(206, length, pieces, ("Content-Type", f"multipart/byteranges; boundary={boundary}"))
