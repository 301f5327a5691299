# SPDX-License-Identifier: Apache-2.0
"""What the federation answers, as values that every way of showing them shares.

Knows: shapes. Refuses to know: how they were obtained, HTTP.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol

from ugr.errors import UgrError
from ugr.model import FileInfo, Location, Result

L1, L2 = "L1", "L2"
"""What remembered an answer: this worker, or memcached for all workers of all hosts."""


@dataclass(frozen=True, slots=True)
class Target:
    """One endpoint that a path may be on: the endpoint's name and the path there."""

    endpoint: str
    path: str

    @property
    def paths(self) -> tuple[str, ...]:
        """All paths where the endpoint may have it, in the order of preference."""
        return (self.path,)


@dataclass(frozen=True, slots=True)
class Targets(Target):
    """The same, with ``others``: further paths where the endpoint may have it."""

    others: tuple[str, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """All paths where the endpoint may have it, in the order of preference."""
        return (self.path, *self.others)


@dataclass(frozen=True, slots=True)
class EndpointAnswer:
    """What came of asking one endpoint.

    ``milliseconds`` is how long it took, None when it was not asked or is not done. ``reason`` is
    why not, in words ("down: connection refused", "deadline"), None when there is nothing to say.
    ``path`` is where the endpoint has it when that is not the first path that its mount gives.
    """

    endpoint: str
    result: Result
    info: FileInfo | None = None
    milliseconds: float | None = None
    reason: str | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Excluded:
    """A replica that must not be used, and why, in words."""

    endpoint: str
    reason: str


@dataclass(frozen=True, slots=True)
class Located:
    """A name, and where it is.

    ``info`` is merged over the endpoints that agree. ``holders`` are the endpoints whose copies
    may be used, with the path on each; ``excluded`` those whose copies contradict the others.
    ``unasked`` are eligible endpoints that were known to be down. ``answers`` is empty when the
    answer came from a cache; ``level`` says from which, ``L1`` or ``L2``.
    """

    path: str
    info: FileInfo
    holders: tuple[Target, ...]
    etag: str | None = None
    excluded: tuple[Excluded, ...] = ()
    unasked: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    answers: tuple[EndpointAnswer, ...] = ()
    cached: bool = False
    age: float = 0.0
    level: str | None = None


@dataclass(frozen=True, slots=True)
class Ranked:
    """One place of the final order: the endpoint, km from the client (None unknown), the tier."""

    endpoint: str
    distance: float | None
    tier: int


@dataclass(frozen=True, slots=True)
class Choice:
    """The usable copies in order, best first, and the unusable ones with their reasons."""

    order: tuple[Ranked, ...]
    excluded: tuple[Excluded, ...] = ()


@dataclass(frozen=True, slots=True)
class Redirection:
    """Where one client is sent: the winner's location, and the choice that led there."""

    endpoint: str
    location: Location
    choice: Choice


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything about one question, for people: ``/-/locate``, ``ugr locate``, the log.

    ``client`` describes where the client is taken to be. ``error`` is set when the answer would
    be an error; ``located`` and ``redirection`` are None then.
    """

    path: str
    client: dict[str, object]
    answers: tuple[EndpointAnswer, ...]
    located: Located | None = None
    redirection: Redirection | None = None
    error: Exception | None = None
    cached: bool = False
    milliseconds: float = 0.0

    @property
    def level(self) -> str | None:
        """The cache that remembered the answer, ``L1`` or ``L2``; None when it was not remembered."""
        if self.located is not None:
            return self.located.level
        return self.error.level if isinstance(self.error, UgrError) else None


@dataclass(slots=True)
class Shortfall:
    """What a listing misses; grows while the listing is read, complete at its end."""

    missing: dict[str, str] = field(default_factory=dict)
    """Endpoint name -> why its entries are not there."""
    truncated: dict[str, int] = field(default_factory=dict)
    """Endpoint name -> how many of its entries were taken before it was cut off."""


class Listing(Protocol):
    """A merged directory, read batch by batch on the loop; ``aclose`` stops asking."""

    path: str
    info: FileInfo
    unasked: tuple[str, ...]
    shortfall: Shortfall

    def batches(self) -> AsyncIterator[list[FileInfo]]:
        """Yield non-empty lists of entries, no name twice over the whole listing."""
        ...

    async def aclose(self) -> None:
        """Stop asking the endpoints; safe to call twice."""
        ...


@dataclass(frozen=True, slots=True)
class EndpointStatus:
    """One endpoint as people see it: ``/-/endpoints``, ``ugr endpoints``."""

    name: str
    type: str
    url: str | None
    mounts: tuple[str, ...]
    state: str
    """``up``, ``down`` or ``unknown`` (not probed yet; used all the same)."""
    reason: str | None
    latency_ms: float | None
    since: float | None
    """Seconds since 1970 of the last change of state."""
    position: tuple[float, float] | None
    capabilities: tuple[str, ...]
    readable: bool
    listable: bool
    writable: bool
    questions: int
    """Questions asked of it by this worker at this moment."""
