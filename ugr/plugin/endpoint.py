# SPDX-License-Identifier: Apache-2.0
"""The contract between ugr and one storage endpoint.

Knows: the verbs and what each side promises. Refuses to know: federations, identities, HTTP
status codes.

Three verbs are required: ``stat``, ``list``, ``redirect``. The others are optional; overriding
one grants the capability of that name, which configuration may then mask (``writable = no``).
All signatures are fixed, optional ones included. Paths are relative to the endpoint: they start
with "/", are decoded, have no empty, "." or ".." component, no trailing "/" and no control
character; "/" is the endpoint's root. Core guarantees this for every call.

The clauses below each verb are numbered (``STAT-1`` ...); each has a test of that name in
``ugr.testing.EndpointSuite``. MUST is checked; SHOULD is advice.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, ClassVar

from ugr.call import Call
from ugr.errors import Unsupported
from ugr.model import FileInfo, Intent, Location, Transfer, Usage
from ugr.plugin.options import EndpointOptions
from ugr.transport import Transport

CONTRACT = 1
"""The contract's number; an endpoint class names the one that it was written for."""

OPTIONAL_VERBS = (
    "delete",
    "mkdir",
    "move",
    "copy",
    "checksum",
    "store_checksum",
    "multipart",
    "usage",
    "health",
    "data",
)
"""The optional verbs in the order used everywhere; each is the name of a capability."""

WRITING_VERBS = frozenset({"delete", "mkdir", "move", "copy", "store_checksum", "multipart"})
"""The capabilities that ``writable = no`` takes away."""


class MultipartStep(enum.Enum):
    """The steps of an upload in parts, in order."""

    START = "start"
    PARTS = "parts"
    COMPLETE = "complete"
    ABORT = "abort"


@dataclass(frozen=True, slots=True)
class Multipart:
    """Where the next step of an upload in parts goes.

    ``locations`` is one for START, COMPLETE and ABORT, and one per part, in order, for PARTS.
    """

    upload_id: str | None
    locations: tuple[Location, ...]


class Endpoint(ABC):
    """One configured storage.

    An instance belongs to one worker process. Coroutine verbs run on that worker's event loop
    and must never hold it for more than 5 ms (LOOP-1); whoever prefers blocking code derives
    from ``BlockingEndpoint`` instead.

    Errors, for all verbs: raise only UgrError subclasses (ERR-1); never let a secret into a
    message, a log line or ``repr`` (ERR-2); obey ``call.remaining()``, ending within 250 ms of
    it with Timeout or DeadlineExceeded (TIME-1); be safe to cancel at any await (TIME-2).
    """

    contract: ClassVar[int] = CONTRACT
    type: ClassVar[str]
    Options: ClassVar[type[EndpointOptions]]
    delegates: ClassVar[bool] = False
    """True only when the storage must see the client's identity; cache and flight are then keyed by it."""

    def __init__(self, name: str, options: EndpointOptions) -> None:
        """Keep both; do no I/O (INIT-1). Raise ConfigError for options that cannot work together."""
        self.name = name
        self.options = options

    def capabilities(self) -> Mapping[str, bool]:
        """Say which optional verbs this endpoint has: those it overrides, masked by configuration."""
        cls = type(self)
        return {
            verb: getattr(cls, verb) is not getattr(Endpoint, verb)
            and (self.options.writable or verb not in WRITING_VERBS)
            for verb in OPTIONAL_VERBS
        }

    async def open(self, transport: Transport) -> None:  # noqa: B027
        """Get ready, after fork, on the loop. MUST work when the storage is down (OPEN-1)."""

    async def close(self) -> None:  # noqa: B027
        """Let go of everything that ``open`` took. MUST be safe to call twice (CLOSE-1)."""

    async def refresh(self) -> float | None:
        """Renew credentials in the background; return the seconds to the next call, None for never."""
        return None

    @abstractmethod
    async def stat(self, path: str, call: Call) -> FileInfo:
        """Describe one name.

        * STAT-1: "/" MUST be a directory whenever the storage answers.
        * STAT-2: for a file, ``size`` MUST be its length in bytes; 0 only for an empty file.
        * STAT-3: a missing name MUST raise NotFound; silence, refusal or nonsense MUST NOT.
        * STAT-4: the result's ``name`` MUST be the last component of ``path``.
        * STAT-5: what ``list`` shows, ``stat`` MUST find, with the same kind and size.
        * STAT-6: a name below a file MUST raise NotFound or NotADirectory.

        Raises NotFound, PermissionDenied, Unauthenticated, EndpointError.
        """

    @abstractmethod
    def list(self, path: str, call: Call) -> AsyncIterator[FileInfo]:
        """Yield the names directly inside a directory, in any order, without the directory itself.

        * LIST-1: MUST be lazy: the first entries come before the last page is read.
        * LIST-2: MUST NOT yield a name twice, nor "", ".", "..", nor a name with "/" or NUL.
        * LIST-3: a missing directory MUST raise NotFound; an empty one yields nothing.
        * LIST-4: a file MUST raise NotADirectory.
        * LIST-5: closing the iterator early MUST free what it holds.

        Raises NotFound, NotADirectory, PermissionDenied, Unauthenticated, EndpointError.
        """

    @abstractmethod
    def redirect(self, path: str, intent: Intent, transfer: Transfer, call: Call) -> Location:
        """Say where a client finds the bytes, with a URL good for ``intent`` and nothing else.

        * REDIR-1: MUST be pure and thread-safe, without I/O: it is called from any thread.
        * REDIR-2: the URL MUST be absolute and percent-encoded, whatever the name contains; or
          ``served_here`` is set and the URL is empty.
        * REDIR-3: ``location.method`` MUST equal ``intent``.
        * REDIR-4: using the URL MUST give the bytes of that very path.
        * REDIR-5: a signed URL MUST say when it expires, and carry ``signed=True``.

        SHOULD take less than 50 us. Raises Unsupported for an intent that the storage has not.
        """

    async def delete(self, path: str, call: Call) -> None:
        """Remove one file or empty directory. DEL-1: a missing path MUST raise NotFound."""
        raise Unsupported("this endpoint cannot delete", path=path, endpoint=self.name, verb="delete")

    async def mkdir(self, path: str, call: Call) -> None:
        """Make one directory, parents included. MKDIR-1: an existing name MUST raise AlreadyExists."""
        raise Unsupported("this endpoint cannot make directories", path=path, endpoint=self.name, verb="mkdir")

    async def move(self, source: str, target: str, overwrite: bool, call: Call) -> None:
        """Rename within the endpoint. MOVE-1: without ``overwrite`` an existing target MUST raise AlreadyExists."""
        raise Unsupported("this endpoint cannot move", path=source, endpoint=self.name, verb="move")

    async def copy(self, source: str, target: str, overwrite: bool, call: Call) -> None:
        """Copy within the endpoint. COPY-1: without ``overwrite`` an existing target MUST raise AlreadyExists."""
        raise Unsupported("this endpoint cannot copy", path=source, endpoint=self.name, verb="copy")

    async def checksum(self, path: str, algorithm: str, call: Call) -> str:
        """Return lower-case hex digits. SUM-1: adler32 MUST have 8 of them."""
        raise Unsupported("this endpoint knows no checksums", path=path, endpoint=self.name, verb="checksum")

    async def store_checksum(self, path: str, algorithm: str, value: str, call: Call) -> None:
        """Keep a checksum beside the file, so that ``checksum`` finds it later."""
        raise Unsupported(
            "this endpoint keeps no checksums", path=path, endpoint=self.name, verb="store_checksum"
        )

    async def multipart(
        self,
        path: str,
        step: MultipartStep,
        transfer: Transfer,
        call: Call,
        *,
        upload_id: str | None = None,
        parts: int = 1,
    ) -> Multipart:
        """Say where the next step of an upload in parts goes; ``parts`` counts the URLs wanted."""
        raise Unsupported("this endpoint has no multipart uploads", path=path, endpoint=self.name, verb="multipart")

    async def usage(self, path: str, call: Call) -> Usage:
        """Return the space used and free below ``path``."""
        raise Unsupported("this endpoint does not report its space", path=path, endpoint=self.name, verb="usage")

    async def health(self, call: Call) -> None:
        """Return when the storage can serve; raise what is wrong otherwise.

        * HEALTH-1: MUST raise EndpointError when the storage does not answer.
        * HEALTH-2: refused credentials MUST raise Unauthenticated or PermissionDenied.

        The default asks ``stat("/")``.
        """
        await self.stat("/", call)

    async def data(self, path: str, call: Call) -> BinaryIO:
        """Open a file of this host for reading (only for locations that are ``served_here``).

        DATA-1: a directory MUST raise IsADirectory, a missing file NotFound, and what lies
        outside the endpoint's root PermissionDenied. The caller closes the file.
        """
        raise Unsupported("this endpoint's data is not on this host", path=path, endpoint=self.name, verb="data")
