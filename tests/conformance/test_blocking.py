# SPDX-License-Identifier: Apache-2.0
"""Plain methods in threads keep the contract as coroutines do, even when the methods do not keep time."""

import asyncio
import threading
from dataclasses import dataclass

import pytest

from ugr.config.types import Duration
from ugr.plugin.blocking import BlockingEndpoint, BlockingOptions
from ugr.testing import EndpointSuite, MemoryEndpoint, MemoryOptions, MemoryStore


@dataclass(frozen=True, kw_only=True)
class PlainOptions(BlockingOptions, MemoryOptions):
    pass


def plain(verb):
    """Return a plain method that does what a coroutine of the memory endpoint does."""

    def method(self, *arguments, **named):
        self.wait()
        return asyncio.run(getattr(self.memory, verb)(*arguments, **named))

    return method


class PlainMemory(BlockingEndpoint):
    """A memory endpoint behind plain methods; while ``gate`` is closed they hang, whatever the call says."""

    type = "plain-memory"
    Options = PlainOptions

    def __init__(self, name, options):
        super().__init__(name, options)
        self.memory = MemoryEndpoint(name, options)
        self.gate = threading.Event()
        self.gate.set()

    def wait(self):
        self.gate.wait(20)

    def capabilities(self):
        return self.memory.capabilities()

    def list(self, path, call):
        self.wait()
        with asyncio.Runner() as runner:
            entries = self.memory.list(path, call)
            try:
                while True:
                    yield runner.run(self.following(entries))
            except StopAsyncIteration:
                return
            finally:
                runner.run(entries.aclose())

    async def following(self, entries):
        return await anext(entries)

    def redirect(self, path, intent, transfer, call):
        return self.memory.redirect(path, intent, transfer, call)

    stat = plain("stat")
    delete = plain("delete")
    mkdir = plain("mkdir")
    move = plain("move")
    copy = plain("copy")
    checksum = plain("checksum")
    store_checksum = plain("store_checksum")
    multipart = plain("multipart")
    usage = plain("usage")
    health = plain("health")
    data = plain("data")
    replicas = plain("replicas")


class PlainStore(MemoryStore):
    def __init__(self, endpoint):
        super().__init__(endpoint.memory)
        self.gate = endpoint.gate

    def hang(self):
        self.gate.clear()

    def up(self):
        super().up()
        self.gate.set()


class TestPlainMemory(EndpointSuite):
    @pytest.fixture
    def endpoint(self):
        return PlainMemory("plain", PlainOptions(writable=True, timeout=Duration(2.0)))

    @pytest.fixture
    def store(self, endpoint):
        return PlainStore(endpoint)
