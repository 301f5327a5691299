# SPDX-License-Identifier: Apache-2.0
"""What is made of answers that are odd, broken or hostile."""

import asyncio
import socket
import time

import pytest

from tests.integration.transport.servers import plain, raw
from ugr.call import Call
from ugr.errors import Misbehaved, Refused

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def soon(seconds=10.0):
    return Call.until(seconds)


def ask(run, url, method="GET", **options):
    async def scenario(transport):
        return await transport.send(method, url, call=soon(), **options)

    return run(scenario)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nokk", "malformed answer"),
        (OK + b"Content-Length: -2\r\n\r\nok", "malformed answer"),
        (OK + b"Content-Length: 2x\r\n\r\nok", "malformed answer"),
        (OK + b"X: a\0b\r\n\r\nok", "malformed answer"),
        (OK + b"X: a\rb\r\n\r\nok", "malformed answer"),
        (OK + b"no colon\r\n\r\nok", "malformed answer"),
        (b"hello\n", "not HTTP/1.1"),
        (b"220 ready\r\n", "not HTTP/1.1"),
        (b"HTTP/1.1 000 X\r\n\r\n", "not HTTP/1.1"),
        (b"HTTP/1.2 200 X\r\nContent-Length: 2\r\n\r\nok", "not HTTP/1.1"),
        (b"HTTP/3.1 200 X\r\nContent-Length: 2\r\n\r\nok", "not HTTP/1.1"),
        (OK + b"Content-Length: 20\r\n\r\nok", "cut off"),
        (OK + b"Content-Le", "cut off"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n20\r\nok", "cut off"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n", "malformed answer"),
        (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "transfer coding"),
        (OK + b"Transfer-Encoding: \xff\xfe\r\n\r\nok", "transfer coding"),
        (OK + b"Content-Length: " + b"9" * 30 + b"\r\n\r\nok", "content-length|cut off"),
        (OK + b"".join(b"X%d: %s\r\n" % (n, b"a" * 990) for n in range(1000)) + b"\r\n", "malformed answer: Too large"),
        (OK + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n", "too long"),
    ],
)
def test_a_broken_answer_is_misbehaviour_that_names_the_host(run, serve, answer, why):
    server = serve(raw(answer))
    with pytest.raises(Misbehaved, match=rf"^127\.0\.0\.1:{server.port}: .*({why})"):
        ask(run, server.url + "/secret?sig=geheim")


@pytest.mark.parametrize(
    "answer", [OK + b"Content-Length: 2\r\n", OK, OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n"]
)
def test_a_broken_answer_to_head_is_misbehaviour_too(run, serve, answer):
    with pytest.raises(Misbehaved):
        ask(run, serve(raw(answer)).url, "HEAD")


def test_a_broken_answer_to_a_stream_is_misbehaviour_before_it_is_given(run, serve):
    server = serve(raw(OK + b"Transfer-Encoding: \xff\r\n\r\nok"))

    async def scenario(transport):
        with pytest.raises(Misbehaved):
            async with transport.stream("GET", server.url, call=soon()):
                pass

    run(scenario)


@pytest.mark.parametrize(
    ("answer", "headers"),
    [
        (b"HTTP/1.1 200 OK\nX: 1\nContent-Length: 2\n\nok", {"x": "1", "content-length": "2"}),
        (OK + b"X : 1\r\nY: 2\r\n\r\nok", {"y": "2"}),
        (OK + b" X: 1\r\nContent-Length: 2\r\n\r\nok", {"content-length": "2"}),
        (OK + b"X: a\x01\r\nY: \xe9\r\nZ: z\r\n\r\nok", {"z": "z"}),
        (OK + b"Content-Length: 20\r\n" + CHUNKED + b"\r\n2\r\nok\r\n0\r\n\r\n", {"transfer-encoding": "chunked"}),
        (OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", {"content-length": "2"}),
        (OK + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\nok", {"x": "a b", "content-length": "2"}),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok", {"content-length": "2"}),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n", {"transfer-encoding": "chunked"}),
        (OK + b"\r\nok", {}),
    ],
)
def test_an_odd_answer_is_given_with_clean_headers(run, serve, answer, headers):
    got = ask(run, serve(raw(answer)).url)
    assert (got.status, dict(got.headers), got.body) == (200, headers, b"ok")


@pytest.mark.parametrize("status", ["204 No", "304 No", "404 No", "500 No", "507 No", "600 No"])
def test_any_status_is_an_answer(run, serve, status):
    server = serve(lambda connection: (connection.read(), connection.answer(b"", status)))
    assert ask(run, server.url).status == int(status[:3])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("later", [False, True])
def test_bytes_after_an_answer_are_not_taken_for_the_next_one(run, serve, method, later):
    poison = OK + b"Content-Length: 6\r\n\r\npoison"

    def script(connection):
        while (seen := connection.read()) is not None:
            body = b"" if seen.method == "HEAD" else b"ok"
            connection.send(OK + b"X: good\r\nContent-Length: 2\r\n\r\n" + body + (b"" if later else poison))
            if later:
                time.sleep(0.02)
                connection.send(poison)

    server = serve(script)

    async def scenario(transport):
        for _ in range(5):
            answer = await transport.send(method, server.url, call=soon())
            assert (answer.header("x"), answer.body) == ("good", b"" if method == "HEAD" else b"ok")
            await asyncio.sleep(0.05 if later else 0)

    run(scenario)


def test_a_body_may_be_as_long_as_the_limit_and_no_longer(run, serve):
    server = serve(lambda connection: (connection.read(), connection.answer(b"x" * 100_000)))
    assert len(ask(run, server.url, max_body=100_000).body) == 100_000
    with pytest.raises(Misbehaved, match="body longer than 99999 bytes"):
        ask(run, server.url, max_body=99_999)


def test_an_endless_body_ends_at_the_limit(run, serve):
    def script(connection):
        connection.read()
        connection.send(OK + b"\r\n")
        while True:
            connection.send(b"x" * 65536)

    with pytest.raises(Misbehaved, match="body longer than"):
        ask(run, serve(script).url)


def test_a_refused_connection_is_refused_and_says_where(run):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(Refused, match=rf"^127\.0\.0\.1:{port}: no connection: connection refused$"):
        ask(run, f"http://127.0.0.1:{port}/p?sig=geheim")


def test_an_unknown_host_is_refused(run):
    with pytest.raises(Refused, match=r"^nowhere\.invalid:80: host name not resolved"):
        ask(run, "http://nowhere.invalid/")


def test_a_reset_is_refused(run, serve):
    server = serve(lambda connection: (connection.read(), connection.reset()))
    with pytest.raises(Refused, match="connection reset by peer"):
        ask(run, server.url)


def test_a_dead_address_of_a_host_does_not_matter_when_another_lives(run, serve):
    server = serve(plain, host="::1")
    assert ask(run, f"http://localhost:{server.port}/x").body == b"/x"
    assert ask(run, f"http://[::1]:{server.port}/x").body == b"/x"
