# SPDX-License-Identifier: Apache-2.0
"""Azurite, Microsoft's emulator of Azure Blob storage, with one account; over TLS it takes Entra ID tokens too.

Knows: how it is started in memory and what it is told of accounts. Refuses to know: ugr. It checks
signatures and the claims of tokens, not who signed the tokens.
"""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.servers.pki import Holder
from tests.servers.process import HOST, ROOT, Daemon, environment, free_port, listening, require

ACCOUNT = "ugrtest"
KEY = base64.b64encode(bytes(range(128, 192))).decode()

PROGRAM = ROOT / "build" / "npm" / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
"""Where ``tests/tools/servers.py`` installs it."""


class Azurite(Daemon):
    """The emulator: ``with Azurite() as azurite: azurite.url``, which includes the account, as with emulators.

    ``host`` is the certificate that it serves with; without one it speaks plain HTTP.
    """

    account = ACCOUNT
    key = KEY

    def __init__(self, host: Holder | None = None) -> None:
        node = require("node", package="nodejs")
        if not PROGRAM.exists():
            pytest.skip("needs azurite (npm package): not installed")
        self.port = free_port()
        self.url = f"{'http' if host is None else 'https'}://{HOST}:{self.port}/{ACCOUNT}"
        self._client: Any = None
        tls = () if host is None else ("--cert", host.certificate, "--key", host.key, "--oauth", "basic")
        super().__init__(
            f"azurite-{self.port}",
            [
                *(node, PROGRAM, "--blobHost", HOST, "--blobPort", str(self.port)),
                *("--inMemoryPersistence", "--silent", "--disableTelemetry", *tls),
            ],
            ready=lambda: listening(self.port),
            env=environment(AZURITE_ACCOUNTS=f"{ACCOUNT}:{KEY}"),
        )

    @property
    def client(self) -> Any:
        """A BlobServiceClient of the account: one try."""
        if self._client is None:
            from azure.storage.blob import BlobServiceClient

            self._client = BlobServiceClient(self.url, credential=KEY, retry_total=0)
        return self._client

    def container(self, name: str) -> str:
        """Make a container and return its name."""
        self.client.create_container(name)
        return name

    def stop(self) -> None:
        """Close the client and end the server; safe to call twice."""
        if self._client is not None:
            self._client.close()
            self._client = None
        super().stop()
