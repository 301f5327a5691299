# SPDX-License-Identifier: Apache-2.0
"""Azurite, Microsoft's emulator of Azure Blob storage, with one account; over TLS it takes Entra ID tokens too.

Knows: how it is started in memory and what it is told of accounts. Refuses to know: ugr. It checks
signatures and the claims of tokens, not who signed the tokens.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.servers.pki import Pki
from tests.servers.process import HOST, ROOT, Daemon, environment, free_port, listening, require

ACCOUNT = "ugrtest"
KEY = base64.b64encode(bytes(range(128, 192))).decode()

PROGRAM = ROOT / "build" / "npm" / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
"""Where ``tests/tools/servers.py`` installs it."""


class Azurite(Daemon):
    """The emulator: ``with Azurite() as azurite: azurite.url``, which includes the account, as with emulators.

    With ``pki`` it serves with that authority's certificate, and trusts it: it copies by asking
    itself. Without, it speaks plain HTTP.
    """

    account = ACCOUNT
    key = KEY

    def __init__(self, pki: Pki | None = None) -> None:
        node = require("node", package="nodejs")
        if not PROGRAM.exists():
            pytest.skip("needs azurite (npm package): not installed")
        self.port = free_port()
        self.url = f"{'http' if pki is None else 'https'}://{HOST}:{self.port}/{ACCOUNT}"
        self._client: Any = None
        accounts = environment(AZURITE_ACCOUNTS=f"{ACCOUNT}:{KEY}")
        tls: tuple[str | Path, ...] = ()
        if pki is not None:
            tls = ("--cert", pki.host.certificate, "--key", pki.host.key, "--oauth", "basic")
            accounts["NODE_EXTRA_CA_CERTS"] = str(pki.bundle)
        super().__init__(
            f"azurite-{self.port}",
            [
                *(node, PROGRAM, "--blobHost", HOST, "--blobPort", str(self.port)),
                *("--inMemoryPersistence", "--silent", "--disableTelemetry", *tls),
            ],
            ready=lambda: listening(self.port),
            env=accounts,
        )

    @property
    def client(self) -> Any:
        """A BlobServiceClient of the account: one try."""
        if self._client is None:
            self.connect()
        return self._client

    def connect(self, **how: Any) -> None:
        """Make the client, with options of its own: whom it trusts."""
        from azure.storage.blob import BlobServiceClient

        self._client = BlobServiceClient(self.url, credential=KEY, retry_total=0, **how)

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
