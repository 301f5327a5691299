# SPDX-License-Identifier: Apache-2.0
"""An object storage in memory, which cuts its listings as it likes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ugr.plugin import AlreadyExists, Call, EndpointError, Intent, Location, Transfer, Transport
from ugr.plugin.objects import Names, Object, ObjectEndpoint, ObjectOptions, ObjectStore, Page


@dataclass
class Cut:
    """One page."""

    found: list[Object | None]
    common: list[str | None]
    token: str | None = None

    @property
    def empty(self) -> bool:
        return not (self.found or self.common)

    def objects(self) -> Iterator[Object | None]:
        return iter(self.found)

    def prefixes(self) -> Iterator[str | None]:
        return iter(self.common)


class Bucket(ObjectStore):
    """Objects by key. ``most`` is the size of a page; before each page comes ``hollow`` times one of nothing."""

    def __init__(self, *keys: str, most: int = 1000, hollow: int = 0) -> None:
        self.objects = {key: Object(key, len(key)) for key in keys}
        self.most = most
        self.hollow = hollow
        self.there = True
        self.asked: list[str] = []

    async def head(self, key: str, call: Call) -> Object | None:
        self.asked.append("head")
        return self.objects.get(key) if self.there else None

    async def page(
        self, prefix: str, call: Call, *, delimiter: str = "", token: str | None = None, limit: int | None = None
    ) -> Page:
        self.asked.append("page")
        if not self.there:
            raise EndpointError("there is no bucket", retryable=False)
        done, before = (int(word) for word in (token or "0,0").split(","))
        if before < self.hollow:
            return Cut([], [], f"{done},{before + 1}")
        entries = self._entries(prefix, delimiter)
        most = min(limit or self.most, self.most)
        cut = entries[done : done + most]
        more = f"{done + most},0" if done + most < len(entries) else None
        files = [self.objects[key] for key, common in cut if not common]
        return Cut(list(files), [key for key, common in cut if common], more)

    def _entries(self, prefix: str, delimiter: str) -> list[tuple[str, bool]]:
        """Return keys, and what is common to several, in order."""
        found = set()
        for key in self.objects:
            if key.startswith(prefix):
                inside = key[len(prefix) :]
                cut = inside.find(delimiter) if delimiter else -1
                found.add((key, False) if cut < 0 else (prefix + inside[: cut + 1], True))
        return sorted(found)

    async def mark(self, key: str, call: Call) -> None:
        self.asked.append("mark")
        self.objects[key] = Object(key, 0)

    async def delete(self, found: Object, call: Call) -> None:
        self.asked.append("delete")
        del self.objects[found.key]

    async def copy(self, source: Object, target: str, overwrite: bool, call: Call) -> None:
        self.asked.append("copy")
        if target in self.objects and not overwrite:
            raise AlreadyExists("somebody was faster")
        self.objects[target] = Object(target, source.size, checksums=source.checksums)

    async def keep(self, found: Object, algorithm: str, value: str, call: Call) -> None:
        self.asked.append("keep")
        checksums = {**found.checksums, algorithm: value}
        self.objects[found.key] = Object(found.key, found.size, checksums=checksums)


class BucketEndpoint(ObjectEndpoint):
    """An endpoint on such a bucket."""

    type = "bucket"
    Options = ObjectOptions

    def __init__(self, bucket: Bucket, *, longest: int = 1024, **options: object) -> None:
        given = ObjectOptions(url="https://bucket.example.org", writable=True, **options)
        super().__init__("bucket", given, Names(given.prefix, longest=longest, forbidden="\\"))
        self.bucket = bucket
        self._opened = bucket

    def connect(self, transport: Transport) -> ObjectStore:
        return self.bucket

    def redirect(self, path: str, intent: Intent, transfer: Transfer, call: Call) -> Location:
        raise NotImplementedError

    async def store_checksum(self, path: str, algorithm: str, value: str, call: Call) -> None:
        await self._keep_checksum(path, algorithm, value, call)
