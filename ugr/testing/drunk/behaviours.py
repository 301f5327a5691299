# SPDX-License-Identifier: Apache-2.0
"""The ways of the drunk server to answer wrongly, by name.

Knows: what servers, proxies and networks do to clients. Refuses to know: any client.
"""

from __future__ import annotations

from collections.abc import Callable

from ugr.testing.drunk.exchange import Exchange

PIECE = 64 * 1024

Behaviour = Callable[[Exchange], None]
BEHAVIOURS: dict[str, Behaviour] = {}
"""Every way of misbehaving, by name."""


def _behaviour(function: Behaviour) -> Behaviour:
    BEHAVIOURS[function.__name__.strip("_").replace("_", "-")] = function
    return function


@_behaviour
def _silent(exchange: Exchange) -> None:
    """Read the request and answer nothing."""
    exchange.hang()


@_behaviour
def _slow_first_byte(exchange: Exchange) -> None:
    """Answer well after a second."""
    if exchange.wait(1.0):
        exchange.good(exchange.server.served(exchange.seen))
    else:
        exchange.close()


@_behaviour
def _hang_in_headers(exchange: Exchange) -> None:
    """Stop in the middle of the headers."""
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Len")
    exchange.hang()


@_behaviour
def _hang_after_headers(exchange: Exchange) -> None:
    """Promise a body of 1000 bytes and send none of it."""
    exchange.head("200 OK", "Content-Length: 1000")
    exchange.hang()


@_behaviour
def _hang_in_body(exchange: Exchange) -> None:
    """Stop after half of the body."""
    exchange.head("200 OK", "Content-Length: 1000")
    exchange.send(b"x" * 500)
    exchange.hang()


@_behaviour
def _slow_body(exchange: Exchange) -> None:
    """Send a body of 100 bytes, ten each 100 ms."""
    exchange.head("200 OK", "Content-Length: 100")
    for _ in range(10):
        if not exchange.wait(0.1):
            exchange.close()
            return
        exchange.send(b"x" * 10)


@_behaviour
def _truncated_body(exchange: Exchange) -> None:
    """Close after half of the body."""
    exchange.head("200 OK", "Content-Length: 1000")
    exchange.send(b"x" * 500)
    exchange.close()


@_behaviour
def _body_too_long(exchange: Exchange) -> None:
    """Send 20 bytes more than promised, on a connection that stays."""
    exchange.head("200 OK", "Content-Length: 10")
    exchange.send(b"x" * 30)


@_behaviour
def _truncated_chunks(exchange: Exchange) -> None:
    """Close in the middle of a chunk."""
    exchange.head("200 OK", "Transfer-Encoding: chunked")
    exchange.send(b"40\r\n" + b"x" * 20)
    exchange.close()


@_behaviour
def _bad_chunks(exchange: Exchange) -> None:
    """Give a chunk whose size is no number."""
    exchange.head("200 OK", "Transfer-Encoding: chunked")
    exchange.send(b"twenty\r\n" + b"x" * 20 + b"\r\n0\r\n\r\n")


@_behaviour
def _endless_body(exchange: Exchange) -> None:
    """Send a body that never ends."""
    exchange.head("200 OK", "Transfer-Encoding: chunked")
    while not exchange.server.released(exchange):
        exchange.send(b"%x\r\n" % PIECE + b"x" * PIECE + b"\r\n")
    exchange.close()


@_behaviour
def _two_lengths(exchange: Exchange) -> None:
    """Give two different Content-Length headers."""
    exchange.head("200 OK", "Content-Length: 5", "Content-Length: 7")
    exchange.send(b"x" * 7)


@_behaviour
def _negative_length(exchange: Exchange) -> None:
    """Give a Content-Length below zero."""
    exchange.head("200 OK", "Content-Length: -5")
    exchange.close()


@_behaviour
def _no_length(exchange: Exchange) -> None:
    """Give no length; the body ends with the connection."""
    exchange.head("200 OK", "Connection: close")
    if exchange.seen.method != "HEAD":
        exchange.send(exchange.server.served(exchange.seen).body)
    exchange.close()


@_behaviour
def _garbage_status(exchange: Exchange) -> None:
    """Answer with something that is not HTTP."""
    exchange.send(b"\x00\xff\xfeSSH-2.0-sorry\r\n\r\n")
    exchange.close()


@_behaviour
def _giant_headers(exchange: Exchange) -> None:
    """Send two megabytes of headers."""
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n")
    for number in range(2000):
        exchange.send(b"X-Header-%d: " % number + b"x" * 1000 + b"\r\n")
    exchange.send(b"\r\n")


@_behaviour
def _control_bytes_in_headers(exchange: Exchange) -> None:
    """Put control characters into a header value."""
    exchange.head("200 OK", "Content-Length: 0", "ETag: \x01\x1b[31m\x7f")


@_behaviour
def _garbage_json(exchange: Exchange) -> None:
    """Call JSON what is none."""
    _typed(exchange, "application/json", b'[{"name": "a", "size": 1}, {"name": ')


@_behaviour
def _garbage_xml(exchange: Exchange) -> None:
    """Call XML what is none."""
    text = b'<?xml version="1.0"?><multistatus><response></multistatus>'
    _typed(exchange, "application/xml", text, "207 Multi-Status")


@_behaviour
def _wrong_json(exchange: Exchange) -> None:
    """Answer JSON of another shape than anybody expects."""
    _typed(exchange, "application/json", b'{"error": [null, {"name": 7, "size": "big"}]}')


@_behaviour
def _html(exchange: Exchange) -> None:
    """Answer 200 with a page for people, as portals that want a login do."""
    _typed(exchange, "text/html", b"<html><body>Please log in.</body></html>")


@_behaviour
def _huge_json(exchange: Exchange) -> None:
    """Answer a JSON list of 64 MiB."""
    exchange.head("200 OK", "Content-Type: application/json", "Transfer-Encoding: chunked")
    _huge(exchange, b"[", b'{"name": "xxxxxxxxxxxxxxxx", "type": "file", "size": 1},\n', b"0]")


@_behaviour
def _huge_xml(exchange: Exchange) -> None:
    """Answer an XML document of 64 MiB."""
    exchange.head("207 Multi-Status", "Content-Type: application/xml", "Transfer-Encoding: chunked")
    _huge(exchange, b"<multistatus>", b"<response><href>/xxxxxxxxxxxxxxxx</href></response>\n", b"</multistatus>")


@_behaviour
def _xml_bomb(exchange: Exchange) -> None:
    """Answer a short XML document that entities would blow up to gigabytes."""
    entities = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    text = f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY e0 "xxxxxxxxxx">{entities}]><d>&e9;</d>'
    _typed(exchange, "application/xml", text.encode(), "207 Multi-Status")


@_behaviour
def _redirect_circle(exchange: Exchange) -> None:
    """Redirect to the very same URL."""
    exchange.head("302 Found", f"Location: {exchange.server.url}{exchange.seen.target}", "Content-Length: 0")


@_behaviour
def _not_found(exchange: Exchange) -> None:
    """Answer 404."""
    exchange.head("404 Not Found", "Content-Length: 0")


@_behaviour
def _denied(exchange: Exchange) -> None:
    """Answer 403."""
    exchange.head("403 Forbidden", "Content-Length: 0")


@_behaviour
def _unauthorized(exchange: Exchange) -> None:
    """Answer 401."""
    exchange.head("401 Unauthorized", 'WWW-Authenticate: Basic realm="drunk"', "Content-Length: 0")


@_behaviour
def _broken(exchange: Exchange) -> None:
    """Answer 500."""
    exchange.head("500 Internal Server Error", "Content-Length: 0")


@_behaviour
def _busy(exchange: Exchange) -> None:
    """Answer 429 with Retry-After: 7."""
    exchange.head("429 Too Many Requests", "Retry-After: 7", "Content-Length: 0")


@_behaviour
def _unavailable(exchange: Exchange) -> None:
    """Answer 503 with a Retry-After that is no number."""
    exchange.head("503 Service Unavailable", "Retry-After: soon", "Content-Length: 0")


@_behaviour
def _reset(exchange: Exchange) -> None:
    """Reset the connection instead of answering."""
    exchange.reset()


@_behaviour
def _reset_in_body(exchange: Exchange) -> None:
    """Reset the connection after half of the body."""
    exchange.head("200 OK", "Content-Length: 1000")
    exchange.send(b"x" * 500)
    exchange.reset()


@_behaviour
def _close(exchange: Exchange) -> None:
    """Close the connection instead of answering."""
    exchange.close()


@_behaviour
def _stale(exchange: Exchange) -> None:
    """Answer a connection's first request well; close without an answer at its second."""
    if exchange.number == 1:
        exchange.good(exchange.server.served(exchange.seen))
    else:
        exchange.close()


def _typed(exchange: Exchange, content_type: str, body: bytes, status: str = "200 OK") -> None:
    exchange.head(status, f"Content-Type: {content_type}", f"Content-Length: {len(body)}")
    if exchange.seen.method != "HEAD":
        exchange.send(body)


def _huge(exchange: Exchange, start: bytes, piece: bytes, end: bytes) -> None:
    exchange.send(b"%x\r\n" % len(start) + start + b"\r\n")
    many = piece * (PIECE // len(piece))
    for _ in range((64 << 20) // len(many)):
        exchange.send(b"%x\r\n" % len(many) + many + b"\r\n")
    exchange.send(b"%x\r\n" % len(end) + end + b"\r\n0\r\n\r\n")
