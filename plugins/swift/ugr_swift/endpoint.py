# SPDX-License-Identifier: Apache-2.0
"""A container, or one directory of it, as an endpoint.

Knows: how a container of Swift becomes the object storage of ``ugr.plugin.objects``, where the verbs
are. Refuses to know: how a question is sent.

What a question costs beyond what is said there: a listing ends with a page of nothing, since Swift
does not say that a page is the last; and each object that seems to be empty is looked up, since
Swift lists dynamic large objects without their bytes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import cast

from ugr.plugin import (
    Call,
    EndpointError,
    Intent,
    IsADirectory,
    Location,
    Transfer,
    Transport,
    Unavailable,
    Unsupported,
    Usage,
)
from ugr.plugin.objects import Names, ObjectEndpoint, ObjectStore, Wire, encoded
from ugr_swift.container import PAGE, Container
from ugr_swift.options import DEFAULT_LIFETIME, SwiftOptions, check
from ugr_swift.session import Session
from ugr_swift.signing import Signer

MAX_NAME_BYTES = 1024
"""The longest name of an object, in UTF-8 (max_object_name_length of Swift's constraints)."""

READING = (Intent.GET, Intent.HEAD)
"""What a container that is open to all allows to all."""


class SwiftEndpoint(ObjectEndpoint):
    """``type = swift``: OpenStack Swift, Ceph's gateway, and what speaks the same."""

    type = "swift"
    Options = SwiftOptions
    options: SwiftOptions

    def __init__(
        self, name: str, options: SwiftOptions, *, clock: Callable[[], float] = time.time, page: int = PAGE
    ) -> None:
        super().__init__(name, options, Names(options.prefix, longest=MAX_NAME_BYTES))
        check(name, options)
        self._session = Session(options, clock=clock)
        self._page = page
        self._wire: Wire | None = None
        self._signer: Signer | None = None
        if (key := options.temp_url_key) is not None:
            self._signer = Signer(
                options.container,
                lambda: key.value,
                digest=options.temp_url_digest,
                lifetime=int(options.url_lifetime or DEFAULT_LIFETIME),
                clock=clock,
            )

    def connect(self, transport: Transport) -> ObjectStore:
        """Return the container as reached through a transport."""
        self._wire = Wire(self.options, transport)
        return Container(self.options.container, self._session, self._wire, page=self._page)

    async def refresh(self) -> float | None:
        """Renew the token before it ends; return the seconds to the next time, None without authentication."""
        if self.options.auth == "none":
            return None
        if self._wire is None:
            raise EndpointError("the endpoint is not open")
        return await self._session.renewed(self._wire, Call.until(self.options.timeout))

    def redirect(self, path: str, intent: Intent, transfer: Transfer, call: Call) -> Location:
        """Return a temporary URL for one method, good for ``url_lifetime`` from this second; a plain one without key.

        A URL for GET or PUT is good for HEAD too: so does Swift understand temporary URLs.
        """
        if path == "/":
            raise IsADirectory("the root is a directory", path=path)
        if intent is Intent.POST:
            raise Unsupported("Swift has no uploads by POST", path=path)
        root = self.options.public_url or self._session.account
        if root is None:
            raise Unavailable("the storage URL is not known before ugr has a token; write url", path=path)
        name = self._names.key(path)
        if self._signer is None:
            if intent not in READING:
                raise Unsupported("clients cannot write without a temp_url_key", path=path)
            return Location(f"{root}/{encoded(self.options.container)}/{encoded(name)}", intent)
        url, expires = self._signer.url(root, intent.value, name)
        return Location(url, intent, expires=float(expires), signed=True)

    async def store_checksum(self, path: str, algorithm: str, value: str, call: Call) -> None:
        """Keep a checksum in the object's metadata, ``X-Object-Meta-`` and the algorithm's name."""
        await self._keep_checksum(path, algorithm, value, call)

    async def usage(self, path: str, call: Call) -> Usage:
        """Return the bytes of the container and what its quota leaves; of a part of it Swift knows nothing."""
        whole = await cast(Container, self._store).usage(call)
        return whole if path == "/" and not self._names.prefix else Usage(None, whole.free)
