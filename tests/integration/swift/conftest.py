# SPDX-License-Identifier: Apache-2.0
"""The Swift plugin before a real Swift."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from ugr_swift.endpoint import SwiftEndpoint
from ugr_swift.options import SwiftOptions

from tests.integration.objects import ObjectSite, sites
from tests.servers.swift import Swift
from ugr.plugin import Secret
from ugr.transport import LoopThread

# it logs each failure at length, and failures are what some tests are about
logging.getLogger("swiftclient").setLevel(logging.CRITICAL)


class Site(ObjectSite):
    """One open endpoint, and the container behind it by another door (swiftclient)."""

    refused = 401

    def __init__(
        self, swift: Swift, loop: LoopThread, name: str, *, ahead: float = 0.0, page: int = 1000, **options: Any
    ) -> None:
        self.container, self.url = name, swift.storage_url
        self.client = swift.client
        given = {
            "url": self.url,
            "container": name,
            "auth": "tempauth",
            "auth_url": swift.auth_url,
            "user": swift.user,
            "key": Secret(literal=swift.key),
            "temp_url_key": Secret(literal=swift.temp_url_key),
            "writable": True,
        }
        made = SwiftOptions(**(given | options))
        super().__init__(SwiftEndpoint("site", made, clock=lambda: time.time() + ahead, page=page), loop)

    def put(self, name: str, data: bytes = b"x", headers: dict[str, str] | None = None, **more: Any) -> None:
        """Make an object."""
        self.client.put_object(self.container, name, data, headers=headers, **more)

    def read(self, name: str) -> bytes:
        """Return the bytes of an object."""
        return self.client.get_object(self.container, name)[1]

    def objects(self, container: str | None = None) -> list[str]:
        """Return all names in the container."""
        return [entry["name"] for entry in self.client.get_container(container or self.container)[1]]


@pytest.fixture
def site(swift: Swift, loop: LoopThread) -> Iterator[Callable[..., ObjectSite]]:
    """Make open endpoints: ``site(**options)``, each with a container of its own unless one is named."""
    yield from sites(swift.container, partial(Site, swift, loop))
