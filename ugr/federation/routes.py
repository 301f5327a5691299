# SPDX-License-Identifier: Apache-2.0
"""Which endpoints a path may be on; the answer of the mounts, made once per mount point.

Knows: endpoint names and how a path of the federation becomes a path of the endpoint. Refuses to
know: how mounts are written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ugr.federation.answers import Target, Targets


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint under one mount: the first ``strip`` characters of a path become ``base``.

    ``base`` has no trailing slash, so the endpoint's root is "". ``rename`` changes what follows
    ``base``. With ``prefixes`` the path may be below any of them, the first being the likeliest;
    they have no trailing slash either.
    """

    endpoint: str
    bit: int
    strip: int
    base: str
    rename: Callable[[str], str] | None = None
    prefixes: tuple[str, ...] = ()

    def path(self, lfn: str) -> str:
        """Translate a path of the federation into the endpoint's own."""
        inside = self._inside(lfn)
        return (self.prefixes[0] + inside if self.prefixes else inside) or "/"

    def target(self, lfn: str) -> Target:
        """Return the endpoint and its own path, or paths."""
        if not self.prefixes:
            return Target(self.endpoint, self._inside(lfn) or "/")
        inside = self._inside(lfn)
        first, *others = (prefix + inside or "/" for prefix in self.prefixes)
        return Targets(self.endpoint, first, tuple(others))

    def _inside(self, lfn: str) -> str:
        rest = "" if lfn == "/" else lfn[self.strip :]
        return self.base + (rest if self.rename is None else self.rename(rest))


@dataclass(frozen=True, slots=True)
class Eligible:
    """The routes of every path whose deepest mount is one and the same.

    ``readers`` may have a file; ``asked`` are those who are asked for one at once, ``catalogues``,
    which have none, among them. The rest of the readers is asked for what a catalogue names.
    ``listing_tells`` says that a name in the listing of one of ``listers`` tells where the file is:
    at the one path that its route gives.
    """

    readers: tuple[Route, ...] = ()
    listers: tuple[Route, ...] = ()
    asked: tuple[Route, ...] = ()
    catalogues: frozenset[str] = frozenset()
    asked_mask: int = 0
    listers_mask: int = 0
    listing_tells: bool = True

    @classmethod
    def of(
        cls,
        readers: Sequence[Route],
        listers: Sequence[Route],
        catalogues: Sequence[Route] = (),
        only_named: frozenset[str] = frozenset(),
    ) -> Eligible:
        """Make one from its routes, and the names of the readers that are not asked at once."""
        asked = (*(route for route in readers if route.endpoint not in only_named), *catalogues)
        plain = all(route.rename is None and len(route.prefixes) < 2 for route in (*readers, *listers))
        return cls(
            tuple(readers),
            tuple(listers),
            asked,
            frozenset(route.endpoint for route in catalogues),
            _mask(asked),
            _mask(listers),
            plain and not catalogues,
        )

    def everybody(self) -> Iterator[Route]:
        """Yield the routes of all who may have an answer."""
        yield from self.readers
        if self.catalogues:
            yield from (route for route in self.asked if route.endpoint in self.catalogues)

    def named(self, endpoint: str, path: str) -> bool:
        """Say whether a catalogue may name a path of an endpoint: one that its mount shows somewhere."""
        return any(route.endpoint == endpoint and path.startswith(f"{route.base}/") for route in self.readers)

    def holders(self, lfn: str, mask: int, elsewhere: Iterable[tuple[str, str]] = ()) -> tuple[Target, ...]:
        """Return where the endpoints in a mask have a file; ``elsewhere`` are those that have it at another path."""
        paths = dict(elsewhere)
        return tuple(
            Target(route.endpoint, paths.get(route.endpoint) or route.path(lfn))
            for route in self.readers
            if route.bit & mask
        )


def _mask(routes: Sequence[Route]) -> int:
    mask = 0
    for route in routes:
        mask |= route.bit
    return mask
