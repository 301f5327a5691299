# SPDX-License-Identifier: Apache-2.0
"""The S3 plugin before real gateways, asked from the test's thread."""

from __future__ import annotations

import asyncio
import http.client
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest
from ugr_s3.endpoint import S3Endpoint
from ugr_s3.options import S3Options

from tests.servers.ceph import Ceph
from ugr.plugin import Call, FileInfo, Intent, Location, Secret, Transfer, Transport
from ugr.transport import LoopThread

_numbers = itertools.count()


class Counted(Transport):
    """A transport that notes the method of every request."""

    def __init__(self) -> None:
        super().__init__()
        self.methods: list[str] = []

    async def send(self, method: str, url: str, **how: Any) -> Any:
        self.methods.append(method)
        return await super().send(method, url, **how)

    def stream(self, method: str, url: str, **how: Any) -> Any:
        self.methods.append(method)
        return super().stream(method, url, **how)


class Site:
    """One open endpoint, and the bucket behind it by another door (boto3)."""

    def __init__(
        self, ceph: Ceph, loop: LoopThread, gateway: int, bucket: str, ahead: float = 0.0, **options: Any
    ) -> None:
        self.bucket = bucket
        self.gateway = ceph.gateways[gateway]
        self.client = ceph.client(gateway)
        self.loop = loop
        given = {
            "url": self.gateway.url,
            "bucket": bucket,
            "access_key": ceph.access_key,
            "secret_key": Secret(literal=ceph.secret_key),
            "writable": True,
        }
        self.endpoint = S3Endpoint("site", S3Options(**(given | options)), clock=lambda: time.time() + ahead)
        self._transport: Counted | None = None
        self._run(self._open())

    async def _open(self) -> None:
        self._transport = Counted()
        await self.endpoint.open(self._transport)

    async def _close(self) -> None:
        await self.endpoint.close()
        if self._transport is not None:
            await self._transport.close()

    def close(self) -> None:
        """Close the endpoint and its transport."""
        self._run(self._close())

    @property
    def methods(self) -> list[str]:
        """The method of each request since this was last read."""
        assert self._transport is not None
        seen, self._transport.methods = self._transport.methods, []
        return seen

    def _run(self, coroutine: Any) -> Any:
        return self.loop.run(coroutine, 60)

    def ask(self, verb: str, *arguments: Any, seconds: float = 20.0) -> Any:
        """Ask one question."""
        return self._run(getattr(self.endpoint, verb)(*arguments, Call.until(seconds)))

    def list(self, path: str, most: int | None = None, seconds: float = 20.0) -> list[FileInfo]:
        """List a directory, to its end or to ``most`` entries."""

        async def drained() -> list[FileInfo]:
            found: list[FileInfo] = []
            entries = self.endpoint.list(path, Call.until(seconds))
            try:
                async for info in entries:
                    found.append(info)
                    if len(found) == most:
                        break
            finally:
                await entries.aclose()
            return found

        return self._run(drained())

    def redirect(self, path: str, intent: Intent = Intent.GET) -> Location:
        """Ask for a location."""
        return self.endpoint.redirect(path, intent, Transfer(), Call.until(1))

    def put(self, key: str, data: bytes = b"x") -> None:
        """Make an object."""
        self.client.put_object(Bucket=self.bucket, Key=key, Body=data)

    def put_empty(self, paths: list[str]) -> None:
        """Make many empty objects, as a client would: through signed URLs, many at a time."""

        async def put(path: str) -> int:
            assert self._transport is not None
            url = self.redirect(path, Intent.PUT).url
            return (await self._transport.send("PUT", url, call=Call.until(50), body=b"")).status

        async def all_of_them() -> list[int]:
            return await asyncio.gather(*map(put, paths))

        assert set(self._run(all_of_them())) == {200}

    def keys(self) -> list[str]:
        """Return all keys of the bucket."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        return [entry["Key"] for page in pages for entry in page.get("Contents", ())]


class Fetched:
    """What a client got at a URL."""

    def __init__(self, url: str, method: str = "GET", body: bytes | None = None, **headers: str) -> None:
        parts = urlsplit(url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)) as connection:
            connection.request(method, target, body, {"Connection": "close", **headers})
            answer = connection.getresponse()
            self.status = answer.status
            self.headers = {name.lower(): value for name, value in answer.getheaders()}
            self.body = answer.read()


@pytest.fixture(scope="session")
def loop() -> Iterator[LoopThread]:
    """The event loop of these tests."""
    thread = LoopThread()
    thread.start()
    yield thread
    thread.stop(5.0)


@pytest.fixture
def site(ceph: Ceph, loop: LoopThread) -> Iterator[Callable[..., Site]]:
    """Make open endpoints: ``site(gateway, **options)``, each with a bucket of its own unless one is named."""
    made: list[Site] = []

    def make(gateway: int = 0, *, bucket: str | None = None, **options: Any) -> Site:
        name = bucket if bucket is not None else ceph.bucket(0, f"bucket-{next(_numbers)}")
        made.append(Site(ceph, loop, gateway, name, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
