# SPDX-License-Identifier: Apache-2.0
"""The Azure plugin before Microsoft's emulator."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from ugr_azure.endpoint import AzureEndpoint
from ugr_azure.options import AzureOptions

from tests.integration.objects import ObjectSite, sites
from tests.servers.azurite import Azurite
from ugr.plugin import Secret
from ugr.transport import LoopThread


class Site(ObjectSite):
    """One open endpoint, and the container behind it by another door (azure-storage-blob)."""

    def __init__(
        self, azurite: Azurite, loop: LoopThread, name: str, *, ahead: float = 0.0, page: int = 1000, **options: Any
    ) -> None:
        self.container, self.url = name, azurite.url
        self.client = azurite.client.get_container_client(name)
        given = {
            "url": self.url,
            "account": azurite.account,
            "container": name,
            "account_key": Secret(literal=azurite.key),
            "writable": True,
        }
        made = AzureOptions(**(given | options))
        super().__init__(AzureEndpoint("site", made, clock=lambda: time.time() + ahead, page=page), loop)

    def put(self, name: str, data: bytes = b"x", **more: Any) -> None:
        """Make a blob."""
        self.client.upload_blob(name, data, overwrite=True, **more)

    def read(self, name: str) -> bytes:
        """Return the bytes of a blob."""
        return self.client.download_blob(name).readall()

    def objects(self) -> list[str]:
        """Return all names in the container."""
        return list(self.client.list_blob_names())


@pytest.fixture
def site(azurite: Azurite, loop: LoopThread) -> Iterator[Callable[..., ObjectSite]]:
    """Make open endpoints: ``site(**options)``, each with a container of its own unless one is named."""
    yield from sites(azurite.container, partial(Site, azurite, loop))
