# SPDX-License-Identifier: Apache-2.0
"""The contract, clause by clause, on a real gateway."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ugr_s3 import S3Endpoint
from ugr_s3.options import S3Options

from tests.servers.ceph import Ceph
from tests.servers.relay import Relay
from tests.servers.relayed import RelayedStore
from ugr.config.types import Url
from ugr.plugin import Secret
from ugr.testing import EndpointSuite

pytest_plugins = ["tests.servers.fixtures"]

BUCKET = "conformance"


class BucketStore(RelayedStore):
    """The bucket by another door (boto3), and a relay before the endpoint's own."""

    later = b"continuation-token="

    def __init__(self, client: Any, relay: Relay, secret: Secret, key: str) -> None:
        super().__init__(relay, secret, key)
        self.client = client

    def put(self, path: str, data: bytes) -> None:
        self.client.put_object(Bucket=BUCKET, Key=path[1:], Body=data)

    def mkdir(self, path: str) -> None:
        self.client.put_object(Bucket=BUCKET, Key=f"{path[1:]}/", Body=b"")

    def remove(self, path: str) -> None:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{path[1:]}/")
        keys = [path[1:], *(entry["Key"] for page in pages for entry in page.get("Contents", ()))]
        for start in range(0, len(keys), 1000):
            objects = [{"Key": key} for key in keys[start : start + 1000]]
            self.client.delete_objects(Bucket=BUCKET, Delete={"Objects": objects, "Quiet": True})

    def impossible(self, path: str) -> str | None:
        return "S3 keys have at most 1024 bytes" if len(path[1:].encode()) > 1024 else None


class TestS3Endpoint(EndpointSuite):
    """An endpoint whose listings come in pages of 100."""

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, ceph: Ceph, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BucketStore]:
        ceph.bucket(0, BUCKET)
        file = tmp_path_factory.mktemp("s3") / "secret"
        file.write_text(ceph.secret_key, encoding="utf-8")
        with Relay(ceph.gateways[0].port) as relay:
            yield BucketStore(ceph.client(0), relay, Secret(file=str(file)), ceph.secret_key)

    @pytest.fixture
    def endpoint(self, ceph: Ceph, store: BucketStore) -> S3Endpoint:
        options = S3Options(
            url=Url(store.relay.url),
            public_url=Url(ceph.gateways[1].url),
            bucket=BUCKET,
            access_key=ceph.access_key,
            secret_key=store.secret,
            writable=True,
        )
        return S3Endpoint("s3", options, page=100)
