# SPDX-License-Identifier: Apache-2.0
"""Where endpoints appear in the namespace, and how names are translated for them; pure, made once.

Knows: ``mount = /atlas /belle2=/data/belle``, component boundaries, longest first. Refuses to
know: rights, asking.

A mount point and every directory above it exist by themselves, whatever the endpoints say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ugr.errors import BadRequest, ConfigError
from ugr.federation.routes import Eligible, Route
from ugr.federation.slots import Slots
from ugr.namespace.paths import ancestors, normalise, parent, within
from ugr.namespace.translate import SCHEMES, prefixes
from ugr.plugin.options import EndpointOptions

_COMMENT = frozenset("#;")
"""What no prefix has: whoever writes ``/atlas;not yet`` means something else than that prefix."""


@dataclass(frozen=True, slots=True)
class Mount:
    """One prefix of the namespace and the endpoint's directory that appears there."""

    prefix: str
    base: str

    def __str__(self) -> str:
        """Return it as an administrator writes it."""
        return self.prefix if self.base == "/" else f"{self.prefix}={self.base}"


def parse(words: Iterable[str]) -> tuple[Mount, ...]:
    """Parse the words of a ``mount`` option. Raises ConfigError, a line for each bad word with the remedy."""
    mounts: dict[str, Mount] = {}
    problems = []
    for word in words:
        prefix, equals, base = word.partition("=")
        try:
            mount = Mount(normalise(prefix), normalise(base) if equals else "/")
        except BadRequest as error:
            problems.append(f"{word}: {error.message}; write for example /atlas or /atlas=/data/atlas")
            continue
        if mount.prefix in mounts:
            problems.append(f"{word}: {mount.prefix} is mounted twice by this endpoint")
        elif not _COMMENT.isdisjoint(prefix):
            problems.append(f"{word}: contains a character that begins comments; a comment has a line of its own")
        mounts[mount.prefix] = mount
    if problems:
        raise ConfigError("\n".join(problems))
    if not mounts:
        raise ConfigError('needs at least one prefix; write "/" for the whole namespace')
    return tuple(mounts.values())


@dataclass(frozen=True, slots=True)
class Mounted:
    """One endpoint with its mounts and what it may be asked."""

    endpoint: str
    mounts: tuple[Mount, ...]
    readable: bool = True
    listable: bool = True
    rename: Callable[[str], str] | None = None
    prefixes: tuple[str, ...] = ()
    catalogue: bool = False
    only_named: bool = False

    @classmethod
    def of(cls, endpoint: str, options: EndpointOptions) -> Mounted:
        """Make one from an endpoint's options; raise ConfigError for the first that cannot be used."""
        return cls(
            endpoint,
            parse(options.mount),
            options.readable,
            options.listable,
            SCHEMES[options.names],
            prefixes(options.multiply),
            options.role == "catalogue",
            options.only_named,
        )


class Mounts:
    """All mounts of a federation, as a table from mount point to eligible endpoints."""

    def __init__(self, mounted: Sequence[Mounted], slots: Slots) -> None:
        points = {mount.prefix for item in mounted for mount in item.mounts}
        self._table: Mapping[str, Eligible] = {point: _eligible(point, mounted, slots) for point in points}
        children: dict[str, set[str]] = {}
        for point in points:
            for path in ancestors(point):
                if path != "/":
                    children.setdefault(parent(path), set()).add(path.rpartition("/")[2])
        self._children = {path: frozenset(names) for path, names in children.items()}
        self._exist = frozenset(points) | frozenset(self._children) | {"/"}

    def eligible(self, lfn: str) -> Eligible:
        """Return the endpoints that may have a path; empty when nothing is mounted at or above it."""
        table = self._table
        for path in ancestors(lfn):
            found = table.get(path)
            if found is not None:
                return found
        return Eligible()

    def exists(self, lfn: str) -> bool:
        """Say whether a directory exists by configuration alone."""
        return lfn in self._exist

    def children(self, lfn: str) -> frozenset[str]:
        """Return the names directly inside a directory that exist by configuration alone."""
        return self._children.get(lfn, frozenset())


def _eligible(point: str, mounted: Sequence[Mounted], slots: Slots) -> Eligible:
    """Find each endpoint's longest mount at or above ``point``."""
    readers: list[Route] = []
    listers: list[Route] = []
    catalogues: list[Route] = []
    for item in mounted:
        above = [mount for mount in item.mounts if within(point, mount.prefix)]
        if not above:
            continue
        mount = max(above, key=lambda candidate: len(candidate.prefix))
        strip = 0 if mount.prefix == "/" else len(mount.prefix)
        base = "" if mount.base == "/" else mount.base
        route = Route(item.endpoint, slots.bit(item.endpoint), strip, base, item.rename, item.prefixes)
        if item.readable:
            (catalogues if item.catalogue else readers).append(route)
        if item.listable and item.rename is None:
            listers.append(route)
    return Eligible.of(
        readers, listers, catalogues, frozenset(item.endpoint for item in mounted if item.only_named)
    )
