# SPDX-License-Identifier: Apache-2.0
"""A bucket, or one directory of it, as an endpoint.

Knows: how files and directories are seen in keys. Refuses to know: how a request is signed and
sent.

S3 has no directories: a key with "/" in it makes them. A directory is there when some key starts
with its name and "/"; that key may be the name itself (a marker: an empty object that S3 consoles
and ``mkdir`` make). Where a file and a directory have one name, the name is the file.

What a question costs, in requests:

* a file: one (HEAD). A directory, or a name that is not there: two, one after the other (HEAD,
  then a listing of at most one key), because HEAD cannot tell a missing object from a missing
  bucket, nor see a directory. So a name that no endpoint of a federation holds costs each S3
  endpoint two round trips, and the answer "not here" of a close endpoint delays the choice of
  one farther away by both. Asking both at once would halve that, and double the load of every
  file that is found, with listings, which are what costs gateways (all shards of a bucket's
  index) and money; absence is remembered by the federation, so it is asked rarely.
* a listing: one for each page of 1000 names.
* a refused HEAD: one more, since only an answer with a body names the reason.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable

from ugr.plugin import (
    AlreadyExists,
    Answer,
    BadRequest,
    Call,
    Conflict,
    Endpoint,
    EndpointError,
    FileInfo,
    Intent,
    IsADirectory,
    Location,
    Misbehaved,
    NotADirectory,
    NotFound,
    Transfer,
    Transport,
    Unsupported,
)
from ugr_s3 import metadata
from ugr_s3.bucket import Bucket
from ugr_s3.entries import Entries
from ugr_s3.keyring import Keyring
from ugr_s3.names import Names, encoded, last, place
from ugr_s3.options import DEFAULT_LIFETIME, S3Options, check
from ugr_s3.signing import Signer

log = logging.getLogger(__name__)

BREATH = 200
"""Entries made before the loop gets its turn: half a millisecond."""


class S3Endpoint(Endpoint):
    """``type = s3``: Amazon S3, Ceph's gateway, and what speaks the same."""

    type = "s3"
    Options = S3Options
    options: S3Options

    def __init__(self, name: str, options: S3Options, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(name, options)
        check(name, options)
        keys = Keyring(options)
        virtual = options.addressing == "virtual"
        lifetime = int(options.url_lifetime or DEFAULT_LIFETIME)
        inside = place(options.url, options.bucket, virtual=virtual)
        outside = place(options.public_url or options.url, options.bucket, virtual=virtual)
        self._names = Names(options.prefix)
        self._ours = Signer(inside, options.region, keys, lifetime=lifetime, clock=clock)
        self._clients = Signer(outside, options.region, keys, lifetime=lifetime, clock=clock)
        self._root = outside.root
        self._opened: Bucket | None = None

    @property
    def _bucket(self) -> Bucket:
        if self._opened is None:
            raise EndpointError("the endpoint is not open")
        return self._opened

    async def open(self, transport: Transport) -> None:
        """Keep the transport."""
        self._opened = Bucket(self.options, self._ours, transport)

    async def close(self) -> None:
        """Let the transport go."""
        self._opened = None

    async def stat(self, path: str, call: Call) -> FileInfo:
        """Describe a name; see the module for what it costs."""
        if path == "/":
            await self.health(call)
            return FileInfo("", directory=True)
        found = await self._file(path, call)
        if found is not None:
            return found
        if not await self._is_directory(path, call):
            raise NotFound(path=path)
        return FileInfo(last(path), directory=True)

    async def list(self, path: str, call: Call) -> AsyncIterator[FileInfo]:
        """Yield a directory page by page; keys that cannot be names are left out, with a line in the log."""
        prefix = self._prefix(path)
        entries, token, found = Entries(prefix), None, path == "/"
        while True:
            page = await self._bucket.page(prefix, call, delimiter="/", token=token)
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
            if await self._file(path, call) is not None:
                raise NotADirectory(path=path)
            raise NotFound(path=path)

    def redirect(self, path: str, intent: Intent, transfer: Transfer, call: Call) -> Location:
        """Return a URL signed for one method, good for ``url_lifetime`` from this second."""
        if path == "/":
            raise IsADirectory("the root is a directory", path=path)
        url, expires = self._clients.url(intent.value, f"{self._root}/{encoded(self._names.key(path))}")
        return Location(url, intent, expires=float(expires), signed=True)

    async def delete(self, path: str, call: Call) -> None:
        """Remove a file, or a directory that has nothing but its marker. The last file takes unmarked parents along."""
        if path == "/":
            raise Conflict("the root cannot be deleted", path=path)
        if await self._file(path, call) is not None:
            await self._bucket.delete(self._names.key(path), call)
            return
        marker = self._prefix(path)
        page = await self._bucket.page(marker, call, limit=2)
        if page.empty:
            raise NotFound(path=path)
        if any(entry is None or entry.key != marker for entry in page.objects()):
            raise Conflict("the directory is not empty", path=path)
        await self._bucket.delete(marker, call)

    async def mkdir(self, path: str, call: Call) -> None:
        """Make a directory by its marker; parents need none."""
        if await self._exists(path, call) is not None:
            raise AlreadyExists(path=path)
        await self._bucket.put_empty(self._prefix(path), call)

    async def move(self, source: str, target: str, overwrite: bool, call: Call) -> None:
        """Copy one file and delete the original. Not atomic: a failure in between leaves both."""
        await self._copied(source, target, overwrite, call, "move")
        await self._bucket.delete(self._names.key(source), call)

    async def copy(self, source: str, target: str, overwrite: bool, call: Call) -> None:
        """Have the storage copy one file; S3 does that up to 5 GiB."""
        await self._copied(source, target, overwrite, call, "copy")

    async def checksum(self, path: str, algorithm: str, call: Call) -> str:
        """Return the MD5 of a file that was uploaded in one part; S3 knows no other digest of every object."""
        found = await self._file(path, call)
        if found is None:
            raise NotFound(path=path)
        value = found.checksums.get(algorithm)
        if value is None:
            raise Unsupported(f"the storage does not know the {algorithm} of this file", path=path)
        return value

    async def health(self, call: Call) -> None:
        """List at most one key: that needs the bucket, the keys and the clock to be right."""
        await self._bucket.page(self._names.prefix, call, limit=1)

    async def _exists(self, path: str, call: Call) -> FileInfo | None:
        """Return what ``stat`` does, or None when there is nothing."""
        try:
            return await self.stat(path, call)
        except NotFound:
            return None

    async def _file(self, path: str, call: Call) -> FileInfo | None:
        """Return the file of this name; None when there is none, which says nothing of directories."""
        if path == "/":
            return None
        try:
            key = self._names.key(path)
        except BadRequest:
            return None
        answer = await self._bucket.head(key, call)
        if answer.status == 200:
            return self._described(path, answer)
        if answer.status == 404:
            return None
        if answer.status < 500:
            # only an answer with a body names the reason: ask for one that is refused for the same
            await self._bucket.page(key, call, limit=1)
        raise self._bucket.refusal(answer)

    def _described(self, path: str, answer: Answer) -> FileInfo:
        size = metadata.size(answer)
        if size is None:
            raise Misbehaved("the storage does not say how long the object is", path=path)
        return FileInfo(last(path), size=size, mtime=metadata.mtime(answer), checksums=metadata.checksums(answer))

    async def _is_directory(self, path: str, call: Call) -> bool:
        return not (await self._bucket.page(self._prefix(path), call, limit=1)).empty

    def _prefix(self, path: str) -> str:
        """Return what the keys of a directory start with; NotFound when it cannot exist."""
        try:
            return self._names.directory(path)
        except BadRequest as error:
            raise NotFound(error.message, path=path) from None

    async def _copied(self, source: str, target: str, overwrite: bool, call: Call, verb: str) -> None:
        if source == target:
            raise Conflict("source and target are the same", path=source)
        if "/" in (source, target):
            raise IsADirectory(f"the root cannot take part in a {verb}", path="/")
        if (await self.stat(source, call)).directory:
            raise IsADirectory(f"S3 cannot {verb} directories", path=source)
        there = await self._exists(target, call)
        if there is not None and not overwrite:
            raise AlreadyExists(path=target)
        if there is not None and there.directory:
            raise IsADirectory("the target is a directory", path=target)
        await self._bucket.copy(self._names.key(source), self._names.key(target), call)
