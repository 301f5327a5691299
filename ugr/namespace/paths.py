# SPDX-License-Identifier: Apache-2.0
"""LFN hygiene: the one form of a path that the rooms further in ever see; pure.

Knows: what a path may be. Refuses to know: percent-encoding (the front end decodes), mounts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ugr.errors import BadRequest
from ugr.names import unspeakable

MAX_BYTES = 4096
"""Longest path, in bytes of UTF-8."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_ODD = re.compile(r"//|/\.\.?(?:/|\Z)")


def normalise(path: str) -> str:
    """Return the LFN of a decoded path: "/"-led, without a trailing slash, "/" for the root.

    Raises BadRequest for what could mean two things or reach outside: a relative path, empty,
    "." or ".." components, control characters, text that is not UTF-8, more than
    4 KiB, which no file system takes (PATH_MAX of Linux) and no object store either.
    """
    if not path.startswith("/"):
        raise BadRequest('a path must start with "/"', path=_shown(path))
    if _SURROGATE.search(path):
        raise BadRequest("a path must be UTF-8", path=_shown(path))
    if unspeakable(path):
        raise BadRequest("a path must not contain control characters or non-characters", path=_shown(path))
    if len(path) * 4 > MAX_BYTES and len(path.encode()) > MAX_BYTES:
        raise BadRequest(f"a path must not be longer than {MAX_BYTES} bytes", path=_shown(path[:80]))
    if _ODD.search(path):
        raise BadRequest('a path must not contain empty, "." or ".." components', path=_shown(path))
    return path[:-1] if len(path) > 1 and path.endswith("/") else path


def parent(lfn: str) -> str:
    """Return the directory that holds an LFN; the root is its own."""
    return lfn.rpartition("/")[0] or "/"


def ancestors(lfn: str) -> Iterator[str]:
    """Yield an LFN and then each directory above it, up to "/"."""
    yield lfn
    while lfn != "/":
        lfn = parent(lfn)
        yield lfn


def within(lfn: str, prefix: str) -> bool:
    """Say whether an LFN is ``prefix`` or below it, on component boundaries."""
    return prefix == "/" or lfn == prefix or lfn.startswith(prefix + "/")


def _shown(path: str) -> str:
    """Return a path that is safe to show whatever it contains."""
    return path.encode("ascii", "backslashreplace").decode().replace("\n", "\\n").replace("\r", "\\r")
