# SPDX-License-Identifier: Apache-2.0
"""What reaches the endpoint, and what never does."""

import asyncio
import os
import random
import threading
import warnings

import pytest

from tests.integration.transport.servers import plain
from ugr.call import Call
from ugr.errors import BadRequest, Unavailable
from ugr.transport import Credentials


def soon(seconds=10.0):
    return Call.until(seconds)


def test_connections_are_kept_and_used_again(run, serve):
    server = serve(plain)

    async def scenario(transport):
        for number in range(20):
            answer = await transport.send("GET", f"{server.url}/{number}", call=soon())
            assert (answer.status, answer.body) == (200, f"/{number}".encode())

    run(scenario)
    assert server.connections == 1


def test_a_method_after_another_leaves_nothing_behind(run, serve):
    server = serve(plain)
    steps = [
        ("PUT", b"abc", (("Content-Type", "text/plain"), ("X-One", "1"))),
        ("GET", None, ()),
        ("HEAD", None, ()),
        ("PROPFIND", b"<x/>", (("Depth", "1"),)),
        ("GET", None, ()),
        ("DELETE", None, ()),
        ("HEAD", None, ()),
        ("POST", b"", ()),
        ("OPTIONS", None, ()),
        ("MKCOL", None, ()),
    ]

    async def scenario(transport):
        for number, (method, body, headers) in enumerate(steps):
            answer = await transport.send(method, f"{server.url}/{number}", call=soon(), body=body, headers=headers)
            assert answer.body == (b"" if method == "HEAD" else f"/{number}".encode())

    run(scenario)
    assert len(server.seen) == len(steps)
    for seen, (method, body, headers) in zip(server.seen, steps, strict=True):
        expected = {name.lower(): value for name, value in headers}
        if body is not None:
            expected["content-length"] = str(len(body))
        assert (seen.method, seen.body) == (method, body or b"")
        assert {k: v for k, v in seen.headers.items() if k not in ("host", "user-agent", "accept")} == expected
        assert seen.headers["user-agent"].startswith("ugr/")


def test_a_path_is_sent_as_it_is(run, serve):
    server = serve(plain)
    targets = ["/a/../b/%2e%2e/c", "/./x", "/%c3%a9?x=%2f&y=a+b", "//x//y/", "/?", "/?a=?/"]
    targets += ["/{}|^<>`\\\"'[]~!@$&*();=,"]

    async def scenario(transport):
        for target in targets:
            assert (await transport.send("GET", server.url + target, call=soon())).body.decode() == target
        assert (await transport.send("GET", server.url, call=soon())).body == b"/"
        assert (await transport.send("GET", server.url + "?a=1", call=soon())).body == b"/?a=1"

    run(scenario)


def test_nothing_can_be_smuggled_into_a_request(run, serve):
    server = serve(plain)
    evil = "x\r\nX-Evil: 1\r\n\r\nDELETE / HTTP/1.1"
    attempts = [
        {"method": "GET " + evil},
        {"method": "GET\n"},
        {"url": server.url + "/" + evil},
        {"url": server.url + "/ HTTP/1.1\nX-Evil:1"},
        {"headers": [("X", evil)]},
        {"headers": [("X", "a\nb")]},
        {"headers": [(evil, "x")]},
        {"headers": [("X: 1\r\nY", "x")]},
        {"headers": [("Transfer-Encoding", "chunked")]},
        {"headers": [("Content-Length", "5")], "body": b"abc"},
        {"url": "file:///etc/passwd"},
        {"url": f"http://user:secret@127.0.0.1:{server.port}/"},
    ]

    async def scenario(transport):
        for attempt in attempts:
            with pytest.raises(BadRequest):
                await transport.send(**{"method": "GET", "url": server.url + "/", "call": soon(), **attempt})
            with pytest.raises(BadRequest):
                async with transport.stream(**{"method": "GET", "url": server.url + "/", "call": soon(), **attempt}):
                    pass

    run(scenario)
    assert (server.connections, server.seen) == (0, [])


def test_a_user_agent_that_is_no_header_value_is_refused(run):
    async def scenario(transport):
        pass

    with pytest.raises(BadRequest):
        run(scenario, user_agent="ugr\r\nX: 1")


def test_proxies_of_the_environment_are_not_used(run, serve, monkeypatch):
    server, proxy = serve(plain), serve(plain)
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)

    async def scenario(transport):
        assert (await transport.send("GET", server.url + "/x", call=soon())).body == b"/x"

    run(scenario)
    assert (server.connections, proxy.connections) == (1, 0)


def test_redirects_are_answers(run, serve):
    def script(connection):
        while connection.read() is not None:
            connection.answer(b"", "302 Found", [("Location", server.url + "/other")])

    server = serve(script)

    async def scenario(transport):
        answer = await transport.send("GET", server.url + "/x", call=soon())
        assert (answer.status, answer.header("location")) == (302, server.url + "/other")

    run(scenario)
    assert [seen.target for seen in server.seen] == ["/x"]


def test_a_server_that_closes_kept_connections_at_random_fails_no_get_and_sees_each_once(run, serve):
    dice = random.Random(1)

    def script(connection):
        while (seen := connection.read()) is not None:
            connection.answer(seen.target.encode())
            if dice.random() < 0.3:
                return

    server = serve(script)

    async def scenario(transport):
        async def user(first):
            for number in range(first, 1000, 8):
                answer = await transport.send("GET", f"{server.url}/{number}", call=soon())
                assert answer.body == f"/{number}".encode()

        await asyncio.gather(*(user(first) for first in range(8)))

    run(scenario)
    assert sorted(int(seen.target[1:]) for seen in server.seen) == list(range(1000))


@pytest.mark.parametrize("method", ["DELETE", "POST", "PUT", "MKCOL", "MOVE", "PATCH"])
def test_an_unsafe_method_is_never_sent_twice(run, serve, method):
    def script(connection):
        while (seen := connection.read()) is not None:
            if seen.method == method:
                return  # hangs up without an answer: did it happen or not?
            connection.answer()

    server = serve(script)

    async def scenario(transport):
        for number in range(3):
            await transport.send("GET", f"{server.url}/warm", call=soon())
            with pytest.raises(Exception, match="closed without an answer"):
                await transport.send(method, f"{server.url}/{number}", call=soon(), body=b"x")

    run(scenario)
    assert [seen.target for seen in server.seen if seen.method == method] == ["/0", "/1", "/2"]


def test_a_get_on_a_connection_that_went_stale_is_sent_again(run, serve):
    def script(connection):
        while connection.read() is not None:
            if connection.answered and connection.number < 3:
                return
            connection.answer()

    server = serve(script)

    async def scenario(transport):
        for _ in range(4):
            assert (await transport.send("GET", server.url, call=soon())).status == 200

    run(scenario)
    assert server.connections == 3


def test_a_get_survives_an_endpoint_that_closed_more_connections_than_libcurl_tries(run, serve):
    together = threading.Barrier(20)

    def script(connection):
        while connection.read() is not None:
            if connection.number <= 20:
                together.wait(5)
                connection.answer()
                return
            connection.answer(b"new")

    server = serve(script)

    async def scenario(transport):
        await asyncio.gather(*(transport.send("GET", server.url, call=soon()) for _ in range(20)))
        await asyncio.to_thread(server.wait, lambda: server.open == 0)
        for method in ("GET", "PROPFIND"):
            tasks = (transport.send(method, server.url, call=soon(), body=b"x") for _ in range(3))
            assert [answer.body for answer in await asyncio.gather(*tasks)] == [b"new"] * 3

    run(scenario)


def test_unsafe_requests_do_not_pile_up_connections(run, serve):
    server = serve(plain)

    async def scenario(transport):
        for _ in range(30):
            await transport.send("DELETE", server.url + "/x", call=soon())
        assert server.wait(lambda: server.open <= 4)

    run(scenario, per_host=4)
    assert server.connections == 30


def test_basic_is_sent_at_once_and_users_share_no_connection(run, serve):
    server = serve(plain)
    users = [Credentials(user="anna", password="a"), Credentials(user="otto", password="o"), Credentials()]

    async def scenario(transport):
        for _ in range(3):
            for credentials in users:
                await transport.send("GET", server.url, call=soon(), credentials=credentials)

    run(scenario)
    sent = {(seen.headers.get("authorization"), seen.connection) for seen in server.seen}
    assert sorted(sent, key=str) == [("Basic YW5uYTph", 1), ("Basic b3R0bzpv", 2), (None, 3)]


def digest_server(connection):
    while (seen := connection.read()) is not None:
        proof = seen.headers.get("authorization", "")
        if seen.method == "DELETE" and proof:
            return  # hangs up without an answer
        if 'nonce="one"' in proof and 'username="anna"' in proof:
            connection.answer(seen.method.encode())
        else:
            connection.answer(b"", "401 Who", [("WWW-Authenticate", 'Digest realm="r", nonce="one", qop="auth"')])


def test_digest_asks_once_and_remembers_the_challenge(run, serve):
    server = serve(digest_server)
    anna, otto = (Credentials(user=user, password="x", digest=True) for user in ("anna", "otto"))

    async def scenario(transport):
        for method in ("GET", "PUT", "PROPFIND"):
            answer = await transport.send(method, server.url, call=soon(), body=b"b", credentials=anna)
            assert (answer.status, answer.body) == (200, method.encode())
        async with transport.stream("GET", server.url, call=soon(), credentials=anna) as streaming:
            assert [chunk async for chunk in streaming.chunks()] == [b"GET"]
        assert (await transport.send("GET", server.url, call=soon(), credentials=otto)).status == 401

    run(scenario)
    assert ["authorization" in seen.headers for seen in server.seen] == [False, True, True, True, True, False, True]


def test_a_delete_with_digest_arrives_once_when_the_server_hangs_up(run, serve):
    server = serve(digest_server)
    anna = Credentials(user="anna", password="x", digest=True)

    async def scenario(transport):
        with pytest.raises(Exception, match="closed without an answer"):
            await transport.send("DELETE", server.url, call=soon(), credentials=anna)

    run(scenario)
    assert ["authorization" in seen.headers for seen in server.seen] == [False, True]


def test_another_thread_may_not_use_it(run, serve):
    server = serve(plain)

    async def scenario(transport):
        def misuse():
            asyncio.run(transport.send("GET", server.url, call=soon()))

        with pytest.raises(RuntimeError, match="its own loop's thread"):
            await asyncio.to_thread(misuse)

    run(scenario)


def test_a_forked_child_that_closes_it_takes_nothing_from_the_parent(run, serve, authority):
    server = serve(plain, tls=authority.server(authority.issue("server")))
    credentials = Credentials(ca_file=authority.bundle)

    async def scenario(transport):
        await transport.send("GET", server.url, call=soon(), credentials=credentials)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # threads of the test's own server
            child = os.fork()
        if child == 0:
            try:
                transport.close().send(None)
            finally:
                os._exit(0)
        await asyncio.to_thread(os.waitpid, child, 0)
        await transport.send("GET", server.url, call=soon(), credentials=credentials)

    run(scenario)
    assert server.connections == 1


def test_a_closed_transport_asks_nothing(run, serve):
    server = serve(plain)

    async def scenario(transport):
        task = asyncio.create_task(transport.send("GET", "http://127.0.0.1:1/", call=soon()))
        await transport.close()
        await transport.close()
        with pytest.raises(Unavailable):
            await task
        with pytest.raises(Unavailable):
            await transport.send("GET", server.url, call=soon())

    run(scenario)
    assert server.connections == 0
