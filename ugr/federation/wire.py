# SPDX-License-Identifier: Apache-2.0
"""What hosts tell each other through memcached, as bytes; pure.

Knows: the format, how a value proves that it is whole and what it is about. Refuses to know:
memcached, clocks, what is done with a value.

A value is two bytes of format, one of kind, a keyed digest (BLAKE2b, RFC 7693) of all the rest, and
msgpack. Endpoints go by the names that all hosts have for them, never by this process's slots; the
path is inside, so that a value under the wrong key is not believed; times are seconds since 1970.
Whatever was not written by ``pack_*`` of this format, for this path, with this key, and about
endpoints that are known here, is None when it is read. Reading raises nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from ugr.federation.cache import CachedListing, Entry
from ugr.federation.slots import Slots
from ugr.model import NO_CHECKSUMS, FileInfo

T = TypeVar("T")

FORMAT = b"u1"
"""Changes with every change of what is written below."""

LONGEST = 65536
"""Bytes of the longest value; the body of a listing is apart from it."""

LONGEST_BODY = 16 << 20
"""Bytes of the longest body of a listing, compressed."""

LONGEST_LISTING = 256 << 20
"""Bytes that a body may become."""

SKEW = 5.0
"""Seconds by which the clocks of two hosts may differ."""

_DIGEST = 16
_HEAD = len(FORMAT) + 1 + _DIGEST
_FAULTS = (msgspec.MsgspecError, UnicodeError, OverflowError, ValueError, TypeError)

Pairs = tuple[tuple[str, str], ...]
Row = tuple[str, bool, int | None, float | None, Pairs]
"""One entry of a listing: name, directory, size, mtime, checksums."""


class Seal:
    """Proves that a value was written by somebody who has the key; without a key, that it is whole."""

    def __init__(self, key: Callable[[], str] = str) -> None:
        self._key = key
        self._known: tuple[str, bytes] | None = None

    def digest(self, data: bytes) -> bytes:
        """Return the digest of some bytes."""
        key = self._key()
        known = self._known
        if known is None or known[0] != key:
            self._known = known = key, hashlib.sha256(key.encode()).digest()
        return hashlib.blake2b(data, digest_size=_DIGEST, key=known[1], person=b"ugr memcached").digest()

    def close(self, kind: bytes, value: msgspec.Struct) -> bytes | None:
        """Return a value as bytes, None when it cannot be written."""
        try:
            payload = msgspec.msgpack.encode(value)
        except _FAULTS:  # a name that is not UTF-8, a number beyond 64 bits
            return None
        if len(payload) > LONGEST - _HEAD:
            return None
        return FORMAT + kind + self.digest(kind + payload) + payload

    def open(self, kind: bytes, data: object, shape: type[T]) -> T | None:
        """Return the value of some bytes, None when it is not one of this kind, whole and ours."""
        if not isinstance(data, bytes) or not _HEAD < len(data) <= LONGEST or data[:3] != FORMAT + kind:
            return None
        payload = data[_HEAD:]
        if not hmac.compare_digest(self.digest(kind + payload), data[3:_HEAD]):
            return None
        try:
            return msgspec.msgpack.decode(payload, type=shape)
        except _FAULTS:
            return None


class Names:
    """The endpoints as all hosts know them: ``labels`` are by name, other ones for other options."""

    def __init__(self, labels: Mapping[str, str], slots: Slots) -> None:
        self._slots = slots
        self._labels = dict(labels)
        self._names = {label: name for name, label in labels.items()}

    def label(self, name: str) -> str | None:
        """Return the label of an endpoint, None for one that is not configured."""
        return self._labels.get(name)

    def labels(self, names: Iterable[str]) -> tuple[str, ...] | None:
        """Return the labels of endpoints, None when one has none."""
        found = tuple(self._labels.get(name, "") for name in names)
        return found if all(found) else None

    def names(self, labels: Iterable[str]) -> tuple[str, ...] | None:
        """Return the endpoints of labels, None when one is not known here."""
        found = tuple(self._names.get(label, "") for label in labels)
        return found if all(found) else None

    def of(self, mask: int) -> tuple[str, ...]:
        """Return the endpoints in a mask of ``Slots``."""
        return self._slots.names(mask)

    def mask(self, names: Iterable[str]) -> int:
        """Return the mask of endpoints."""
        return self._slots.mask(names)


class _Entry(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A name. ``endpoints`` are labels; the other fields count them: byte after byte, lowest bit first."""

    path: str
    position: int
    filled: float
    endpoints: tuple[str, ...]
    present: bool
    covered: bytes
    directory: bool
    size: int
    mtime: float | None
    checksums: Pairs
    holders: bytes
    excluded: tuple[tuple[int, str], ...]
    unasked: bytes
    silent: bytes
    elsewhere: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What was read of a name: an entry whose times and generation are still to be set.

    ``position`` is how much of its memcached's journal the author had read when it asked; ``age``
    is seconds since the answer, never negative.
    """

    entry: Entry
    position: int
    age: float


def pack_entry(seal: Seal, names: Names, path: str, entry: Entry, position: int, filled: float) -> bytes | None:
    """Write an entry that was found ``filled`` seconds since 1970; None when it cannot be told."""
    named = names.mask(name for name, _ in (*entry.excluded, *entry.elsewhere))
    endpoints = names.of(entry.covered | entry.holders | entry.unasked | entry.silent | named)
    labels = names.labels(endpoints)
    if labels is None:
        return None
    at = {name: number for number, name in enumerate(endpoints)}

    def bits(mask: int) -> bytes:
        number = sum(1 << at[name] for name in names.of(mask))
        return number.to_bytes((number.bit_length() + 7) // 8, "little")

    return seal.close(
        b"n",
        _Entry(
            path,
            position,
            filled,
            labels,
            entry.present,
            bits(entry.covered),
            entry.directory,
            entry.size,
            entry.mtime,
            entry.checksums,
            bits(entry.holders),
            tuple((at[name], reason) for name, reason in entry.excluded),
            bits(entry.unasked),
            bits(entry.silent),
            tuple((at[name], place) for name, place in entry.elsewhere),
        ),
    )


def unpack_entry(seal: Seal, names: Names, path: str, data: object, now: float) -> Told | None:
    """Read an entry of a path; ``now`` is seconds since 1970. None when it is not one that can be used."""
    read = seal.open(b"n", data, _Entry)
    if read is None or read.path != path:
        return None
    endpoints = names.names(read.endpoints)
    age = _age(read.filled, now)
    if endpoints is None or age is None or not _finite(read.mtime) or read.position < 0:
        return None
    bits = [1 << number for number in range(len(endpoints))]

    def mask(raw: bytes) -> int:
        number = int.from_bytes(raw, "little")
        return names.mask(name for name, bit in zip(endpoints, bits, strict=True) if number & bit)

    holders = mask(read.holders)
    if read.present and (not holders or read.size < (-1 if read.directory else 0)):
        return None
    if not all(0 <= number < len(endpoints) for number, _ in (*read.excluded, *read.elsewhere)):
        return None
    entry = Entry(
        read.present,
        mask(read.covered),
        0.0,
        0.0,
        directory=read.directory,
        size=read.size,
        mtime=read.mtime,
        checksums=read.checksums,
        holders=holders,
        excluded=tuple((endpoints[number], reason) for number, reason in read.excluded),
        unasked=mask(read.unasked),
        silent=mask(read.silent),
        elsewhere=tuple((endpoints[number], place) for number, place in read.elsewhere),
    )
    return Told(entry, read.position, age)


class Manifest(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The head of a listing. Its body, compressed rows, is here or in ``pieces`` values of their own.

    ``frame`` tells whose listing it is: a digest of the endpoints that were asked and of the names
    that exist by configuration. ``proof`` is the digest of the body.
    """

    path: str
    position: int
    filled: float
    frame: bytes
    whole: bool
    unasked: tuple[str, ...]
    missing: Pairs
    truncated: tuple[tuple[str, int], ...]
    proof: bytes
    body: bytes
    id: bytes = b""
    pieces: int = 0


def frame(names: Names, listers: Iterable[str], virtual: Iterable[str]) -> bytes | None:
    """Return the digest by which hosts know that their listings of a directory are of the same endpoints."""
    labels = names.labels(listers)
    if labels is None:
        return None
    return hashlib.blake2b(repr((sorted(labels), sorted(virtual))).encode(), digest_size=_DIGEST).digest()


def pack_rows(listing: CachedListing) -> bytes | None:
    """Write the entries of a listing, compressed; None when they cannot be written or are too many."""
    rows = [(e.name, e.directory, e.size, e.mtime, tuple(e.checksums.items())) for e in listing.entries]
    try:
        body = zlib.compress(msgspec.msgpack.encode(rows), 1)
    except _FAULTS:
        return None
    return body if len(body) <= LONGEST_BODY else None


def pack_listing(
    seal: Seal, names: Names, path: str, listing: CachedListing, body: bytes, *,
    position: int, filled: float, frame: bytes, id: bytes = b"", pieces: int = 0,
) -> bytes | None:
    """Write the head of a listing, with its body unless that is in pieces; None when it cannot be told."""
    unasked, missing = names.labels(listing.unasked), names.labels(listing.missing)
    truncated = names.labels(listing.truncated)
    if unasked is None or missing is None or truncated is None:
        return None
    whole = not (unasked or missing or truncated)
    manifest = Manifest(
        path,
        position,
        filled,
        frame,
        whole,
        unasked,
        tuple(zip(missing, listing.missing.values(), strict=True)),
        tuple(zip(truncated, listing.truncated.values(), strict=True)),
        seal.digest(body),
        b"" if pieces else body,
        id,
        pieces,
    )
    return seal.close(b"d", manifest)


def unpack_manifest(seal: Seal, path: str, data: object, piece: int) -> Manifest | None:
    """Read the head of a listing of a path; ``piece`` is the most bytes of a piece."""
    read = seal.open(b"d", data, Manifest)
    if read is None or read.path != path or read.position < 0 or not math.isfinite(read.filled):
        return None
    return read if 0 <= read.pieces <= -(-LONGEST_BODY // piece) and bool(read.pieces) != bool(read.body) else None


def unpack_listing(
    seal: Seal, names: Names, manifest: Manifest, body: bytes, now: float
) -> tuple[CachedListing, float] | None:
    """Read a listing, its times and generation still to be set, and its age in seconds."""
    age = _age(manifest.filled, now)
    unasked = names.names(manifest.unasked)
    missing = names.names(label for label, _ in manifest.missing)
    truncated = names.names(label for label, _ in manifest.truncated)
    if age is None or unasked is None or missing is None or truncated is None:
        return None
    if len(body) > LONGEST_BODY or not hmac.compare_digest(seal.digest(body), manifest.proof):
        return None
    entries = _rows(body)
    if entries is None:
        return None
    reasons = dict(zip(missing, (reason for _, reason in manifest.missing), strict=True))
    counts = dict(zip(truncated, (count for _, count in manifest.truncated), strict=True))
    return CachedListing(entries, unasked, reasons, counts, 0.0, 0.0), age


def _rows(body: bytes) -> tuple[FileInfo, ...] | None:
    unpacking = zlib.decompressobj()
    try:
        raw = unpacking.decompress(body, LONGEST_LISTING)
        if not unpacking.eof or unpacking.unused_data:
            return None
        rows: Sequence[Row] = msgspec.msgpack.decode(raw, type=list[Row])
    except (zlib.error, *_FAULTS):
        return None
    if not all(_sound(name) and _finite(mtime) for name, _, _, mtime, _ in rows):
        return None
    return tuple(
        FileInfo(name, directory, size, mtime, dict(checksums) if checksums else NO_CHECKSUMS)
        for name, directory, size, mtime, checksums in rows
    )


class Change(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One record of a journal: its number there, what tells changes apart, and what changed: None is everything."""

    number: int
    id: int
    path: str | None


def pack_change(seal: Seal, change: Change) -> bytes | None:
    """Write a record."""
    return seal.close(b"j", change)


def unpack_change(seal: Seal, number: int, data: object) -> Change | None:
    """Read the record of a number."""
    read = seal.open(b"j", data, Change)
    return read if read is not None and read.number == number else None


class Probe(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a host's probe of an endpoint found: ``latency`` in seconds, or why it failed and in which way."""

    label: str
    host: str
    at: float
    latency: float | None
    reason: str = ""
    kind: str = ""

    def age(self, now: float) -> float | None:
        """Return the seconds since it ended, None when the clocks of the two hosts contradict each other."""
        return _age(self.at, now)


def pack_probe(seal: Seal, probe: Probe) -> bytes | None:
    """Write what a probe found."""
    return seal.close(b"e", probe)


def unpack_probe(seal: Seal, label: str, data: object) -> Probe | None:
    """Read what a probe of an endpoint found."""
    read = seal.open(b"e", data, Probe)
    return read if read is not None and read.label == label and _finite(read.latency) else None


def _age(then: float, now: float) -> float | None:
    """Return the seconds since another host's time, None when that is too far in the future."""
    age = now - then
    return max(0.0, age) if math.isfinite(age) and age >= -SKEW else None


def _sound(name: str) -> bool:
    return name not in ("", ".", "..") and "/" not in name and "\0" not in name


def _finite(value: Any) -> bool:
    return value is None or math.isfinite(value)
