# SPDX-License-Identifier: Apache-2.0
"""How names are changed on the way to an endpoint, beyond the prefix of a mount; pure.

Knows: prefixes that are tried one after the other, and Rucio's deterministic names. Refuses to know:
which endpoint wants what, asking.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping

from ugr.errors import BadRequest, ConfigError
from ugr.namespace.paths import normalise

_DIVIDED = ("user", "group")
"""Scopes that begin so belong to somebody: their dots become directories."""


def rucio(path: str) -> str:
    """Return the deterministic name of a file in Rucio, for a path below the mount ("" for the mount itself).

    ``/scope/name`` and ``/scope:name`` become ``/scope/aa/bb/name``, where aabb are the first hex
    digits of the MD5 of ``scope:name`` (Rucio, ``rucio.rse.translation``: the algorithm "hash"). The
    dots of a scope that begins with user or group become directories, and may be written as such:
    ``/user.jdoe/name`` and ``/user/jdoe/name`` are one. In other scopes directories become dots.

    What has no scope in front of it, such as the directory ``/scope``, stays as it is.
    """
    inside = path[1:]
    scope, colon, name = inside.partition(":")
    if not colon:
        scope, _, name = inside.rpartition("/")
        if not scope or scope in _DIVIDED:
            return path
    scope = scope.replace("/", ".")
    if not scope.strip(".") or not name or name.startswith("/"):
        return path
    digest = hashlib.md5(f"{scope}:{name}".encode(), usedforsecurity=False).hexdigest()
    directory = scope.replace(".", "/") if scope.startswith(_DIVIDED) else scope
    return f"/{directory}/{digest[:2]}/{digest[2:4]}/{name}"


SCHEMES: Mapping[str, Callable[[str], str] | None] = {"plain": None, "rucio": rucio}
"""The words of the option ``names`` -> what becomes of the part of a path below the mount."""


def prefixes(words: Iterable[str]) -> tuple[str, ...]:
    """Parse the words of a ``multiply`` option; none of the result ends in "/". Raises ConfigError with the remedy."""
    found: list[str] = []
    problems = []
    for word in words:
        try:
            prefix = normalise(word)
        except BadRequest as error:
            problems.append(f"{word}: {error.message}; write for example /disk1 /disk2")
            continue
        prefix = "" if prefix == "/" else prefix
        if prefix in found:
            problems.append(f"{word}: is written twice")
        found.append(prefix)
    if problems:
        raise ConfigError("\n".join(problems))
    return tuple(found)
