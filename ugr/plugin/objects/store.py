# SPDX-License-Identifier: Apache-2.0
"""What the verbs need of an object storage.

Knows: which operations there are and what they promise. Refuses to know: paths, files, and how any
storage is asked.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from ugr.call import Call
from ugr.errors import Unsupported
from ugr.plugin.objects.pages import Object, Page


class ObjectStore(ABC):
    """One bucket or container, as ugr itself reaches it. Every operation raises UgrError only."""

    @abstractmethod
    async def head(self, key: str, call: Call) -> Object | None:
        """Describe an object; None when there is none, or no bucket: ``page`` tells the two apart."""

    @abstractmethod
    async def page(
        self, prefix: str, call: Call, *, delimiter: str = "", token: str | None = None, limit: int | None = None
    ) -> Page:
        """Read one page of the keys that start with ``prefix``; EndpointError when there is no bucket.

        With a ``delimiter``, keys that have it after the prefix come once for each common part.
        ``limit`` is the most entries wanted.
        """

    @abstractmethod
    async def mark(self, key: str, call: Call) -> None:
        """Make an object without bytes, whose key ends with "/": the marker of a directory."""

    @abstractmethod
    async def delete(self, found: Object, call: Call) -> None:
        """Remove an object and all that belongs to it; one that is gone meanwhile is NotFound or no error."""

    @abstractmethod
    async def copy(self, source: Object, target: str, overwrite: bool, call: Call) -> None:
        """Have the storage copy an object, with what it keeps of it; takes as long as ``call`` gives it.

        Without ``overwrite`` a target that came into being meanwhile raises AlreadyExists where the
        storage can tell.
        """

    async def keep(self, found: Object, algorithm: str, value: str, call: Call) -> None:
        """Keep a checksum in the metadata of an object; what else is there stays."""
        raise Unsupported("the storage keeps no checksums")

    async def rename(self, source: Object, target: str, overwrite: bool, call: Call) -> None:
        """Move an object. Not atomic: a failure in between leaves both."""
        await self.copy(source, target, overwrite, call)
        await self.delete(source, call)
