# SPDX-License-Identifier: Apache-2.0
"""An endpoint whose storage is a dictionary: the contract at its smallest, with knobs.

Knows: every verb of the contract. Refuses to know: networks, disks.

It is what the federation's tests federate, and what the conformance suite proves itself on.
"""

from __future__ import annotations

import asyncio
import copy
import hashlib
import hmac
import io
import time
import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO
from urllib.parse import quote, unquote

from ugr.call import Call
from ugr.config.types import Duration, Secret
from ugr.errors import (
    AlreadyExists,
    BadRequest,
    Conflict,
    IsADirectory,
    Misbehaved,
    NotADirectory,
    NotFound,
    PermissionDenied,
    Refused,
    Timeout,
    UgrError,
    Unsupported,
)
from ugr.model import FileInfo, Intent, Location, Replica, Transfer, Usage
from ugr.plugin.endpoint import Endpoint, Multipart, MultipartStep
from ugr.plugin.options import EndpointOptions, option
from ugr.testing.store import Store
from ugr.transport import Transport


@dataclass(frozen=True, kw_only=True)
class MemoryOptions(EndpointOptions):
    """The options of ``type = memory``."""

    key: Secret | None = option(None, help="Key that signs URLs; without it they are not signed.")
    served_here: bool = option(False, help="Whether ugr itself serves the bytes.")
    capacity: int = option(1 << 30, help="Bytes that fit.")


@dataclass(slots=True)
class Stored:
    """One file."""

    data: bytes
    mtime: float = field(default_factory=time.time)
    checksums: dict[str, str] = field(default_factory=dict)


class MemoryEndpoint(Endpoint):
    """Files by path, in ``files``; directories are those above them, and those in ``directories``.

    The knobs may be turned at any time. ``delay`` is seconds before each answer; ``fail`` is raised
    instead of one (a fresh copy each time); ``hang`` keeps every question until its deadline;
    ``stall`` keeps listings after their first ``page`` entries; ``broken`` are names at and below
    which every question is refused; ``outside`` are names that lead out of the root; ``names`` are the
    copies that it names as a catalogue, by path. ``asked`` grows by ``(verb, path)`` for every
    question; redirects are not questions.
    """

    type = "memory"
    Options = MemoryOptions
    options: MemoryOptions

    def __init__(self, name: str, options: EndpointOptions | None = None) -> None:
        super().__init__(name, options if options is not None else MemoryOptions())
        self.files: dict[str, Stored] = {}
        self.directories: set[str] = {"/"}
        self.broken: set[str] = set()
        self.names: dict[str, list[Replica]] = {}
        self.outside: set[str] = set()
        self.delay = 0.0
        self.fail: UgrError | None = None
        self.hang = False
        self.stall = False
        self.page = 100
        self.asked: list[tuple[str, str]] = []
        self.opened = False

    def put(self, path: str, data: bytes = b"", mtime: float | None = None, **checksums: str) -> None:
        """Make or replace a file, directories included; for tests, not a verb."""
        self.files[path] = Stored(data, time.time() if mtime is None else mtime, checksums)
        self.make_directories(path.rpartition("/")[0] or "/")

    def make_directories(self, path: str) -> None:
        """Make a directory and those above it; for tests, not a verb."""
        while path != "/":
            self.directories.add(path)
            path = path.rpartition("/")[0] or "/"

    def capabilities(self) -> Mapping[str, bool]:
        """Have every capability, but ``data`` for bytes that are served here and ``multipart`` for others."""
        granted = super().capabilities()
        here = self.options.served_here
        return {**granted, "data": granted["data"] and here, "multipart": granted["multipart"] and not here}

    async def open(self, transport: Transport) -> None:
        """Note that it is open."""
        self.opened = True

    async def close(self) -> None:
        """Note that it is closed."""
        self.opened = False

    async def stat(self, path: str, call: Call) -> FileInfo:
        """Describe one name."""
        await self.question("stat", path, call)
        return self.describe(path)

    async def list(self, path: str, call: Call) -> AsyncIterator[FileInfo]:
        """Yield the names directly inside a directory, page by page."""
        await self.question("list", path, call)
        if path in self.files:
            raise NotADirectory("is a file", path=path, endpoint=self.name, verb="list")
        self.describe(path)
        children = self.children(path)
        for start in range(0, len(children), self.page):
            if start:
                await self.pause("list", path, call, self.stall)
            for child in children[start : start + self.page]:
                yield self.describe(child)

    def redirect(self, path: str, intent: Intent, transfer: Transfer, call: Call) -> Location:
        """Send the client to ``public_url`` (or ``url``), signed when there is a key."""
        if self.options.served_here:
            if intent not in (Intent.GET, Intent.HEAD):
                raise Unsupported("cannot be written", path=path, endpoint=self.name, verb="redirect")
            return Location("", intent, served_here=True)
        url = (self.options.public_url or self.options.url or f"http://{self.name}.test") + quote(path)
        if self.options.key is None:
            return Location(url, intent)
        expires = int(time.time() + (self.options.url_lifetime or Duration(3600.0)))
        proof = self.sign(self.options.key.value, intent, path, expires)
        return Location(f"{url}?expires={expires}&signature={proof}", intent, expires=expires, signed=True)

    async def delete(self, path: str, call: Call) -> None:
        """Remove one file or empty directory."""
        await self.question("delete", path, call)
        if self.describe(path).directory:
            if path == "/" or self.children(path):
                raise Conflict("is not empty", path=path, endpoint=self.name, verb="delete")
            self.directories.remove(path)
        else:
            del self.files[path]

    async def mkdir(self, path: str, call: Call) -> None:
        """Make one directory, parents included."""
        await self.question("mkdir", path, call)
        self.refuse_existing(path, "mkdir")
        self.make_directories(path)

    async def move(self, source: str, target: str, overwrite: bool, call: Call) -> None:
        """Rename a file."""
        await self.question("move", source, call)
        stored = self.file(source, "move")
        if not overwrite:
            self.refuse_existing(target, "move")
        del self.files[source]
        self.put(target, stored.data, stored.mtime, **stored.checksums)

    async def copy(self, source: str, target: str, overwrite: bool, call: Call) -> None:
        """Copy a file."""
        await self.question("copy", source, call)
        stored = self.file(source, "copy")
        if not overwrite:
            self.refuse_existing(target, "copy")
        self.put(target, stored.data, None, **stored.checksums)

    async def checksum(self, path: str, algorithm: str, call: Call) -> str:
        """Return a checksum that was kept, or compute it."""
        await self.question("checksum", path, call)
        stored = self.file(path, "checksum")
        if algorithm in stored.checksums:
            return stored.checksums[algorithm]
        if algorithm == "adler32":
            return f"{zlib.adler32(stored.data):08x}"
        if algorithm == "md5":
            return hashlib.md5(stored.data, usedforsecurity=False).hexdigest()
        raise Unsupported(f"no {algorithm} here", path=path, endpoint=self.name, verb="checksum")

    async def store_checksum(self, path: str, algorithm: str, value: str, call: Call) -> None:
        """Keep a checksum beside the file."""
        await self.question("store_checksum", path, call)
        self.file(path, "store_checksum").checksums[algorithm] = value

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
        """Give each part a name beside the file."""
        count = parts if step is MultipartStep.PARTS else 1
        names = [f"{path}.{number}" for number in range(1, count + 1)]
        locations = tuple(self.redirect(name, Intent.PUT, transfer, call) for name in names)
        return Multipart(upload_id or "upload", locations)

    async def usage(self, path: str, call: Call) -> Usage:
        """Count the bytes."""
        await self.question("usage", path, call)
        used = sum(len(stored.data) for stored in self.files.values())
        return Usage(used, max(0, self.options.capacity - used))

    async def data(self, path: str, call: Call) -> BinaryIO:
        """Open a file."""
        await self.question("data", path, call)
        if path in self.outside:
            raise PermissionDenied("leads out of the root", path=path, endpoint=self.name, verb="data")
        return io.BytesIO(self.file(path, "data").data)

    async def replicas(self, path: str, call: Call) -> Sequence[Replica]:
        """Name what ``names`` says of a path, or else this endpoint's own copy."""
        await self.question("replicas", path, call)
        if path not in self.names:
            self.file(path, "replicas")
        own = (self.options.public_url or self.options.url or f"http://{self.name}.test") + quote(path)
        return self.names.get(path, [Replica(own)])

    async def question(self, verb: str, path: str, call: Call) -> None:
        """Do what every question does first: count it, wait, fail."""
        self.asked.append((verb, path))
        await self.pause(verb, path, call, self.hang)
        if any(path == name or path.startswith(name + "/") for name in self.broken):
            raise Refused("that part is broken", path=path, endpoint=self.name, verb=verb)
        if self.fail is not None:
            raise copy.copy(self.fail).at(path=path, endpoint=self.name, verb=verb)

    async def pause(self, verb: str, path: str, call: Call, hang: bool) -> None:
        """Take the time that an answer takes, the call's at most."""
        left = call.require_time()
        await asyncio.sleep(left if hang else min(self.delay, left))
        if hang or self.delay >= left:
            raise Timeout("did not answer in time", path=path, endpoint=self.name, verb=verb)

    def describe(self, path: str) -> FileInfo:
        """Return what is known of a name, or raise NotFound; no question."""
        name = path.rpartition("/")[2]
        if path in self.directories:
            return FileInfo(name, directory=True)
        stored = self.file(path, "stat")
        return FileInfo(name, size=len(stored.data), mtime=stored.mtime, checksums=dict(stored.checksums))

    def file(self, path: str, verb: str) -> Stored:
        """Return a stored file, or raise what is wrong with the name; no question."""
        if path in self.directories:
            raise IsADirectory("is a directory", path=path, endpoint=self.name, verb=verb)
        if path not in self.files:
            raise NotFound("no such name", path=path, endpoint=self.name, verb=verb)
        return self.files[path]

    def children(self, path: str) -> Sequence[str]:
        """Return the paths directly inside a directory; no question."""
        prefix = path.rstrip("/") + "/"
        return [
            name
            for name in sorted(self.directories | self.files.keys())
            if name.startswith(prefix) and name != "/" and "/" not in name[len(prefix) :]
        ]

    def refuse_existing(self, path: str, verb: str) -> None:
        """Raise AlreadyExists for a name that is taken; no question."""
        if path in self.files or path in self.directories:
            raise AlreadyExists("the name is taken", path=path, endpoint=self.name, verb=verb)

    @staticmethod
    def sign(key: str, intent: Intent, path: str, expires: int) -> str:
        """Return the proof that goes with a URL for one method, path and time."""
        message = f"{intent.value}\n{path}\n{expires}".encode()
        return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()


class MemoryStore(Store):
    """The storage of a ``MemoryEndpoint``, and the server that its locations lead to."""

    def __init__(self, endpoint: MemoryEndpoint) -> None:
        self.endpoint = endpoint

    def put(self, path: str, data: bytes) -> None:
        """Make or replace a file."""
        self.endpoint.put(path, data)

    def mkdir(self, path: str) -> None:
        """Make a directory."""
        self.endpoint.make_directories(path)

    def remove(self, path: str) -> None:
        """Remove a file, or a directory with everything below."""
        for name in [name for name in self.endpoint.files if name == path or name.startswith(path + "/")]:
            del self.endpoint.files[name]
        self.endpoint.directories -= {
            name for name in self.endpoint.directories if name == path or name.startswith(path + "/")
        }

    def escape(self, path: str) -> None:
        """Make a name that leads out of the root."""
        self.put(path, b"not for you")
        self.endpoint.outside.add(path)

    def fetch(self, location: Location, body: bytes | None = None) -> tuple[int, bytes]:
        """Serve a location from the dictionary; the signature is checked when there is a key."""
        options = self.endpoint.options
        base = options.public_url or options.url or f"http://{self.endpoint.name}.test"
        if not location.url.startswith(base + "/"):
            raise BadRequest(f"{location.url} is not below {base}")
        encoded, _, query = location.url.removeprefix(base).partition("?")
        path = unquote(encoded)
        if options.key is not None:
            given = dict(pair.split("=", 1) for pair in query.split("&") if "=" in pair)
            proof = MemoryEndpoint.sign(options.key.value, location.method, path, int(given.get("expires", 0)))
            if given.get("signature") != proof:
                return 403, b""
        if location.method is Intent.PUT:
            self.put(path, body or b"")
            return 201, b""
        if path not in self.endpoint.files:
            return 404, b""
        if location.method is Intent.DELETE:
            self.remove(path)
            return 204, b""
        return 200, self.endpoint.files[path].data if location.method is Intent.GET else b""

    def down(self) -> None:
        """Refuse every question."""
        self.endpoint.fail = Refused("connection refused")

    def deny(self) -> None:
        """Refuse the credentials."""
        self.endpoint.fail = PermissionDenied("credentials refused")

    def garble(self) -> None:
        """Answer nonsense."""
        self.endpoint.fail = Misbehaved("answered nonsense")

    def hang(self) -> None:
        """Answer nothing."""
        self.endpoint.hang = True

    def stall(self) -> None:
        """Answer the first page of a listing only."""
        self.endpoint.stall = True

    def up(self) -> None:
        """End all trouble."""
        self.endpoint.fail = None
        self.endpoint.hang = self.endpoint.stall = False
