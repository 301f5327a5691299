# SPDX-License-Identifier: Apache-2.0
"""Bad requests by the thousand: valid ones, broken in ways that clients, scanners and attackers break them.

Knows: how requests are malformed. Refuses to know: how they are answered. Everything comes from one
seed, so a failure can be repeated.
"""

from __future__ import annotations

import io
import random
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

METHODS = (
    *("GET", "HEAD", "OPTIONS", "PROPFIND", "PUT", "DELETE", "MKCOL", "COPY", "MOVE", "POST", "PATCH", "LOCK"),
    *("UNLOCK", "PROPPATCH", "TRACE", "CONNECT", "REPORT", "SEARCH", "get", "GET ", "", "G\u00cbT", "A" * 300),
)
PIECES = (
    *("fed", "-", "data", "locate", "d", "f", "only", "..", ".", "", "%2e%2e", "%2F", "%00", "%0d%0a", "%ff", "%zz"),
    *("%", "%E2%80%A8", "%EF%BF%BF", "caf%C3%A9", "a b", "a%20b", "x" * 300, "%25%32%65", "\\", "\xff", "\x7f", "\t"),
    *("#", "~"),
)
VALUES = (
    *("", "0", "1", "infinity", "2", "-1", "bytes=0-1", "bytes=-", "bytes=9-1", "bytes=0-1,5-9", "*", '"x"', 'W/"x"'),
    *("text/html", "application/json;q=0.5, */*;q=oops", ",,,", "a=b; c", "\xe9\xe9", "x" * 5000, "127.0.0.1"),
    *("Thu, 01 Jan 1970 00:00:00 GMT", "evil.example", "[::1]:80", "a:b:c", "user@host", "127.0.0.1, 10.0.0.1"),
    *("unknown", "::ffff:1.2.3.4"),
)
NAMES = (
    *("ACCEPT", "DEPTH", "RANGE", "IF_NONE_MATCH", "IF_MODIFIED_SINCE", "IF_RANGE", "IF_MATCH", "HOST", "COOKIE"),
    *("X_FORWARDED_FOR", "X_FORWARDED_PROTO", "X_REQUEST_ID", "AUTHORIZATION", "DESTINATION", "OVERWRITE", "EXPECT"),
    *("TE", "WANT_DIGEST", "UGR_VIA", "USER_AGENT", "CLIENTINFO", "ORIGIN", "CONTENT_ENCODING"),
)
BODIES = (
    b"",
    b'<?xml version="1.0"?><D:propfind xmlns:D="DAV:"><D:allprop/></D:propfind>',
    b'<?xml version="1.0"?><D:propfind xmlns:D="DAV:"><D:prop><D:getetag/><x xmlns="urn:x"/></D:prop></D:propfind>',
    b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    b"<a>" * 3000,
    b'<propfind xmlns="DAV:"><prop>' + b"<p/>" * 2000 + b"</prop></propfind>",
    b"\xff\xfe<\x00",
    b'{"json": true}',
    b'<?xml version="1.0" encoding="utf-16"?><a/>',
    b"<propfind xmlns='DAV:'><prop><a:b/></prop></propfind>",
)


@dataclass
class Bad:
    """One request as a WSGI environ, and what it says it is."""

    environ: dict[str, Any]
    words: str = field(repr=False, default="")


def target(dice: random.Random, good: tuple[str, ...]) -> str:
    """Return a request target: often a good path with something wrong, sometimes anything."""
    if dice.random() < 0.45:
        path = "/fed" + quote(dice.choice(good))
        if dice.random() < 0.5:
            spot = dice.randrange(len(path) + 1)
            path = path[:spot] + dice.choice(PIECES) + path[spot:]
    else:
        path = "/" + "/".join(dice.choice(PIECES) for _ in range(dice.randrange(6)))
    if dice.random() < 0.3:
        path += "?" + dice.choice(PIECES) + "=" + dice.choice(VALUES)
    if dice.random() < 0.02:
        path = dice.choice(("*", "", "http://evil.example" + path, "//" + path, "x" * 4000))
    return path


def bad(dice: random.Random, good: tuple[str, ...]) -> Bad:
    """Return one request."""
    method = dice.choice(METHODS[:4]) if dice.random() < 0.6 else dice.choice(METHODS)
    raw = target(dice, good)
    path, _, query = raw.partition("?")
    body = dice.choice(BODIES) if dice.random() < 0.4 else b""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "RAW_URI": raw,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": dice.choice(("127.0.0.1", "192.0.2.1", "", "::1", "unix")),
        "HTTP_HOST": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.version": (1, 0),
        "wsgi.input_terminated": True,
    }
    if body or dice.random() < 0.1:
        environ["CONTENT_LENGTH"] = dice.choice((str(len(body)), str(len(body)), "", "-1", "x", str(1 << 40), "0"))
        environ["CONTENT_TYPE"] = dice.choice(("application/xml", "text/plain", "", "\xe9"))
    for _ in range(dice.randrange(4)):
        environ["HTTP_" + dice.choice(NAMES)] = dice.choice(VALUES)
    return Bad(environ, f"{method} {raw!r} {[(k, v) for k, v in environ.items() if k.startswith('HTTP_')]}")
