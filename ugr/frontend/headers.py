# SPDX-License-Identifier: Apache-2.0
"""Pure parsers and writers of what stands in an HTTP message head; no request, no state.

Knows: syntax (RFC 9110, RFC 9112, RFC 3986, RFC 4918). Refuses to know: what is done with the
values. A parser raises ValueError with a remedy, or returns None where the specification says
that a malformed field is ignored.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

from ugr.federation.networks import parse_address
from ugr.names import unspeakable

LITERAL = "/:@+,;=&$!*'()~"
"""What stays as it is in a path, besides letters, digits and ``-._`` (RFC 3986 3.3); some clients
compare the paths that they get with the paths that they sent, so encoding must be least."""

_PLAIN_TARGET = re.compile(r"(?:/[A-Za-z0-9\-_~:@+,;=&$!*'()][A-Za-z0-9\-._~:@+,;=&$!*'()]*)*/?\Z").match
_PLAIN_PATH = re.compile(r"[A-Za-z0-9\-._~/:@+,;=&$!*'()]*\Z").match
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})").search
_RAW_FORBIDDEN = re.compile(r"[\x00-\x20\x7f#?]").search
_HEADER_FORBIDDEN = re.compile(r"[^\t\x20-\x7e]").search
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z").match
_ABSOLUTE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)").match
_HOST = re.compile(r"(?:([A-Za-z0-9._-]{1,253})|\[([0-9A-Fa-f:.]{2,45})\])(?::(\d{1,5})?)?\Z", re.ASCII).match
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
_REMEMBERED = 256
"""Longest text that is remembered parsed: clients write these headers, so memory must be bounded."""
_MAX_HOPS = 32
_MAX_RANGES = 64


def encode_path(path: str) -> str:
    """Percent-encode a decoded path as little as a URL allows; "/" separates and stays.

    A lone surrogate, which no URL can express, becomes ``%3F``.
    """
    return path if _PLAIN_PATH(path) else quote(path, safe=LITERAL, errors="replace")


def encode_name(name: str) -> str:
    """Percent-encode one component of a path, so that it stays one component."""
    return encode_path(name).replace("/", "%2F")


def decode_path(raw: str) -> str:
    """Decode the path of a request target, given as the bytes received, each as one character.

    Strict: what could be read in two ways is refused with ValueError: an incomplete escape, an
    encoded "/" or NUL, control characters, bytes that are not UTF-8, "//", and "." or ".." as a
    component, written plainly or encoded. A trailing "/" is kept.
    """
    if _PLAIN_TARGET(raw) and raw:
        return raw
    if not raw.startswith("/"):
        raise ValueError('the path does not start with "/"')
    if _RAW_FORBIDDEN(raw):
        raise ValueError("the path contains a character that must be percent-encoded")
    if _BAD_ESCAPE(raw):
        raise ValueError('the path contains a "%" that is not followed by two hexadecimal digits')
    upper = raw.upper()
    if "%2F" in upper:
        raise ValueError('the path contains an encoded "/" (%2F)')
    if "%00" in upper:
        raise ValueError("the path contains an encoded NUL (%00)")
    try:
        path = unquote_to_bytes(raw.encode("latin-1")).decode("utf-8")
    except UnicodeError:
        raise ValueError("the path is not UTF-8") from None
    if unspeakable(path):
        raise ValueError("the path contains a control character or a non-character")
    if "//" in path:
        raise ValueError('the path contains "//"; write one "/"')
    if not {".", ".."}.isdisjoint(path.split("/")):
        raise ValueError('the path contains "." or ".." as a component')
    return path


class Target(NamedTuple):
    """A request target taken apart; ``authority`` is None unless the target is a whole URL."""

    authority: str | None
    path: str
    query: str


def target(raw: str) -> Target:
    """Split a request target (RFC 9112 3.2) into authority, path and query, all still encoded."""
    authority = None
    if not raw.startswith("/"):
        match = _ABSOLUTE(raw)
        if match is not None:
            authority = match[2]
            raw = raw[match.end() :]
            if not raw.startswith("/"):
                raw = "/" + raw
    path, _, query = raw.partition("?")
    return Target(authority, path, query)


def host(value: str) -> str:
    """Return a Host header in lower case; raise ValueError unless it is ``name[:port]`` (RFC 9110 7.2)."""
    match = _HOST(value)
    if match is None or (match[3] and int(match[3]) > 65535):
        raise ValueError("the Host header is not a host name with an optional port")
    if match[2]:
        try:
            ipaddress.IPv6Address(match[2])
        except ValueError:
            raise ValueError("the Host header holds a malformed IPv6 address") from None
    return value.lower().removesuffix(":")


def host_name(value: str) -> str:
    """Return a well-formed Host without its port."""
    match = _HOST(value)
    return value if match is None else (match[1] or f"[{match[2]}]").lower()


def depth(value: str | None) -> int | None:
    """Return 0 or 1, or None for infinity, which a missing header means (RFC 4918 9.1, 10.2)."""
    if value is None:
        return None
    known = {"0": 0, "1": 1, "infinity": None}
    text = value.strip().lower()
    if text not in known:
        raise ValueError("the Depth header is none of 0, 1, infinity")
    return known[text]


def content_length(value: str | None) -> int | None:
    """Return the announced length in bytes, None when there is none; raise ValueError for nonsense."""
    if value is None or value == "":
        return None
    if not re.fullmatch(r"\d{1,18}", value, re.ASCII):
        raise ValueError("the Content-Length header is not a number of bytes")
    return int(value)


def request_id(value: str | None) -> str | None:
    """Return an incoming request id if it is one that may be repeated, else None."""
    return value if value is not None and _REQUEST_ID(value) else None


def address(text: str) -> str | None:
    """Return an IP address in its usual form, without brackets, port or zone; None if it is none.

    An IPv4 address inside IPv6 (``::ffff:192.0.2.1``) is the IPv4 address.
    """
    return _address(text) if len(text) <= _REMEMBERED else None


@lru_cache(maxsize=4096)
def _address(text: str) -> str | None:
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    found = parse_address(text.partition("%")[0])
    return None if found is None else str(found)


def client_address(peer: str | None, forwarded: str | None, trusted: Callable[[str], bool]) -> str | None:
    """Return the client's address behind a trusted peer, from its X-Forwarded-For.

    Read from the right: the first address that is not a trusted proxy's is the client. Everything
    left of it is the client's own claim and is not looked at. What is not an address ends the
    search with the last one known.
    """
    found = peer
    for hop in reversed((forwarded or "").rsplit(",", _MAX_HOPS)[-_MAX_HOPS:]):
        known = address(hop)
        if known is None:
            return found
        found = known
        if not trusted(known):
            return found
    return found


class Range(NamedTuple):
    """One media range of an Accept header: lower-case type and subtype, and its quality."""

    kind: str
    subtype: str
    quality: float


def accept(value: str) -> tuple[Range, ...]:
    """Parse an Accept header (RFC 9110 12.5.1); parameters but q, and malformed members, are ignored."""
    return _accept(value) if len(value) <= _REMEMBERED else _accept.__wrapped__(value)


@lru_cache(maxsize=1024)
def _accept(value: str) -> tuple[Range, ...]:
    ranges = []
    for member in value.split(",", _MAX_RANGES)[:_MAX_RANGES]:
        media, *parameters = member.split(";")
        kind, slash, subtype = media.strip().lower().partition("/")
        if not (slash and kind and subtype) or (kind == "*" and subtype != "*"):
            continue
        quality = 1.0
        for parameter in parameters:
            name, _, text = parameter.partition("=")
            if name.strip().lower() == "q":
                quality = _quality(text.strip())
        ranges.append(Range(kind, subtype, quality))
    return tuple(ranges)


def _quality(text: str) -> float:
    return float(text) if re.fullmatch(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", text, re.ASCII) else 0.0


def preferred(value: str | None, offers: Sequence[str]) -> str:
    """Return which of our media types an Accept header likes best.

    Ties, a missing header, and a header that likes none of them give the first offer: an answer in
    a form that was not asked for is of more use than none.
    """
    ranges = accept(value) if value else ()
    best, best_quality = offers[0], 0.0
    for offer in offers:
        kind, _, subtype = offer.partition("/")
        matching = [
            ((item.kind != "*") + (item.subtype != "*"), item.quality)
            for item in ranges
            if item.kind in (kind, "*") and item.subtype in (subtype, "*")
        ]
        quality = max(matching)[1] if matching else 0.0
        if quality > best_quality:
            best, best_quality = offer, quality
    return best


def names_html(value: str | None) -> bool:
    """Say whether an Accept header names text/html itself, as browsers' do."""
    return value is not None and any(
        item.kind == "text" and item.subtype == "html" and item.quality > 0 for item in accept(value)
    )


def field_value(text: str) -> str:
    """Return text as a header value: printable ASCII as it is, everything else percent-encoded."""
    return quote(text, safe=_PRINTABLE, errors="replace") if _HEADER_FORBIDDEN(text) else text


def is_field_value(text: str) -> bool:
    """Say whether text may stand in a header as it is: no CR, LF, NUL or anything but printable ASCII."""
    return _HEADER_FORBIDDEN(text) is None


def quote_decoded(path: str) -> str:
    """Encode a path that a server has decoded, bytes each as one character, back into a request target."""
    return quote(path.encode("latin-1", "replace"), safe=LITERAL)
