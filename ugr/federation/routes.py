# SPDX-License-Identifier: Apache-2.0
"""Which endpoints a path may be on; the answer of the mounts, made once per mount point.

Knows: endpoint names and how a path of the federation becomes a path of the endpoint. Refuses to
know: how mounts are written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ugr.federation.answers import Target


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint under one mount: the first ``strip`` characters of a path become ``base``.

    ``base`` has no trailing slash, so the endpoint's root is "".
    """

    endpoint: str
    bit: int
    strip: int
    base: str

    def path(self, lfn: str) -> str:
        """Translate a path of the federation into the endpoint's own."""
        return (self.base + ("" if lfn == "/" else lfn[self.strip :])) or "/"

    def target(self, lfn: str) -> Target:
        """Return the endpoint and its own path."""
        return Target(self.endpoint, self.path(lfn))


@dataclass(frozen=True, slots=True)
class Eligible:
    """The routes of every path whose deepest mount is one and the same."""

    readers: tuple[Route, ...] = ()
    listers: tuple[Route, ...] = ()
    readers_mask: int = 0
    listers_mask: int = 0

    @classmethod
    def of(cls, readers: Sequence[Route], listers: Sequence[Route]) -> Eligible:
        """Make one from its routes."""
        return cls(tuple(readers), tuple(listers), _mask(readers), _mask(listers))


def _mask(routes: Sequence[Route]) -> int:
    mask = 0
    for route in routes:
        mask |= route.bit
    return mask
