# SPDX-License-Identifier: Apache-2.0
"""The contract, clause by clause, on a real Swift and on Ceph's gateway."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import swiftclient
from ugr_swift import SwiftEndpoint
from ugr_swift.options import SwiftOptions

from tests.servers.ceph import Ceph
from tests.servers.relay import Relay
from tests.servers.relayed import RelayedStore
from tests.servers.swift import Swift
from ugr.config.types import Url
from ugr.plugin import Secret
from ugr.testing import EndpointSuite

pytest_plugins = ["tests.servers.fixtures"]

CONTAINER = "conformance"
TEMP_URL_KEY = "the key of the tests"

# it logs each failure at length, and failing is part of the suite
logging.getLogger("swiftclient").setLevel(logging.CRITICAL)


class ContainerStore(RelayedStore):
    """The container by another door (swiftclient), and a relay before the endpoint's own."""

    later = b"&marker="

    def __init__(self, client: Any, relay: Relay, secret: Secret, key: str) -> None:
        super().__init__(relay, secret, key)
        self.client = client

    def put(self, path: str, data: bytes) -> None:
        self.client.put_object(CONTAINER, path[1:], data)

    def mkdir(self, path: str) -> None:
        self.client.put_object(CONTAINER, f"{path[1:]}/", b"", content_type="application/directory")

    def remove(self, path: str) -> None:
        _, entries = self.client.get_container(CONTAINER, prefix=f"{path[1:]}/", full_listing=True)
        self._delete([path[1:], *(entry["name"] for entry in entries)])

    def _delete(self, names: list[str]) -> None:
        for start in range(0, len(names), 1000):
            lines = "".join(f"{CONTAINER}/{quote(name)}\n" for name in names[start : start + 1000])
            self.client.post_account({"Content-Type": "text/plain"}, query_string="bulk-delete", data=lines.encode())

    def impossible(self, path: str) -> str | None:
        return "names have at most 1024 bytes" if len(path[1:].encode()) > 1024 else None


def endpoint_at(store: ContainerStore, storage_url: str, user: str, temp_url_key: str, digest: str) -> Any:
    """Make an endpoint that asks through the relay and sends clients past it; its listings come in pages of 100."""
    options = SwiftOptions(
        url=Url(f"{store.relay.url}{urlsplit(storage_url).path}"),
        public_url=Url(storage_url),
        container=CONTAINER,
        auth="tempauth",
        auth_url=Url(f"{store.relay.url}/auth/v1.0"),
        user=user,
        key=store.secret,
        temp_url_key=Secret(literal=temp_url_key),
        temp_url_digest=digest,
        writable=True,
    )
    return SwiftEndpoint("swift", options, page=100)


class TestSwiftEndpoint(EndpointSuite):
    """OpenStack's Swift."""

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, swift: Swift, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerStore]:
        swift.container(CONTAINER)
        file = tmp_path_factory.mktemp("swift") / "key"
        file.write_text(swift.key, encoding="utf-8")
        with Relay(swift.port) as relay:
            yield ContainerStore(swift.client, relay, Secret(file=str(file)), swift.key)

    @pytest.fixture
    def endpoint(self, swift: Swift, store: ContainerStore) -> SwiftEndpoint:
        return endpoint_at(store, swift.storage_url, swift.user, swift.temp_url_key, "sha256")


class TestSwiftEndpointOnCeph(EndpointSuite):
    """Ceph's gateway, by Swift's API."""

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, ceph: Ceph, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerStore]:
        api = ceph.swift
        # the gateway calls itself by another name
        client = swiftclient.Connection(
            api.auth_url, api.user, api.key, retries=0, os_options={"object_storage_url": api.storage_url}
        )
        client.put_container(CONTAINER)
        client.post_account({"x-account-meta-temp-url-key": TEMP_URL_KEY})
        file = tmp_path_factory.mktemp("ceph") / "key"
        file.write_text(api.key, encoding="utf-8")
        with Relay(ceph.gateways[0].port) as relay:
            yield ContainerStore(client, relay, Secret(file=str(file)), api.key)
        client.close()

    @pytest.fixture
    def endpoint(self, ceph: Ceph, store: ContainerStore) -> SwiftEndpoint:
        return endpoint_at(store, ceph.swift.storage_url, ceph.swift.user, TEMP_URL_KEY, "sha1")
