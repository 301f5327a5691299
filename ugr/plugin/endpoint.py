# SPDX-License-Identifier: Apache-2.0
"""The contract between ugr and one storage endpoint.

Knows: the verbs and what each side promises. Refuses to know: federations, identities, HTTP
status codes.

Three verbs are required: ``stat``, ``list``, ``redirect``. The others are optional; overriding
one grants the capability of that name, which configuration may then mask (``writable = no``).
All signatures are fixed, optional ones included. Paths are relative to the endpoint: they start
with "/", are decoded, have no empty, "." or ".." component, no trailing "/", no control character
and no non-character, and are UTF-8 of at most 8 KiB; "/" is the endpoint's root. Core guarantees
this for every call.

The clauses below each verb are numbered (``STAT-1`` ...); each has a test of that name in
``ugr.testing.EndpointSuite``. MUST is checked; SHOULD is advice. A clause is written
``* STAT-1: one sentence or two``: the contract page and the kit's messages are made from them.
"""

from __future__ import annotations

import builtins
import enum
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, ClassVar

from ugr.call import Call
from ugr.errors import Unsupported
from ugr.model import FileInfo, Intent, Location, Replica, Transfer, Usage
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
    "replicas",
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


def overridden(cls: type, contract: type, writable: bool) -> dict[str, bool]:
    """Say for each optional verb whether ``cls`` has its own, and may use it when not ``writable``."""
    return {
        verb: getattr(cls, verb) is not getattr(contract, verb) and (writable or verb not in WRITING_VERBS)
        for verb in OPTIONAL_VERBS
    }


class Endpoint(ABC):
    """One configured storage.

    An instance belongs to one worker process. Coroutine verbs run on that worker's event loop;
    whoever prefers blocking code derives from ``BlockingEndpoint`` instead. For all verbs:

    * ERR-1: every verb MUST raise UgrError subclasses only.
    * ERR-2: a secret MUST NOT get into a message, a log line or ``repr``.
    * TIME-1: every coroutine verb MUST obey ``call.remaining()``: when the storage is silent, end
      within 250 ms of it with Timeout or DeadlineExceeded.
    * TIME-2: every coroutine verb MUST be safe to cancel at any await.
    * LOOP-1: the loop MUST NOT be held for more than 5 ms.
    """

    contract: ClassVar[int] = CONTRACT
    type: ClassVar[str]
    Options: ClassVar[builtins.type[EndpointOptions]]
    delegates: ClassVar[bool] = False
    """True only when the storage must see the client's identity; cache and flight are then keyed by it."""
    federates: bool = False
    """Whether what is behind it is a federation too, which sends clients on; so says the class, or the constructor."""

    def __init__(self, name: str, options: EndpointOptions) -> None:
        """Keep both; raise ConfigError for options that cannot work together.

        * INIT-1: MUST do no I/O: no file, no socket, no process.
        """
        self.name = name
        self.options = options

    @property
    def stuck(self) -> bool:
        """Say whether nobody is left to ask, so that asking again is useless until a probe comes through."""
        return False

    def capabilities(self) -> Mapping[str, bool]:
        """Say which optional verbs this endpoint has: those it overrides, masked by configuration."""
        return overridden(type(self), Endpoint, self.options.writable)

    async def open(self, transport: Transport) -> None:  # noqa: B027
        """Get ready, after fork, on the loop.

        * OPEN-1: MUST work when the storage is down.
        """

    async def close(self) -> None:  # noqa: B027
        """Let go of everything that ``open`` took.

        * CLOSE-1: MUST be safe to call twice.
        """

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
        * STAT-7: no name that a client can choose, however long or odd, MUST make ``stat`` or ``list``
          raise EndpointError while the storage is well: what the storage cannot hold is not there.

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

        SHOULD take less than 50 us. Raises Unsupported for an intent that the storage has not, BadRequest
        for a name that it cannot hold, IsADirectory or NotFound when it is plain that there is no such file.
        """

    async def delete(self, path: str, call: Call) -> None:
        """Remove one file or empty directory.

        * DEL-1: a missing path MUST raise NotFound.
        * DEL-2: when it returns, the name MUST be gone, and no other.
        """
        raise Unsupported("this endpoint cannot delete", path=path, endpoint=self.name, verb="delete")

    async def mkdir(self, path: str, call: Call) -> None:
        """Make one directory, parents included.

        * MKDIR-1: an existing name MUST raise AlreadyExists.
        * MKDIR-2: when it returns, the directory and its parents MUST be there.
        """
        raise Unsupported("this endpoint cannot make directories", path=path, endpoint=self.name, verb="mkdir")

    async def move(self, source: str, target: str, overwrite: bool, call: Call) -> None:
        """Rename within the endpoint.

        * MOVE-1: without ``overwrite`` an existing target MUST raise AlreadyExists, and nothing changes.
        * MOVE-2: when it returns, the bytes MUST be at ``target`` and nowhere else.
        """
        raise Unsupported("this endpoint cannot move", path=source, endpoint=self.name, verb="move")

    async def copy(self, source: str, target: str, overwrite: bool, call: Call) -> None:
        """Copy within the endpoint.

        * COPY-1: without ``overwrite`` an existing target MUST raise AlreadyExists, and nothing changes.
        * COPY-2: when it returns, the bytes MUST be at both names.
        """
        raise Unsupported("this endpoint cannot copy", path=source, endpoint=self.name, verb="copy")

    async def checksum(self, path: str, algorithm: str, call: Call) -> str:
        """Return the checksum of a file; raise Unsupported for an algorithm that is not to be had.

        * SUM-1: the result MUST be the file's checksum in lower-case hex digits; adler32 has 8.
        """
        raise Unsupported("this endpoint knows no checksums", path=path, endpoint=self.name, verb="checksum")

    async def store_checksum(self, path: str, algorithm: str, value: str, call: Call) -> None:
        """Keep a checksum beside the file.

        * SUM-2: what is kept, ``checksum`` MUST return.
        """
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
        """Say where the next step of an upload in parts goes; ``parts`` counts the URLs wanted.

        * PARTS-1: PARTS MUST give one location per part, in order; the other steps exactly one.
        """
        raise Unsupported("this endpoint has no multipart uploads", path=path, endpoint=self.name, verb="multipart")

    async def usage(self, path: str, call: Call) -> Usage:
        """Return the space used and free below ``path``.

        * USAGE-1: figures MUST be bytes, and None when unknown.
        """
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

        * DATA-1: a directory MUST raise IsADirectory, a missing file NotFound, and what lies
          outside the endpoint's root PermissionDenied.

        The caller closes the file.
        """
        raise Unsupported("this endpoint's data is not on this host", path=path, endpoint=self.name, verb="data")

    async def replicas(self, path: str, call: Call) -> Sequence[Replica]:
        """Name the copies of a file that are on other storages (for endpoints with ``role = catalogue``).

        * REPL-1: every URL MUST be absolute: with scheme, host and path.
        * REPL-2: of a missing name none MUST be named: raise NotFound, or return nothing. Silence MUST NOT
          end so.

        Core finds the endpoints that the URLs lead to, and asks them whether the copies are there.
        """
        raise Unsupported("this endpoint names no copies", path=path, endpoint=self.name, verb="replicas")
