# SPDX-License-Identifier: Apache-2.0
"""Bodies that are read piece by piece."""

import asyncio
import threading

import pytest

from tests.integration.transport.servers import plain, raw
from ugr.call import Call
from ugr.errors import Misbehaved, Refused, Timeout, Unavailable

OK = b"HTTP/1.1 200 OK\r\n"
PIECE = bytes(range(256)) * 256  # 64 KiB


def soon(seconds=10.0):
    return Call.until(seconds)


async def read(streaming_context, got):
    """Read a stream to its end; what came is in ``got`` whatever happens."""
    async with streaming_context as streaming:
        async for chunk in streaming.chunks():
            got.append(chunk)


class Firehose:
    """Sends ``pieces`` as fast as it is read, and counts."""

    def __init__(self, pieces):
        self.pieces = pieces
        self.sent = 0

    def __call__(self, connection):
        while connection.read() is not None:
            connection.send(OK + b"Content-Length: %d\r\nX-A: b\r\n\r\n" % (self.pieces * len(PIECE)))
            for _ in range(self.pieces):
                connection.send(PIECE)
                self.sent += len(PIECE)


def test_a_stream_gives_status_headers_and_every_byte(run, serve):
    server = serve(Firehose(160))

    async def scenario(transport):
        for _ in range(2):
            async with transport.stream("PROPFIND", server.url, call=soon(), body=b"<x/>") as streaming:
                assert (streaming.status, streaming.header("x-a"), streaming.header("none")) == (200, "b", None)
                got = b"".join([chunk async for chunk in streaming.chunks()])
                assert got == PIECE * 160

    run(scenario)
    assert server.connections == 1


def test_the_head_is_given_before_the_body_comes(run, serve):
    release = threading.Event()

    def script(connection):
        connection.read()
        connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\n")
        release.wait(5)
        connection.send(b"ok")

    server = serve(script)

    async def scenario(transport):
        async with transport.stream("GET", server.url, call=soon()) as streaming:
            assert streaming.status == 200
            assert streaming.headers == (("content-length", "2"),)
            release.set()
            assert [chunk async for chunk in streaming.chunks()] == [b"ok"]

    run(scenario)


def test_a_head_request_streams_nothing(run, serve):
    server = serve(plain)

    async def scenario(transport):
        async with transport.stream("HEAD", server.url + "/x", call=soon()) as streaming:
            assert streaming.header("content-length") == "2"
            assert [chunk async for chunk in streaming.chunks()] == []

    run(scenario)


def test_a_paused_reader_makes_the_endpoint_wait(run, serve):
    hose = Firehose(800)  # 50 MiB
    server = serve(hose)

    async def scenario(transport):
        async with transport.stream("GET", server.url, call=soon(30)) as streaming:
            chunks = streaming.chunks()
            got = len(await anext(chunks))
            await asyncio.sleep(0.3)
            ahead = hose.sent
            await asyncio.sleep(0.2)
            assert hose.sent == ahead < 16 << 20
            async for chunk in chunks:
                got += len(chunk)
            assert got == 800 * len(PIECE)

    run(scenario)


def test_leaving_early_stops_the_transfer_and_frees_its_turn(run, serve):
    hose = Firehose(8000)
    server = serve(hose)

    async def scenario(transport):
        for _ in range(3):
            async with transport.stream("GET", server.url, call=soon()) as streaming:
                async for chunk in streaming.chunks():
                    assert chunk
                    break
            assert transport.running == 0
            assert await asyncio.to_thread(server.wait, lambda: server.open == 0, 2.0)

    run(scenario, per_host=1)
    assert hose.sent < 8000 * len(PIECE)


def test_an_error_inside_the_context_stops_the_transfer(run, serve):
    server = serve(Firehose(8000))

    async def scenario(transport):
        with pytest.raises(KeyError):
            async with transport.stream("GET", server.url, call=soon()):
                raise KeyError
        assert await asyncio.to_thread(server.wait, lambda: server.open == 0, 2.0)

    run(scenario)


def test_cancelling_a_reader_that_waits_or_is_paused_stops_the_transfer(run, serve):
    def script(connection):
        seen = connection.read()
        connection.send(OK + b"Content-Length: 100000000\r\n\r\n")
        while seen.target == "/fast":
            connection.send(PIECE)
        connection.wait_for_end()

    server = serve(script)

    async def scenario(transport):
        async def reader(target):
            async with transport.stream("GET", server.url + target, call=soon()) as streaming:
                async for _ in streaming.chunks():
                    await asyncio.sleep(60)

        for target in ("/fast", "/silent"):
            task = asyncio.create_task(reader(target))
            await asyncio.sleep(0.1)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            assert transport.running == 0
            assert await asyncio.to_thread(server.wait, lambda: server.open == 0, 2.0)

    run(scenario)


def test_a_body_that_breaks_off_gives_what_came_and_then_the_error(run, serve):
    cut = serve(raw(OK + b"Content-Length: 20\r\n\r\nhalf"))
    reset = serve(raw(OK + b"Content-Length: 20\r\n\r\n", lambda connection: connection.reset()))
    hung = serve(raw(OK + b"Content-Length: 20\r\n\r\nhalf", lambda connection: connection.wait_for_end()))

    async def scenario(transport):
        for server, kind, expected in ((cut, Misbehaved, b"half"), (reset, Refused, b""), (hung, Timeout, b"half")):
            got = []
            with pytest.raises(kind):
                await read(transport.stream("GET", server.url, call=soon(), timeout=0.3), got)
            assert b"".join(got) == expected

    run(scenario)


def test_a_stream_has_a_limit_only_when_asked(run, serve):
    server = serve(Firehose(32))

    async def scenario(transport):
        got = []
        with pytest.raises(Misbehaved, match="body longer than 1000000 bytes"):
            await read(transport.stream("GET", server.url, call=soon(), max_body=1_000_000), got)
        assert sum(map(len, got)) <= 1_000_000

    run(scenario)


def test_a_reader_of_a_closed_stream_is_told(run, serve):
    server = serve(raw(OK + b"Content-Length: 20\r\n\r\n", lambda connection: connection.wait_for_end()))

    async def scenario(transport):
        async with transport.stream("GET", server.url, call=soon()) as streaming:
            reader = asyncio.create_task(anext(streaming.chunks()))
            await asyncio.sleep(0)
            await streaming.close()
            with pytest.raises(Unavailable):
                await reader
            await streaming.close()

    run(scenario)


def test_a_slow_reader_meets_the_deadline_after_what_it_has(run, serve):
    server = serve(Firehose(800))

    async def scenario(transport):
        async with transport.stream("GET", server.url, call=soon(0.3)) as streaming:
            await asyncio.sleep(0.5)
            chunks = streaming.chunks()
            got = len(await anext(chunks))
            while got < 1 << 20:
                try:
                    got += len(await anext(chunks))
                except Timeout:
                    return
            pytest.fail("the body went on after the deadline")

    run(scenario)
