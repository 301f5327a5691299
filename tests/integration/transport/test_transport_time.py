# SPDX-License-Identifier: Apache-2.0
"""Deadlines, queues, cancellation, and that nothing is left behind."""

import asyncio
import gc
import resource
import threading
import time

import pycurl
import pytest

from tests.integration.transport.servers import plain
from ugr.call import Call
from ugr.errors import DeadlineExceeded, Refused, Timeout


def soon(seconds=10.0):
    return Call.until(seconds)


def silent(connection):
    connection.read()
    connection.wait_for_end()


def rss():
    with open("/proc/self/statm") as stream:
        return int(stream.read().split()[1]) * resource.getpagesize()


async def timed(awaitable, kind):
    """Return how long it took to fail, and the error."""
    begun = time.monotonic()
    with pytest.raises(kind) as caught:
        await awaitable
    return time.monotonic() - begun, caught.value


@pytest.mark.parametrize("limits", [(0.3, None), (10, 0.3), (0.3, 5)])
def test_a_silent_server_costs_the_time_given_and_no_more(run, serve, limits):
    server = serve(silent)

    async def scenario(transport):
        took, error = await timed(
            transport.send("GET", server.url, call=soon(limits[0]), timeout=limits[1]), Timeout
        )
        assert 0.29 < took < 0.6
        assert f"127.0.0.1:{server.port}: no complete answer within" in str(error)
        assert server.wait(lambda: server.open == 0)

    run(scenario)


def test_a_header_sent_byte_by_byte_does_not_stretch_the_deadline(run, serve):
    stop = threading.Event()

    def script(connection):
        connection.read()
        connection.send(b"HTTP/1.1 200 OK\r\n")
        while not stop.wait(0.02):
            connection.send(b"X")

    server = serve(script)

    async def scenario(transport):
        took, _ = await timed(transport.send("GET", server.url, call=soon(0.3)), Timeout)
        assert 0.29 < took < 0.6

    run(scenario)
    stop.set()


def test_a_server_that_does_not_speak_tls_costs_the_connect_timeout(run, serve):
    server = serve(lambda connection: connection.wait_for_end())

    async def scenario(transport):
        url = f"https://127.0.0.1:{server.port}/"
        took, error = await timed(transport.send("GET", url, call=soon(), connect_timeout=0.2), Timeout)
        assert 0.19 < took < 0.5
        assert "no connection within 200 ms" in str(error)

    run(scenario)


def test_a_deadline_may_be_never(run, serve):
    server = serve(plain)

    async def scenario(transport):
        for call in (soon(float("inf")), soon(1e12)):
            tasks = [transport.send("GET", server.url, call=call, connect_timeout=float("inf")) for _ in range(3)]
            assert [answer.status for answer in await asyncio.gather(*tasks)] == [200] * 3

    run(scenario, per_host=1)


def test_without_time_nothing_is_asked(run, serve):
    server = serve(plain)

    async def scenario(transport):
        for call, timeout in ((soon(0), None), (soon(-1), 5), (soon(5), 0)):
            with pytest.raises(DeadlineExceeded):
                await transport.send("GET", server.url, call=call, timeout=timeout)

    run(scenario)
    assert server.connections == 0


def test_time_in_the_queue_counts_against_the_deadline(run, serve):
    server = serve(silent)

    async def scenario(transport):
        hung = [asyncio.create_task(transport.send("GET", server.url, call=soon(0.5))) for _ in range(2)]
        await asyncio.sleep(0.05)
        took, error = await timed(transport.send("GET", server.url, call=soon(0.3)), Timeout)
        assert 0.29 < took < 0.6
        assert "no free connection within" in str(error)
        await asyncio.gather(*hung, return_exceptions=True)

    run(scenario, per_host=2)
    assert server.connections == 2


def test_time_in_the_queue_does_not_count_as_connecting(run, serve):
    release = threading.Event()

    def script(connection):
        while connection.read() is not None:
            release.wait(5)
            connection.answer()

    server = serve(script)

    async def scenario(transport):
        options = {"call": soon(), "connect_timeout": 0.1}
        tasks = [asyncio.create_task(transport.send("GET", server.url, **options)) for _ in range(3)]
        await asyncio.sleep(0.3)
        release.set()
        assert [answer.status for answer in await asyncio.gather(*tasks)] == [200] * 3

    run(scenario, per_host=1)


def test_connections_stay_below_the_caps(run, serve):
    most = 0

    def script(connection):
        nonlocal most
        most = max(most, sum(server.open for server in servers))
        plain(connection)

    servers = [serve(script) for _ in range(3)]

    async def scenario(transport):
        urls = [servers[number % 3].url + f"/{number}" for number in range(150)]
        answers = await asyncio.gather(*(transport.send("GET", url, call=soon()) for url in urls))
        assert [answer.body for answer in answers] == [f"/{number}".encode() for number in range(150)]

    run(scenario, per_host=4, total=6)
    assert most <= 8  # a connection that is being closed is still open here
    assert all(server.connections < 50 for server in servers)


def test_cancelling_ends_the_transfer_at_once(run, serve):
    server = serve(silent)

    async def scenario(transport):
        task = asyncio.create_task(transport.send("GET", server.url, call=soon()))
        await asyncio.to_thread(server.wait, lambda: server.seen)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert transport.running == 0
        assert await asyncio.to_thread(server.wait, lambda: server.open == 0, 1.0)

    run(scenario)


def test_five_hundred_cancels_leave_nothing(run, serve, descriptors):
    def script(connection):
        while (seen := connection.read()) is not None:
            if seen.target == "/silent":
                connection.wait_for_end()
            else:
                connection.answer()

    server = serve(script)

    async def cancelled(transport, number):
        task = asyncio.create_task(transport.send("GET", server.url + "/silent", call=soon()))
        await asyncio.sleep(0 if number % 5 else 0.003)
        task.cancel()
        await asyncio.wait([task])

    async def scenario(transport):
        async def series(count):
            for first in range(0, count, 10):
                await asyncio.gather(*(cancelled(transport, first + number) for number in range(10)))
            assert (await transport.send("GET", server.url, call=soon())).status == 200
            await asyncio.to_thread(server.wait, lambda: server.open <= 1)
            gc.collect()
            return descriptors(), rss()

        before = await series(100)
        after = await series(500)
        assert after[0] <= before[0] + 2
        assert after[1] < before[1] + (2 << 20)

    run(scenario)


def test_many_timeouts_at_once_leave_nothing(run, serve, descriptors):
    server = serve(silent)

    async def scenario(transport):
        async def series():
            results = await asyncio.gather(
                *(transport.send("GET", server.url, call=soon(0.1)) for _ in range(50)), return_exceptions=True
            )
            assert {type(result) for result in results} == {Timeout}
            await asyncio.to_thread(server.wait, lambda: server.open == 0)
            return descriptors(), rss()

        await series()
        before = await series()
        for _ in range(4):
            after = await series()
        assert after[0] <= before[0] + 2
        assert after[1] < before[1] + (2 << 20)

    run(scenario)


def test_when_libcurl_gives_up_all_fail_and_the_next_request_works(run, serve, descriptors, capfd):
    def script(connection):
        while (seen := connection.read()) is not None:
            if seen.target == "/silent":
                connection.wait_for_end()
            else:
                connection.answer()

    server = serve(script)

    def fail(*_):
        raise ValueError("a callback that raises leaves a multi dead for ever")

    async def scenario(transport):
        for round_number in range(3):
            hung = [asyncio.create_task(transport.send("GET", server.url + "/silent", call=soon())) for _ in range(3)]
            await asyncio.to_thread(server.wait, lambda wanted=3 * (round_number + 1): len(server.seen) >= wanted)
            transport._driver._multi.setopt(pycurl.M_TIMERFUNCTION, fail)
            results = await asyncio.gather(
                *hung, transport.send("GET", server.url, call=soon(5)), return_exceptions=True
            )
            assert {type(result) for result in results} == {Refused}
            assert all("restarted" in str(result) for result in results)
            assert transport.running == 0
            assert (await transport.send("GET", server.url, call=soon())).status == 200
            server.seen[:] = ["-"] * (3 * (round_number + 1))
            if round_number == 0:
                before = descriptors()
        await asyncio.to_thread(server.wait, lambda: server.open <= 1)
        assert descriptors() <= before + 2

    run(scenario)
    assert "ValueError" in capfd.readouterr().err
