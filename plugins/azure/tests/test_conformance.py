# SPDX-License-Identifier: Apache-2.0
"""The contract, clause by clause, on Microsoft's emulator."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from azure.core.exceptions import ResourceNotFoundError
from ugr_azure import AzureEndpoint
from ugr_azure.options import AzureOptions

from tests.servers.azurite import Azurite
from tests.servers.relay import Relay
from tests.servers.relayed import RelayedStore
from ugr.config.types import Url
from ugr.plugin import Secret
from ugr.testing import EndpointSuite

pytest_plugins = ["tests.servers.fixtures"]

CONTAINER = "conformance"


class ContainerStore(RelayedStore):
    """The container by another door (azure-storage-blob), and a relay before the endpoint's own."""

    later = b"&marker="
    wrong = base64.b64encode(b"not the key").decode()

    def __init__(self, client: Any, relay: Relay, secret: Secret, key: str) -> None:
        super().__init__(relay, secret, key)
        self.client = client

    def put(self, path: str, data: bytes) -> None:
        self.client.upload_blob(path[1:], data, overwrite=True)

    def mkdir(self, path: str) -> None:
        self.client.upload_blob(f"{path[1:]}/", b"", overwrite=True)

    def remove(self, path: str) -> None:
        for name in [path[1:], *self.client.list_blob_names(name_starts_with=f"{path[1:]}/")]:
            with suppress(ResourceNotFoundError):
                self.client.delete_blob(name)

    def impossible(self, path: str) -> str | None:
        if "\\" in path:
            return "Azure takes a backslash for a slash"
        return "names have at most 1024 characters" if len(path[1:]) > 1024 else None


class TestAzureEndpoint(EndpointSuite):
    """An endpoint whose listings come in pages of 100."""

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerStore]:
        azurite.container(CONTAINER)
        file = tmp_path_factory.mktemp("azure") / "key"
        file.write_text(azurite.key, encoding="utf-8")
        with Relay(azurite.port) as relay:
            client = azurite.client.get_container_client(CONTAINER)
            yield ContainerStore(client, relay, Secret(file=str(file)), azurite.key)

    @pytest.fixture
    def endpoint(self, azurite: Azurite, store: ContainerStore) -> AzureEndpoint:
        options = AzureOptions(
            url=Url(f"{store.relay.url}{urlsplit(azurite.url).path}"),
            public_url=Url(azurite.url),
            account=azurite.account,
            container=CONTAINER,
            account_key=store.secret,
            writable=True,
        )
        return AzureEndpoint("azure", options, page=100)
