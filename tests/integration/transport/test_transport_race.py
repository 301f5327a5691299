# SPDX-License-Identifier: Apache-2.0
"""Aborts, timeouts and cancels at random, while descriptors come and go: no wrong body, nothing stuck."""

import asyncio
import os
import random
import re
import socket
import time

import pytest
import uvloop

from ugr.call import Call
from ugr.errors import EndpointError, UgrError
from ugr.transport import Credentials, LoopThread

SECONDS = 1.3
USERS = 60
CHURNERS = 20


class Wild(asyncio.Protocol):
    """Echoes the target in a body of random length, late, in pieces, cut off, or not at all."""

    dice = random.Random(7)

    def connection_made(self, transport):
        self.transport = transport
        self.buffer = b""

    def data_received(self, data):
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
            method, target, _ = head.split(b" ", 2)
            self.answer(target, method == b"HEAD")

    def answer(self, target, head):
        if self.transport.is_closing():
            return
        loop, chance = asyncio.get_running_loop(), self.dice.random()
        body = b"" if head else target * self.dice.randint(1, 200)
        data = b"HTTP/1.1 200 OK\r\nX-Target: %s\r\nContent-Length: %d\r\n\r\n%s" % (target, len(body), body)
        if chance < 0.50:
            self.transport.write(data)
        elif chance < 0.70:
            loop.call_later(self.dice.random() * 0.02, self.write, data)
        elif chance < 0.80:
            self.transport.write(data[:50])
            loop.call_later(self.dice.random() * 0.02, self.write, data[50:])
        elif chance < 0.85:
            self.transport.write(data)
            self.transport.close()
        elif chance < 0.90:
            self.transport.write(data[:-1])
            self.transport.close()
        elif chance < 0.95:
            self.transport.abort()
        # else: silence

    def write(self, data):
        if not self.transport.is_closing():
            self.transport.write(data)


@pytest.fixture(scope="module")
def wild(authority):
    """Two servers in a loop of their own, plain and TLS: their addresses."""
    thread = LoopThread(new_loop=uvloop.new_event_loop)
    thread.start()
    context = authority.server(authority.issue("wild"))

    async def listen():
        loop = asyncio.get_running_loop()
        servers = [await loop.create_server(Wild, "127.0.0.1", 0, ssl=tls, backlog=1024) for tls in (None, context)]
        return servers, [server.sockets[0].getsockname()[1] for server in servers]

    servers, ports = thread.run(listen())
    yield {"plain": f"http://127.0.0.1:{ports[0]}", "tls": f"https://127.0.0.1:{ports[1]}"}

    async def close():
        for server in servers:
            server.close()

    thread.run(close())
    thread.stop(5.0)


async def churn(until, dice):
    """Open and close descriptors of all kinds, in the loop and beside it, so that numbers are used again."""
    loop = asyncio.get_running_loop()
    while time.monotonic() < until:
        one, two = socket.socketpair()
        one.setblocking(False)
        two.setblocking(False)
        if dice.random() < 0.5:
            word = os.urandom(8)
            await loop.sock_sendall(one, word)
            assert await asyncio.wait_for(loop.sock_recv(two, 8), 5) == word
        else:
            reader, writer = await asyncio.open_connection(sock=one)
            two.send(b"hello")
            assert await asyncio.wait_for(reader.read(5), 5) == b"hello"
            writer.close()
            await asyncio.sleep(0)
        one.close()
        two.close()
        await asyncio.sleep(dice.random() * 0.004)


class User:
    """Asks, and sometimes loses patience."""

    def __init__(self, transport, base, credentials, seed):
        self.transport, self.base, self.credentials = transport, base, credentials
        self.dice = random.Random(seed)
        self.seed = seed
        self.asked = self.answered = 0
        self.wrong = []

    async def live(self, until):
        while time.monotonic() < until:
            self.asked += 1
            target = f"/{self.seed}/{self.asked}/"
            ask = self.stream if self.dice.random() < 0.2 else self.whole
            task = asyncio.create_task(ask(target))
            if self.dice.random() < 0.2:
                await asyncio.sleep(self.dice.random() * 0.01)
                task.cancel()
            done, _ = await asyncio.wait([task], timeout=5)
            if not done:
                self.wrong.append("stuck: " + target)
                return
            if task.cancelled():
                continue
            error = task.exception()
            if error is None:
                self.answered += 1
            elif not isinstance(error, UgrError):
                self.wrong.append(repr(error))

    def options(self):
        return {
            "call": Call.until(self.dice.choice((0.005, 0.02, 0.1, 0.5))),
            "credentials": self.credentials,
        }

    async def whole(self, target):
        method = self.dice.choice(("GET", "GET", "HEAD", "DELETE", "PROPFIND"))
        answer = await self.transport.send(method, self.base + target, **self.options())
        self.check(target, answer.header("x-target"), answer.body, method)

    async def stream(self, target):
        early, parts = self.dice.random() < 0.3, []
        async with self.transport.stream("GET", self.base + target, **self.options()) as streaming:
            async for part in streaming.chunks():
                parts.append(part)
                if early:
                    self.check(target, streaming.header("x-target"), None, "GET")
                    return
                await asyncio.sleep(0)
        self.check(target, streaming.header("x-target"), b"".join(parts), "GET")

    def check(self, target, echoed, body, method):
        good = body is None or (body == b"" if method == "HEAD" else re.fullmatch(f"({target})+", body.decode()))
        if echoed != target or not good:
            self.wrong.append(f"{target} got {echoed} and {body!r:.100}")


@pytest.mark.parametrize("kind", ["plain", "tls"])
def test_no_body_is_wrong_and_nothing_is_stuck_whatever_is_aborted(run, wild, authority, kind, descriptors):
    credentials = Credentials(ca_file=authority.bundle) if kind == "tls" else Credentials()

    async def scenario(transport):
        until = time.monotonic() + SECONDS
        users = [User(transport, wild[kind], credentials, seed) for seed in range(USERS)]
        churners = [churn(until, random.Random(seed)) for seed in range(CHURNERS)]
        await asyncio.gather(*(user.live(until) for user in users), *churners)
        assert [wrong for user in users for wrong in user.wrong] == []
        assert transport.running == 0
        with pytest.raises(EndpointError):
            await transport.send("GET", "http://127.0.0.1:1/", call=Call.until(1))
        return sum(user.asked for user in users), sum(user.answered for user in users)

    before = descriptors()
    asked, answered = run(scenario, per_host=40, total=60)
    assert answered > asked * 0.1
    assert asked > 200
    until = time.monotonic() + 5  # the servers' ends are in this process too
    while descriptors() > before + 2 and time.monotonic() < until:
        time.sleep(0.01)
    assert descriptors() <= before + 2
