# SPDX-License-Identifier: Apache-2.0
"""The table from errors to statuses, and how a reply is put on the wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ugr import errors
from ugr.errors import UgrError
from ugr.frontend import replies
from ugr.frontend.replies import BLOCK, REFUSALS, STATUS, Blocks, Refusal, Reply


def kinds(above: type[UgrError] = UgrError) -> Iterator[type[UgrError]]:
    """Yield every kind of error of ours."""
    for kind in above.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield kind
            yield from kinds(kind)


EXPECTED = {
    "not-found": 404, "permission-denied": 403, "unauthenticated": 403, "bad-request": 400, "already-exists": 405,
    "is-a-directory": 409, "not-a-directory": 409, "conflict": 409, "precondition-failed": 412, "unsupported": 501,
    "no-space": 507, "unavailable": 503, "deadline-exceeded": 503, "overloaded": 503, "endpoint-error": 502,
    "endpoint-timeout": 503, "endpoint-refused": 502, "endpoint-busy": 503, "endpoint-misbehaved": 502,
    "configuration": 500,
}  # fmt: skip


@pytest.mark.parametrize("kind", list(kinds()), ids=lambda kind: kind.__name__)
def test_every_kind_of_error_has_its_status(kind: type[UgrError]) -> None:
    reply = replies.failure(kind("why"), "id", None)
    assert reply.status == EXPECTED[kind.code]
    assert (b"%d %s: why\n" % (reply.status, kind.code.encode())) in bytes(reply.body or b"")  # type: ignore[arg-type]


def test_every_retryable_error_is_503_or_502_and_every_503_says_when_to_come_back() -> None:
    for kind in kinds():
        reply = replies.failure(kind(), "id", None)
        if kind.retryable:
            assert reply.status in (502, 503)
        assert (reply.status == 503) == ("Retry-After" in dict(reply.headers))


def test_unauthenticated_is_401_only_where_a_credential_could_help() -> None:
    reply = replies.failure(errors.Unauthenticated(), "id", None, ("Bearer", 'Basic realm="x"'))
    assert reply.status == 401
    assert [value for name, value in reply.headers if name == "WWW-Authenticate"] == ["Bearer", 'Basic realm="x"']
    assert replies.failure(errors.Unauthenticated(), "id", None).status == 403


def test_subclass_of_a_plugin_has_the_status_of_the_kind_that_it_is() -> None:
    class Odd(errors.Busy):
        code = "odd"

    class New(UgrError):
        code = "new"

    assert replies.failure(Odd(), "id", None).status == 503
    assert replies.failure(New(), "id", None).status == 500


@pytest.mark.parametrize("code", REFUSALS)
def test_every_refusal_tells_its_code(code: str) -> None:
    reply = replies.refused(Refusal(code, "why"), "id", None)
    assert reply.status == REFUSALS[code]
    assert reply.body == f"{reply.status} {code}: why\nrequest: id\n".encode()


def test_codes_of_refusals_and_errors_do_not_collide() -> None:
    assert REFUSALS.keys().isdisjoint(kind.code for kind in STATUS)


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\nb", "a\0b", "é"])
def test_header_that_could_break_out_is_refused_and_the_body_closed(value: str) -> None:
    closed: list[bool] = []
    reply = Reply(200, (("X", value),), Blocks(iter([b"x"]), lambda: closed.append(True)))
    with pytest.raises(ValueError, match="header X"):
        reply.check()
    assert closed == [True]


def sent(reply: Reply, method: str = "GET") -> tuple[str, dict[str, str], list[bytes]]:
    """Put a reply on the wire."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    body = list(replies.send(reply, method, lambda status, headers: started.append((status, headers))))
    return started[0][0], dict(started[0][1]), body


def test_bytes_are_sent_with_their_length() -> None:
    assert sent(Reply(200, (), b"abc")) == ("200 OK", {"Content-Length": "3"}, [b"abc"])


def test_head_gets_the_length_without_the_body() -> None:
    assert sent(Reply(404, (), b"abc"), "HEAD") == ("404 Not Found", {"Content-Length": "3"}, [])


@pytest.mark.parametrize("status", [204, 304])
def test_status_without_body_has_neither_body_nor_length(status: int) -> None:
    assert sent(Reply(status, (), b""))[1:] == ({}, [])


def test_body_of_unknown_length_is_not_said_to_be_empty() -> None:
    assert sent(Reply(200, (), None), "HEAD")[1:] == ({}, [])


def test_blocks_that_are_not_wanted_are_closed() -> None:
    closed: list[bool] = []
    reply = Reply(200, (), Blocks(iter([b"x"]), lambda: closed.append(True)))
    assert sent(reply, "HEAD")[2] == []
    assert closed == [True]


def test_short_text_is_sent_whole_with_its_length_and_closed() -> None:
    closed: list[bool] = []
    reply = replies.streamed(200, (), iter(["a", "é"]), lambda: closed.append(True))
    assert (reply.body, closed) == ("aé".encode(), [True])


def test_long_text_is_sent_in_blocks() -> None:
    closed: list[bool] = []
    pieces = ["x" * 1000] * 100
    reply = replies.streamed(200, (), iter(pieces), lambda: closed.append(True))
    assert isinstance(reply.body, Blocks)
    blocks = list(reply.body)
    assert b"".join(blocks) == b"x" * 100_000
    assert all(BLOCK <= len(block) < BLOCK + 1000 for block in blocks[:-1])
    assert closed == []
    reply.body.close()
    assert closed == [True]


def test_text_that_is_exactly_one_block_is_complete() -> None:
    reply = replies.streamed(200, (), iter(["x" * BLOCK]), lambda: None)
    assert isinstance(reply.body, Blocks)
    assert list(reply.body) == [b"x" * BLOCK]


def test_text_that_fails_in_its_first_block_is_closed_and_raises() -> None:
    closed: list[bool] = []

    def failing() -> Iterator[str]:
        yield "a"
        raise errors.Unavailable("gone")

    with pytest.raises(errors.Unavailable):
        replies.streamed(200, (), failing(), lambda: closed.append(True))
    assert closed == [True]


def test_all_names_that_were_not_asked_stand_in_one_header() -> None:
    assert replies.unasked(("a", "b\r\nX: y")) == (("Ugr-Unasked", "a, b%0D%0AX: y"),)
    assert replies.unasked(()) == ()
