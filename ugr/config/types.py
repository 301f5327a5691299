# SPDX-License-Identifier: Apache-2.0
"""The types that an option may have, and how each is written in INI.

Knows: text to value and back, with an error that says what would be right. Refuses to know:
sections, files, what any option is for.

Parsers raise ValueError whose text follows the value in a message, ``10: not a duration; ...``,
and so does not repeat it. They raise ``Unshowable`` when the value must not be repeated at all.
"""

from __future__ import annotations

import ipaddress
import math
import os
import re
import threading
from collections.abc import Callable
from typing import Any, NewType
from urllib.parse import urlsplit

from ugr.model import Position

Duration = NewType("Duration", float)
"""Seconds; written with a unit: ``500ms``, ``10s``, ``5m``, ``2h``, ``1d``."""

Size = NewType("Size", int)
"""Bytes; written with a unit: ``100B``, ``64KiB``, ``5GiB``, ``1TB``."""

Url = NewType("Url", str)
"""An absolute http or https URL without query, fragment, user or trailing slash."""

Address = NewType("Address", str)
"""``host:port`` or ``unix:/path``."""

Addresses = NewType("Addresses", tuple[Address, ...])
"""Zero or more addresses, separated by white space or commas."""

Path = NewType("Path", str)
"""The absolute path of a file or directory of this host."""

LogPlace = NewType("LogPlace", str)
"""``stdout``, ``off``, or the absolute path of a file of this host."""

Words = tuple[str, ...]
"""Zero or more words, separated by white space or commas."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Networks = tuple[Network, ...]
"""Zero or more CIDR blocks."""


class Unshowable(ValueError):
    """The value is wrong, and may hold a secret: a message must not repeat it."""


_DURATION = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)\s*(ms|s|m|h|d)\Z", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)\s*(B|[KMGTP]i?B)\Z", re.ASCII)
_BYTES = {"B": 1} | {
    f"{letter}{infix}B": base**power
    for power, letter in enumerate("KMGTP", 1)
    for infix, base in (("i", 1024), ("", 1000))
}


def duration(text: str) -> Duration:
    """Parse ``10s``; raise ValueError with the remedy."""
    match = _DURATION.match(text)
    if match is None:
        raise ValueError("not a duration; write a number and a unit: 500ms, 10s, 5m, 2h, 1d")
    return Duration(float(match[1]) * _SECONDS[match[2]])


def size(text: str) -> Size:
    """Parse ``5GiB``; raise ValueError with the remedy."""
    match = _SIZE.match(text)
    if match is None:
        raise ValueError("not a size; write a number and a unit: 100B, 64KiB, 5GiB, 1TB")
    return Size(round(float(match[1]) * _BYTES[match[2]]))


def boolean(text: str) -> bool:
    """Parse yes/no, true/false, on/off; raise ValueError for anything else."""
    value = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}.get(text.lower())
    if value is None:
        raise ValueError("neither yes nor no")
    return value


def integer(text: str) -> int:
    """Parse a whole number, 0 or more."""
    if not re.fullmatch(r"\d{1,15}", text, re.ASCII):
        raise ValueError("not a whole number")
    return int(text)


def number(text: str) -> float:
    """Parse a finite number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError("not a number")
    return value


def words(text: str) -> Words:
    """Split at white space and commas."""
    return tuple(text.replace(",", " ").split())


def url(text: str) -> Url:
    """Parse an http(s) URL; a trailing slash is dropped."""
    if "@" in text.partition("//")[2].partition("/")[0] or ("@" in text and "://" not in text):
        raise Unshowable("a URL must not carry a user or password; use the options for credentials")
    if "?" in text or "#" in text:
        raise Unshowable("a URL must not have a query or fragment here")
    problem = None
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"not a URL: {error}") from None
    if parts.scheme not in ("http", "https"):
        problem = "must start with http:// or https://"
    elif not parts.hostname:
        problem = "names no host"
    elif re.search(r"[\x00-\x20\x7f-\U0010ffff<>\"\\^`{|}]", text):
        problem = "contains characters that must be percent-encoded"
    if problem:
        raise ValueError(problem)
    return Url(text.rstrip("/"))


def address(text: str) -> Address:
    """Parse ``host:port``, ``[v6]:port`` or ``unix:/path``."""
    if re.fullmatch(r"unix:/\S+", text):
        return Address(text)
    match = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+):(\d{1,5})", text)
    if match is None or not 0 <= int(match[2]) <= 65535:
        raise ValueError("not an address; write host:port, [v6]:port or unix:/path")
    return Address(text)


def addresses(text: str) -> Addresses:
    """Parse addresses; none is named twice."""
    found: list[Address] = []
    for word in words(text):
        try:
            one = address(word)
        except ValueError as error:
            raise ValueError(f"{word}: {error}") from None
        if one in found:
            raise ValueError(f"{word} is named twice")
        found.append(one)
    return Addresses(tuple(found))


def path(text: str) -> Path:
    """Parse an absolute path; a trailing slash is dropped."""
    if not text.startswith("/"):
        raise ValueError('must be an absolute path, starting with "/"')
    return Path(os.path.normpath(text))


def log_place(text: str) -> LogPlace:
    """Parse ``stdout``, ``off`` or an absolute path."""
    if text in ("stdout", "off"):
        return LogPlace(text)
    if not text.startswith("/") or text.endswith("/"):
        raise ValueError('neither stdout, nor off, nor the absolute path of a file, which starts with "/"')
    return LogPlace(os.path.normpath(text))


def networks(text: str) -> Networks:
    """Parse CIDR blocks; a bare address is a block of one."""
    found = []
    for word in words(text):
        try:
            found.append(ipaddress.ip_network(word))
        except ValueError as error:
            raise ValueError(f"not a network: {error}; write for example 192.0.2.0/24") from None
    return tuple(found)


def position(text: str) -> Position:
    """Parse ``46.23, 6.05``: degrees north, degrees east."""
    parts = words(text)
    try:
        latitude, longitude = (float(part) for part in parts)
    except ValueError:
        raise ValueError("not a position; write latitude, longitude in degrees: 46.23, 6.05") from None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise ValueError("not on Earth: latitude is -90 to 90, longitude -180 to 180")
    return Position(latitude, longitude)


class Secret:
    """A secret kept outside the configuration: in a file, or in an environment variable.

    ``value`` never touches the disk; ``reload`` does, and is called by the core in the background,
    so that a renewed file is picked up. ``version`` changes whenever the value does. The value is
    never part of ``repr`` or of an error.
    """

    def __init__(self, *, file: str | None = None, environment: str | None = None, literal: str | None = None) -> None:
        self.file = file
        self.environment = environment
        self.version = 0
        self._value = literal or ""
        self._stamp: tuple[int, int, int] | None = None
        self._lock = threading.Lock()
        if literal is None:
            self.reload()

    def __eq__(self, other: object) -> bool:
        """Compare sources, not values: a renewed secret is still the same secret."""
        return isinstance(other, Secret) and self._identity() == other._identity()

    def __hash__(self) -> int:
        """Hash what is compared."""
        return hash(self._identity())

    def _identity(self) -> tuple[str | None, str | None, str | None]:
        literal = self._value if self.file is None and self.environment is None else None
        return (self.file, self.environment, literal)

    def __repr__(self) -> str:
        """Name the source, never the value."""
        return f"Secret({self.source})"

    @property
    def source(self) -> str:
        """Where the value comes from, in words."""
        if self.file is not None:
            return f"file {self.file}"
        return f"environment variable {self.environment}" if self.environment else "literal"

    @property
    def value(self) -> str:
        """The secret itself, as last read."""
        return self._value

    def reload(self) -> bool:
        """Read again if the file changed; return whether the value did. Raise ValueError when unreadable."""
        with self._lock:
            if self.file is not None:
                try:
                    status = os.stat(self.file)
                    stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
                    if stamp == self._stamp:
                        return False
                    with open(self.file, encoding="utf-8") as stream:
                        value = stream.read(65537).strip()
                except (OSError, UnicodeDecodeError) as error:
                    reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
                    raise ValueError(f"cannot read the secret in {self.file}: {reason}") from None
                if not value:
                    raise ValueError(f"the secret in {self.file} is empty")
                if len(value) > 65536:
                    raise ValueError(f"the secret in {self.file} is longer than 64KiB")
                self._stamp = stamp
            elif self.environment is not None:
                value = os.environ.get(self.environment, "").strip()
                if not value:
                    raise ValueError(f"the environment variable {self.environment} is empty or not set")
            else:
                return False
            if value == self._value:
                return False
            self._value = value
            self.version += 1
            return True


PARSERS: dict[Any, Callable[[str], Any]] = {
    str: str,
    bool: boolean,
    int: integer,
    float: number,
    Duration: duration,
    Size: size,
    Url: url,
    Address: address,
    Addresses: addresses,
    Path: path,
    LogPlace: log_place,
    Words: words,
    Networks: networks,
    Position: position,
}
"""Type of a declared option -> its parser. Each parser raises ValueError with a remedy."""


def written(value: Any, kind: Any) -> str:
    """Return a value as an administrator would write it: the inverse of the parser of ``kind``."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Position):
        return f"{_plain(value.latitude)}, {_plain(value.longitude)}"
    if isinstance(value, Secret):
        return value.source
    if isinstance(value, tuple):
        return " ".join(str(item) for item in value)
    if kind is Duration:
        return _in_units(value, (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)), ("ms", 1000))
    if kind is Size:
        return _in_units(value, tuple((f"{letter}iB", 1024**power) for power, letter in _DESCENDING), ("B", 1))
    return _plain(value) if isinstance(value, float) else str(value)


def _plain(value: float) -> str:
    """Write a float with all its digits, and without a trailing ``.0``."""
    return repr(float(value)).removesuffix(".0")


_DESCENDING = ((5, "P"), (4, "T"), (3, "G"), (2, "M"), (1, "K"))


def _in_units(value: float, units: tuple[tuple[str, int], ...], smallest: tuple[str, int]) -> str:
    """Write a value in the largest unit of which it is a whole multiple; else in the smallest.

    ``units`` are multiples of the value's own unit; ``smallest`` goes into it that many times.
    """
    if not value:
        return f"0{smallest[0]}"
    for unit, factor in units:
        if value % factor == 0:
            return f"{value // factor:.15g}{unit}"
    return f"{value * smallest[1]:.15g}{smallest[0]}"
