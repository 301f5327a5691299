# SPDX-License-Identifier: Apache-2.0
"""The answers that serve an open file: bytes, headers, ranges, and files that change under way."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from email.parser import BytesParser
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ugr.errors import Misbehaved, Unsupported
from ugr.frontend.data import BLOCK, DataReply, Known, content_type, entity_tag, respond

CONTENT = bytes(range(256)) * 4
MODIFIED = 784111777
SAME = "Sun, 06 Nov 1994 08:49:37 GMT"
BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT"
ETAG = entity_tag(len(CONTENT), MODIFIED * 10**9)

Opener = Callable[[], BinaryIO]


class Kept:
    """Files with a known time, in a directory of their own; all that were opened are closed at the end."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "f"
        self.files: list[BinaryIO] = []

    def open(self) -> BinaryIO:
        self.files.append(self.path.open("rb"))
        return self.files[-1]

    def __call__(self, content: bytes, time: int = MODIFIED) -> BinaryIO:
        self.path.write_bytes(content)
        os.utime(self.path, (time, time))
        return self.open()


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path)
    yield kept
    for file in kept.files:
        file.close()


@pytest.fixture
def opened(keep: Kept) -> Opener:
    keep(CONTENT)
    return keep.open


def header(reply: DataReply, name: str) -> str | None:
    values = [value for key, value in reply.headers if key == name]
    assert len(values) < 2
    return values[0] if values else None


def read(reply: DataReply) -> bytes:
    """Read a body as a server does, and check it against what the headers announce."""
    body = b"".join(reply.body)
    reply.body.close()
    announced = header(reply, "Content-Length")
    assert announced is None or int(announced) == len(body)
    return body


def test_a_get_gives_the_bytes_and_says_what_they_are(opened: Opener) -> None:
    reply = respond("GET", {}, opened(), name="f.txt")
    assert reply.status == 200
    assert dict(reply.headers) == {
        "Content-Type": "text/plain",
        "Content-Length": "1024",
        "Last-Modified": SAME,
        "ETag": ETAG,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private",
        "Content-Security-Policy": "sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    assert read(reply) == CONTENT


def test_a_head_has_the_headers_of_a_get_and_no_body(opened: Opener) -> None:
    reply = respond("HEAD", {"Range": "bytes=0-1"}, opened())
    assert reply.status == 200
    assert reply.headers == respond("GET", {}, opened()).headers
    assert b"".join(reply.body) == b""


def test_an_empty_file_is_an_empty_body(keep: Kept) -> None:
    reply = respond("GET", {"Range": "bytes=-5"}, keep(b""))
    assert (reply.status, header(reply, "Content-Length"), read(reply)) == (200, "0", b"")


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "OPTIONS", "get"])
def test_another_method_is_unsupported_and_the_file_is_closed(opened: Opener, method: str) -> None:
    file = opened()
    with pytest.raises(Unsupported, match="use GET or HEAD"):
        respond(method, {}, file)
    assert file.closed


def test_the_entity_tag_is_quoted_strong_and_no_md5() -> None:
    assert ETAG.startswith('"ugr-')
    assert ETAG.endswith('"')
    assert len(ETAG) == len('"ugr-"') + 24
    assert len({ETAG, entity_tag(1025, MODIFIED * 10**9), entity_tag(1024, MODIFIED * 10**9 + 1)}) == 3


RANGES = [
    ("bytes=0-0", b"\x00", "bytes 0-0/1024"),
    ("bytes=10-19", CONTENT[10:20], "bytes 10-19/1024"),
    ("bytes=-4", CONTENT[-4:], "bytes 1020-1023/1024"),
    ("bytes=1000-", CONTENT[1000:], "bytes 1000-1023/1024"),
    ("bytes=0-9999", CONTENT, "bytes 0-1023/1024"),
    ("bytes=5-5,2000-", CONTENT[5:6], "bytes 5-5/1024"),
]


@pytest.mark.parametrize(("value", "body", "content_range"), RANGES)
def test_one_range_is_given_as_it_is(opened: Opener, value: str, body: bytes, content_range: str) -> None:
    reply = respond("GET", {"Range": value}, opened(), name="f.txt")
    assert reply.status == 206
    assert header(reply, "Content-Range") == content_range
    assert header(reply, "Content-Type") == "text/plain"
    assert header(reply, "ETag") == ETAG
    assert read(reply) == body


def parts(reply: DataReply) -> list[tuple[str, str, bytes]]:
    """Parse a multipart/byteranges answer with the standard library's parser."""
    head = f"Content-Type: {header(reply, 'Content-Type')}\r\n\r\n".encode()
    message = BytesParser().parsebytes(head + read(reply))
    assert message.get_content_type() == "multipart/byteranges"
    found = []
    for part in message.walk():
        if part is not message:
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            found.append((part["Content-Type"], part["Content-Range"], payload))
    return found


def test_several_ranges_are_given_as_parts_in_the_order_asked_for(keep: Kept) -> None:
    text = b"".join(b"%04d" % number for number in range(100))
    reply = respond("GET", {"Range": "bytes=100-103,0-3,4-7,-4"}, keep(text), name="t.txt")
    assert reply.status == 206
    assert header(reply, "Content-Range") is None
    assert parts(reply) == [
        ("text/plain", "bytes 100-103/400", b"0025"),
        ("text/plain", "bytes 0-3/400", b"0000"),
        ("text/plain", "bytes 4-7/400", b"0001"),
        ("text/plain", "bytes 396-399/400", b"0099"),
    ]


def test_ranges_that_ask_for_everything_many_times_give_it_once(opened: Opener) -> None:
    reply = respond("GET", {"Range": f"bytes={','.join(['0-'] * 900)}"}, opened())
    assert (reply.status, header(reply, "Content-Range")) == (206, "bytes 0-1023/1024")
    assert read(reply) == CONTENT


def test_too_many_ranges_give_the_whole_file(opened: Opener) -> None:
    value = "bytes=" + ",".join(f"{number}-{number}" for number in range(0, 1000, 2))
    reply = respond("GET", {"Range": value}, opened())
    assert (reply.status, read(reply)) == (200, CONTENT)


def test_a_range_beyond_the_end_is_refused_with_the_size(opened: Opener) -> None:
    reply = respond("GET", {"Range": "bytes=1024-"}, opened())
    assert reply.status == 416
    assert header(reply, "Content-Range") == "bytes */1024"
    assert read(reply) == b""


CONDITIONS = [
    ({"If-None-Match": ETAG}, 304),
    ({"If-None-Match": "W/" + ETAG}, 304),
    ({"If-Modified-Since": SAME}, 304),
    ({"If-Match": '"other"'}, 412),
    ({"If-Unmodified-Since": BEFORE}, 412),
    # RFC 9110 section 13.2.2: conditions come before Range, and a range that would be refused is not looked at
    ({"If-None-Match": ETAG, "Range": "bytes=0-1"}, 304),
    ({"If-Match": '"other"', "Range": "bytes=9999-"}, 412),
    ({"If-Match": ETAG, "Range": "bytes=0-1"}, 206),
    # If-Range: section 13.1.5
    ({"If-Range": ETAG, "Range": "bytes=0-1"}, 206),
    ({"If-Range": SAME, "Range": "bytes=0-1"}, 206),
    ({"If-Range": '"other"', "Range": "bytes=0-1"}, 200),
    ({"If-Range": "W/" + ETAG, "Range": "bytes=0-1"}, 200),
    ({"If-Range": BEFORE, "Range": "bytes=0-1"}, 200),
    ({"If-Range": '"other"', "Range": "bytes=9999-"}, 200),
    ({"If-Range": ETAG, "Range": "bytes=9999-"}, 416),
    ({"Range": "lines=0-1"}, 200),
]


@pytest.mark.parametrize(("headers", "status"), CONDITIONS)
def test_conditions_and_ranges_together_give_the_status_of_the_rfc(
    opened: Opener, headers: dict[str, str], status: int
) -> None:
    reply = respond("GET", headers, opened())
    assert reply.status == status
    assert header(reply, "ETag") == ETAG
    assert read(reply) == {200: CONTENT, 206: CONTENT[:2]}.get(status, b"")
    expected = None if status == 304 else str({200: 1024, 206: 2}.get(status, 0))
    assert header(reply, "Content-Length") == expected


@pytest.mark.parametrize(("headers", "status"), [row for row in CONDITIONS if "Range" not in row[0]])
def test_a_head_obeys_conditions_too(opened: Opener, headers: dict[str, str], status: int) -> None:
    assert respond("HEAD", headers, opened()).status == status


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from(["GET", "HEAD"]))
def test_whatever_the_headers_are_length_and_body_agree(opened: Opener, value: str, other: str, method: str) -> None:
    headers = {"Range": f"bytes={value}", "If-Range": other, "If-None-Match": other, "If-Modified-Since": value}
    reply = respond(method, headers, opened())
    body = b"".join(reply.body)
    reply.body.close()
    assert method == "HEAD" or len(body) == int(header(reply, "Content-Length") or 0)


def test_a_large_file_comes_in_blocks(keep: Kept) -> None:
    content = os.urandom(2 * BLOCK + 7)
    blocks = list(respond("GET", {}, keep(content)).body)
    assert [len(block) for block in blocks] == [BLOCK, BLOCK, 7]
    assert b"".join(blocks) == content


def test_a_file_that_shrinks_while_it_is_sent_ends_short_with_an_error(keep: Kept) -> None:
    reply = respond("GET", {}, keep(bytes(3 * BLOCK)))
    blocks = iter(reply.body)
    assert next(blocks) == bytes(BLOCK)
    os.truncate(keep.path, BLOCK + 5)
    assert next(blocks) == bytes(5)
    with pytest.raises(Misbehaved, match="became shorter"):
        next(blocks)


def test_a_file_that_grows_while_it_is_sent_ends_where_it_was_announced_to(keep: Kept) -> None:
    reply = respond("GET", {}, keep(b"before"))
    with keep.path.open("ab") as stream:
        stream.write(b" and after")
    assert read(reply) == b"before"


@pytest.mark.parametrize("headers", [{}, {"If-None-Match": "*"}, {"Range": "bytes=9999-"}, {"If-Match": '"x"'}])
def test_closing_the_body_closes_the_file_read_or_not(opened: Opener, headers: dict[str, str]) -> None:
    file = opened()
    reply = respond("GET", headers, file)
    assert not file.closed
    reply.body.close()
    reply.body.close()
    assert file.closed


def test_a_time_in_the_future_is_not_told(opened: Opener) -> None:
    reply = respond("GET", {}, opened(), now=MODIFIED - 1.5)
    assert header(reply, "Last-Modified") == "Sun, 06 Nov 1994 08:49:35 GMT"
    assert header(reply, "ETag") == ETAG


def test_a_time_before_1970_is_no_obstacle(keep: Kept) -> None:
    assert header(respond("GET", {}, keep(b"old", time=-1000)), "Last-Modified") == "Thu, 01 Jan 1970 00:00:00 GMT"


@pytest.mark.parametrize(
    "name", ["x.html", "x.htm", "x.xhtml", "x.svg", "x.xml", "x.js", "x.pdf", "x.swf", "x.mht", "x", ".txt", "x.txt.gz"]
)
def test_nothing_that_could_run_in_a_browser_is_named_as_such(name: str) -> None:
    assert content_type(name) == "application/octet-stream"


@pytest.mark.parametrize(
    ("name", "expected"), [("a/b.TXT", "text/plain"), ("p.png", "image/png"), ("é.json", "application/json")]
)
def test_harmless_types_are_told(name: str, expected: str) -> None:
    assert content_type(name) == expected


def test_entity_tag_is_that_of_the_federation_for_bytes_that_were_there_before(opened: Opener) -> None:
    known = Known('"ugr-feed"', int(time.time()) + 5)
    reply = respond("GET", {"If-Match": '"ugr-feed"', "Range": "bytes=0-1"}, opened(), known=known)
    assert (reply.status, header(reply, "ETag"), read(reply)) == (206, '"ugr-feed"', CONTENT[:2])
    reply = respond("GET", {"If-Range": '"ugr-feed"', "Range": "bytes=4-5"}, opened(), known=known)
    assert (reply.status, read(reply)) == (206, CONTENT[4:6])


def test_entity_tag_of_the_federation_is_not_given_to_bytes_that_came_later(opened: Opener) -> None:
    known = Known('"ugr-feed"', int(time.time()) - 5)
    reply = respond("GET", {"If-Range": '"ugr-feed"', "Range": "bytes=4-5"}, opened(), known=known)
    assert (reply.status, header(reply, "ETag"), read(reply)) == (200, ETAG, CONTENT)
    assert respond("GET", {"If-Match": '"ugr-feed"'}, opened(), known=known).status == 412
