# SPDX-License-Identifier: Apache-2.0
"""The verbs on an object storage: how files and directories are seen in keys.

Knows: the tree that keys make. Refuses to know: how any storage is asked, and how URLs are signed.

Object storages have no directories: a key with "/" in it makes them. A directory is there when some
key starts with its name and "/"; that key may be the name itself (a marker: an empty object that
consoles and ``mkdir`` make). Where a file and a directory have one name, the name is the file.

What a question costs, in requests: a file one; a directory, or a name that is not there, two, one
after the other, because the first cannot tell a missing object from a missing bucket, nor see a
directory; a listing one for each page.
"""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from collections.abc import AsyncIterator

from ugr.call import Call
from ugr.errors import (
    AlreadyExists,
    BadRequest,
    Conflict,
    EndpointError,
    IsADirectory,
    Misbehaved,
    NotADirectory,
    NotFound,
    Unsupported,
)
from ugr.model import FileInfo
from ugr.plugin.endpoint import Endpoint
from ugr.plugin.objects.digests import check_digest
from ugr.plugin.objects.names import Names, last
from ugr.plugin.objects.options import ObjectOptions
from ugr.plugin.objects.pages import Entries, Object
from ugr.plugin.objects.store import ObjectStore
from ugr.transport import Transport

log = logging.getLogger(__name__)

BREATH = 200
"""Entries made before the loop gets its turn: half a millisecond."""


class ObjectEndpoint(Endpoint):
    """An endpoint on an object storage; a plugin adds ``connect``, ``redirect`` and its own options."""

    options: ObjectOptions

    def __init__(self, name: str, options: ObjectOptions, names: Names) -> None:
        super().__init__(name, options)
        self._names = names
        self._opened: ObjectStore | None = None

    @abstractmethod
    def connect(self, transport: Transport) -> ObjectStore:
        """Return the storage as reached through a transport; no I/O."""

    @property
    def _store(self) -> ObjectStore:
        if self._opened is None:
            raise EndpointError("the endpoint is not open")
        return self._opened

    async def open(self, transport: Transport) -> None:
        """Keep the transport."""
        self._opened = self.connect(transport)

    async def close(self) -> None:
        """Let the transport go."""
        self._opened = None

    async def stat(self, path: str, call: Call) -> FileInfo:
        """Describe a name; see the module for what it costs."""
        if path == "/":
            await self.health(call)
            return FileInfo("", directory=True)
        found = await self._object(path, call)
        if found is not None:
            return found.described(last(path))
        if not await self._beginning(self._prefix(path), 1, call):
            raise NotFound(path=path)
        return FileInfo(last(path), directory=True)

    async def list(self, path: str, call: Call) -> AsyncIterator[FileInfo]:
        """Yield a directory page by page; keys that cannot be names are left out, with a line in the log."""
        prefix = self._prefix(path)
        entries, token, found = Entries(prefix), None, path == "/"
        while True:
            page = await self._store.page(prefix, call, delimiter="/", token=token)
            found = found or not page.empty
            for number, info in enumerate(entries.of(page)):
                if number % BREATH == BREATH - 1:
                    await asyncio.sleep(0)
                yield info
            if page.token is None:
                break
            if page.token == token:
                raise Misbehaved("the listing does not advance", path=path)
            token = page.token
        if entries.hidden:
            log.warning("%s: %d keys in %s cannot be names (call %s)", self.name, entries.hidden, path, call.id)
        if not found:
            await self._why_empty(path, call)

    async def delete(self, path: str, call: Call) -> None:
        """Remove a file, or a directory that has nothing but its marker. The last file takes unmarked parents along."""
        if path == "/":
            raise Conflict("the root cannot be deleted", path=path)
        found = await self._object(path, call)
        if found is not None and not found.directory:
            await self._store.delete(found, call)
            return
        marker = self._prefix(path)
        inside = await self._beginning(marker, 2, call)
        if found is None and not inside:
            raise NotFound(path=path)
        if any(key != marker for key in inside):
            raise Conflict("the directory is not empty", path=path)
        if inside:
            await self._store.delete(Object(marker, 0), call)
        if found is not None:
            await self._store.delete(found, call)

    async def mkdir(self, path: str, call: Call) -> None:
        """Make a directory by its marker; parents need none."""
        if await self._exists(path, call) is not None:
            raise AlreadyExists(path=path)
        await self._store.mark(self._prefix(path), call)

    async def move(self, source: str, target: str, overwrite: bool, call: Call) -> None:
        """Copy one file and delete the original. Not atomic: a failure in between leaves both."""
        found = await self._free_to_copy(source, target, overwrite, call, "move")
        await self._store.rename(found, self._names.key(target), overwrite, call)

    async def copy(self, source: str, target: str, overwrite: bool, call: Call) -> None:
        """Have the storage copy one file."""
        found = await self._free_to_copy(source, target, overwrite, call, "copy")
        await self._store.copy(found, self._names.key(target), overwrite, call)

    async def checksum(self, path: str, algorithm: str, call: Call) -> str:
        """Return a checksum that the storage knows of the file."""
        value = (await self._file(path, call)).checksums.get(algorithm)
        if value is None:
            raise Unsupported(f"the storage does not know the {algorithm} of this file", path=path)
        return value

    async def health(self, call: Call) -> None:
        """List at most one key: that needs the bucket, the credentials and the clock to be right."""
        await self._store.page(self._names.prefix, call, limit=1)

    async def _keep_checksum(self, path: str, algorithm: str, value: str, call: Call) -> None:
        """Keep a checksum in the object's metadata: what ``store_checksum`` is where the storage has such."""
        check_digest(algorithm, value)
        found = await self._file(path, call)
        known = found.checksums.get(algorithm)
        if known != value:
            await self._store.keep(found, algorithm, value, call)

    async def _exists(self, path: str, call: Call) -> FileInfo | None:
        """Return what ``stat`` does, or None when there is nothing."""
        try:
            return await self.stat(path, call)
        except NotFound:
            return None

    async def _object(self, path: str, call: Call) -> Object | None:
        """Return the object of this name; None when there is none, which says nothing of directories."""
        if path == "/":
            return None
        try:
            key = self._names.key(path)
        except BadRequest:
            return None
        return await self._store.head(key, call)

    async def _file(self, path: str, call: Call) -> Object:
        """Return the object of a file; raise IsADirectory, NotFound, or what is wrong with the storage."""
        found = await self._object(path, call)
        if found is not None and not found.directory:
            return found
        if found is not None or path == "/" or await self._beginning(self._prefix(path), 1, call):
            raise IsADirectory(path=path)
        raise NotFound(path=path)

    async def _beginning(self, prefix: str, count: int, call: Call) -> tuple[str | None, ...]:
        """Return the first keys that start with a prefix, ``count`` at most; None for one that is not text."""
        keys: tuple[str | None, ...] = ()
        token = None
        while True:
            page = await self._store.page(prefix, call, token=token, limit=count)
            keys += tuple(found.key if found is not None else None for found in page.objects())
            # a storage may answer with pages of nothing before the one with something
            if len(keys) >= count or page.token is None:
                return keys[:count]
            if page.token == token:
                raise Misbehaved("the listing does not advance")
            token = page.token

    async def _why_empty(self, path: str, call: Call) -> None:
        """Return when an empty listing is that of an empty directory; raise NotADirectory or NotFound."""
        found = await self._object(path, call)
        if found is None:
            raise NotFound(path=path)
        if not found.directory:
            raise NotADirectory(path=path)

    def _prefix(self, path: str) -> str:
        """Return what the keys of a directory start with; NotFound when it cannot exist."""
        try:
            return self._names.directory(path)
        except BadRequest as error:
            raise NotFound(error.message, path=path) from None

    async def _free_to_copy(self, source: str, target: str, overwrite: bool, call: Call, verb: str) -> Object:
        """Return the object to copy or move, when both names allow it."""
        if source == target:
            raise Conflict("source and target are the same", path=source)
        if "/" in (source, target):
            raise IsADirectory(f"the root cannot take part in a {verb}", path="/")
        found = await self._file(source, call)
        there = await self._exists(target, call)
        if there is not None and not overwrite:
            raise AlreadyExists(path=target)
        if there is not None and there.directory:
            raise IsADirectory("the target is a directory", path=target)
        return found
