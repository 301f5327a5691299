# SPDX-License-Identifier: Apache-2.0
"""Where on Earth an address is, and how far two places are apart.

Knows: MaxMind DB files, great circles. Refuses to know: clients, endpoints, names of hosts.
Unknown is None; a place is never made up.
"""

from __future__ import annotations

import ipaddress
import logging
import math
import os
import sys
import threading
import time
from collections.abc import Callable
from functools import lru_cache

import maxminddb

from ugr.federation.networks import IPAddress, parse_address
from ugr.metrics import counts
from ugr.model import Position

log = logging.getLogger("ugr.geo")

EARTH_RADIUS_KM = 6371.0088
"""Mean radius R1 of the GRS 80 ellipsoid: H. Moritz, "Geodetic Reference System 1980", J. Geodesy 74 (2000) 128."""

REMEMBERED = 65536
"""Blocks of addresses whose position is remembered."""

GEOIP_ERROR = "geoip_error"
"""What failures to read the database, or a record of it, are counted under."""

_ADDRESS: dict[int, type[IPAddress]] = {4: ipaddress.IPv4Address, 6: ipaddress.IPv6Address}
_BLOCK = {4: 24, 6: 48}
_HOST_BITS = {4: 32 - 24, 6: 128 - 48}
_Stamp = tuple[int, int, int, int]
_Lookup = Callable[[IPAddress], Position | None]


def distance_km(a: Position, b: Position) -> float:
    """Return the great-circle distance in kilometres, on a sphere of the Earth's mean radius.

    Haversine formula: R. W. Sinnott, "Virtues of the Haversine", Sky & Telescope 68 (1984) 159.
    It is within 0.6 % of the distance on the ellipsoid.
    """
    north_a, north_b = math.radians(a.latitude), math.radians(b.latitude)
    half_north = math.sin((north_b - north_a) / 2)
    half_east = math.sin(math.radians(b.longitude - a.longitude) / 2)
    h = half_north * half_north + math.cos(north_a) * math.cos(north_b) * half_east * half_east
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(h)))


class GeoDatabase:
    """A City database in MaxMind DB format, read with ``maxminddb``, on which ``geoip2`` is built.

    ``geoip2``'s own ``Reader.city()`` is not used: it refuses databases whose records are flat
    (``{latitude, longitude}`` instead of ``{location: {latitude, longitude}}``), and it builds
    names, subdivisions and traits that nobody asks for here. Both forms are read; numbers may be
    text. A record without both numbers, one that is not on Earth, and one at exactly 0, 0 (which
    databases write when they do not know) place nothing.

    Safe to use from any thread. A private copy of the file is mapped, so that a file overwritten
    in place, instead of replaced, can neither kill the process nor spoil an answer.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._lookup: _Lookup | None = None
        self._about: dict[str, object] = {}
        self._stamp: _Stamp | None = None
        self._error: str | None = None
        self._lock = threading.Lock()
        self.generation = 0
        """Changes whenever another file is in use; positions looked up before may be different now."""
        self.refresh()

    def lookup(self, address: str) -> Position | None:
        """Return where an address is, None when that is not known.

        Text that is not an address is nowhere. Private and loopback addresses are nowhere unless
        the database itself places them. Answers are remembered for a /24 (IPv4) or /48 (IPv6), or
        for the single address where the database divides such a block.
        """
        lookup = self._lookup
        if lookup is None:
            return None
        parsed = parse_address(address)
        if parsed is None:
            return None
        try:
            return lookup(parsed)
        except (maxminddb.InvalidDatabaseError, UnicodeDecodeError) as error:
            self._complain(f"has a broken record: {error}")
            return None

    def refresh(self) -> bool:
        """Take the file again if it changed; return whether another one is in use now.

        Reads the whole file, so it is for the background. A file that is missing or broken leaves
        the one before in use, and is complained about once.
        """
        if self._path is None:
            return False
        with self._lock:
            try:
                stamp = _stamp(self._path)
                if stamp == self._stamp:
                    return False
                reader = _open(self._path)
            except OSError as error:
                self._stamp = None
                self._complain(f"cannot be read: {error.strerror or error}")
                return False
            except (maxminddb.InvalidDatabaseError, ValueError, TypeError) as error:
                self._stamp = stamp
                self._complain(f"is not a MaxMind DB file: {error}")
                return False
            metadata = reader.metadata()
            self._stamp = stamp
            self._error = None
            self._about = {"type": metadata.database_type, "built": float(metadata.build_epoch)}
            self._lookup = _remembering(reader)
            self.generation += 1
        log.info("GeoIP database %s of type %s is in use", self._path, metadata.database_type)
        return True

    def describe(self) -> dict[str, object]:
        """Return what people want to see of it.

        ``path`` (None: not configured), ``loaded``, ``error`` (words, None: all well) and, when
        loaded, ``type``, ``built`` (seconds since 1970) and ``age`` (seconds since then).
        """
        about = dict(self._about)
        built = about.get("built")
        if isinstance(built, float):
            about["age"] = max(0.0, time.time() - built)
        return {"path": self._path, "loaded": self._lookup is not None, "error": self._error, **about}

    def _complain(self, words: str) -> None:
        counts.add((GEOIP_ERROR,))
        if self._error is None:
            still = "the one before stays in use" if self._lookup else "GeoIP places nobody"
            log.warning("GeoIP database %s %s; %s", self._path, words, still)
        self._error = words


def _stamp(path: str) -> _Stamp:
    status = os.stat(path)
    return status.st_mtime_ns, status.st_size, status.st_ino, status.st_dev


def _open(path: str) -> maxminddb.Reader:
    """Open a copy of a database in memory that is shared with forked processes."""
    if sys.platform != "linux":
        return maxminddb.open_database(path, maxminddb.MODE_MEMORY)
    copy = os.memfd_create("geoip")
    try:
        with open(path, "rb") as stream:
            while os.sendfile(copy, stream.fileno(), None, 1 << 30):
                pass
        return maxminddb.open_database(f"/proc/self/fd/{copy}")
    finally:
        os.close(copy)


def _remembering(reader: maxminddb.Reader) -> _Lookup:
    """Return a lookup that remembers blocks of addresses.

    It holds the reader, and nothing else does: when it goes, so do the reader and its memory.
    """

    @lru_cache(REMEMBERED)
    def block(version: int, bits: int) -> tuple[Position | None, bool]:
        """Return where the first address of a block is, and whether the others are there, too."""
        first = _ADDRESS[version](bits << _HOST_BITS[version])
        try:
            record, prefix = reader.get_with_prefix_len(first)
        except ValueError:  # an IPv6 address, and the database has IPv4 only
            return None, True
        return _position(record), prefix <= _BLOCK[version]

    @lru_cache(REMEMBERED)
    def exactly(address: IPAddress) -> Position | None:
        return _position(reader.get(address))

    def lookup(address: IPAddress) -> Position | None:
        position, whole = block(address.version, int(address) >> _HOST_BITS[address.version])
        return position if whole else exactly(address)

    return lookup


def _position(record: object) -> Position | None:
    """Return the place that a record names, None when it names none."""
    if not isinstance(record, dict):
        return None
    place = record.get("location", record)
    if not isinstance(place, dict):
        return None
    latitude, longitude = _degrees(place.get("latitude"), 90.0), _degrees(place.get("longitude"), 180.0)
    if latitude is None or longitude is None or latitude == longitude == 0.0:
        return None
    return Position(latitude, longitude)


def _degrees(value: object, limit: float) -> float | None:
    """Return a number, or text that is one, within ``limit`` of 0; None for everything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        degrees = float(value)
    except (ValueError, OverflowError):
        return None
    return degrees if abs(degrees) <= limit else None
