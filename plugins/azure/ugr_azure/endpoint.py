# SPDX-License-Identifier: Apache-2.0
"""A container, or one directory of it, as an endpoint.

Knows: how a container of Azure becomes the object storage of ``ugr.plugin.objects``, where the verbs
are. Refuses to know: how a request is signed and sent.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from ugr.plugin import (
    Call,
    EndpointError,
    Intent,
    IsADirectory,
    Location,
    Transfer,
    Transport,
    Unsupported,
)
from ugr.plugin.objects import Names, ObjectEndpoint, ObjectStore, Wire
from ugr_azure.container import BLOCK_BLOB, PAGE, Container
from ugr_azure.credentials import keyring
from ugr_azure.options import DEFAULT_LIFETIME, AzureOptions, check
from ugr_azure.signing import DELETE, READ, WRITE, Signer

MAX_NAME = 1024
"""The longest name of a blob, in characters ("Naming and referencing containers, blobs, and metadata")."""

OWN_LIFETIME = 3600
"""Seconds that the URLs of our own questions are good for: a copy may take long."""

PERMISSIONS = {Intent.GET: READ, Intent.HEAD: READ, Intent.PUT: WRITE, Intent.DELETE: DELETE}
"""What a URL for a method permits; one for GET permits HEAD too: signatures do not name methods."""


class AzureEndpoint(ObjectEndpoint):
    """``type = azure``: Azure Blob storage, and its emulator."""

    type = "azure"
    Options = AzureOptions
    options: AzureOptions

    def __init__(
        self, name: str, options: AzureOptions, *, clock: Callable[[], float] = time.time, page: int = PAGE
    ) -> None:
        # Azure takes a backslash for a slash: a name with one would be another name
        super().__init__(name, options, Names(options.prefix, longest=MAX_NAME, in_characters=True, forbidden="\\"))
        check(name, options)
        self._keys = keyring(options, clock=clock)
        inside, outside = options.url, options.public_url or options.url
        lifetime = int(options.url_lifetime or DEFAULT_LIFETIME)
        where = (options.account, options.container, self._keys.key)
        self._ours = Signer(inside, *where, lifetime=OWN_LIFETIME, clock=clock)
        self._clients = Signer(outside, *where, lifetime=lifetime, clock=clock)
        self._page = page
        self._wire: Wire | None = None

    def connect(self, transport: Transport) -> ObjectStore:
        """Return the container as reached through a transport."""
        self._wire = Wire(self.options, transport)
        return Container(self._ours, self._keys, self._wire, page=self._page)

    async def refresh(self) -> float | None:
        """Renew the delegation key; return the seconds to the next time, None with an account key."""
        if self._wire is None:
            raise EndpointError("the endpoint is not open")
        return await self._keys.refreshed(self._wire, Call.until(self.options.timeout))

    def redirect(self, path: str, intent: Intent, transfer: Transfer, call: Call) -> Location:
        """Return a URL with a shared access signature, good for ``url_lifetime`` from this second.

        Whoever uses one for PUT must say that it makes a block blob.
        """
        if path == "/":
            raise IsADirectory("the root is a directory", path=path)
        permissions = PERMISSIONS.get(intent)
        if permissions is None:
            raise Unsupported(f"Azure has no {intent.value} of blobs", path=path)
        url, expires = self._clients.url(permissions, self._names.key(path))
        headers = (BLOCK_BLOB,) if intent is Intent.PUT else ()
        return Location(url, intent, headers, expires=float(expires), signed=True)

    async def store_checksum(self, path: str, algorithm: str, value: str, call: Call) -> None:
        """Keep a checksum in the blob's metadata, under the algorithm's name."""
        await self._keep_checksum(path, algorithm, value, call)
