# SPDX-License-Identifier: Apache-2.0
"""The S3 plugin before real gateways."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from ugr_s3.endpoint import S3Endpoint
from ugr_s3.options import S3Options

from tests.integration.objects import ObjectSite, sites
from tests.servers.ceph import Ceph
from ugr.plugin import Call, Intent, Secret
from ugr.transport import LoopThread


class Site(ObjectSite):
    """One open endpoint, and the bucket behind it by another door (boto3). ``gateway`` is the number of one."""

    created = 200

    def __init__(
        self,
        ceph: Ceph,
        loop: LoopThread,
        name: str,
        *,
        gateway: int = 0,
        ahead: float = 0.0,
        page: int = 1000,
        **options: Any,
    ) -> None:
        self.container, self.url = name, ceph.gateways[gateway].url
        self.client = ceph.client(gateway)
        given = {
            "url": self.url,
            "bucket": name,
            "access_key": ceph.access_key,
            "secret_key": Secret(literal=ceph.secret_key),
            "writable": True,
        }
        made = S3Options(**(given | options))
        super().__init__(S3Endpoint("site", made, clock=lambda: time.time() + ahead, page=page), loop)

    def put(self, name: str, data: bytes = b"x", **more: Any) -> None:
        """Make an object."""
        self.client.put_object(Bucket=self.container, Key=name, Body=data, **more)

    def put_empty(self, paths: list[str]) -> None:
        """Make many empty objects, as a client would: through signed URLs, many at a time."""

        async def put(path: str) -> int:
            assert self._transport is not None
            url = self.redirect(path, Intent.PUT).url
            return (await self._transport.send("PUT", url, call=Call.until(50), body=b"")).status

        async def all_of_them() -> list[int]:
            return await asyncio.gather(*map(put, paths))

        assert set(self._run(all_of_them())) == {200}

    def read(self, name: str) -> bytes:
        """Return the bytes of an object."""
        return self.client.get_object(Bucket=self.container, Key=name)["Body"].read()

    def objects(self) -> list[str]:
        """Return all keys of the bucket."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.container)
        return [entry["Key"] for page in pages for entry in page.get("Contents", ())]


@pytest.fixture
def site(ceph: Ceph, loop: LoopThread) -> Iterator[Callable[..., ObjectSite]]:
    """Make open endpoints: ``site(**options)``, each with a bucket of its own unless one is named."""
    yield from sites(partial(ceph.bucket, 0), partial(Site, ceph, loop))
