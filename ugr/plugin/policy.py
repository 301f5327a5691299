# SPDX-License-Identifier: Apache-2.0
"""The contract of replica policies (provisional): refine an order, or exclude with a reason.

Knows: candidates and clients as plain values. Refuses to know: requests, I/O.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ugr.model import Position


@dataclass(frozen=True, slots=True)
class Client:
    """Where a client is. ``network`` is the name of the ``[network:NAME]`` that holds its address."""

    address: str | None
    position: Position | None = None
    network: str | None = None
    preferred: tuple[str, ...] = ()
    """Endpoint names that the client's network prefers, best first."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One endpoint that holds, or might hold, the file.

    ``down`` is why the endpoint is not usable now, in words, or None. ``distance`` is
    kilometres from the client, None when either position is unknown.
    """

    endpoint: str
    position: Position | None = None
    weight: float = 1.0
    down: str | None = None
    distance: float | None = None


@dataclass(frozen=True, slots=True)
class PolicyContext:
    """What policies are told before the first choice. ``fuzz`` is kilometres: closer than that is equally close."""

    fuzz: float = 0.0


class Policy(ABC):
    """One step of the choice. Policies are applied in the order that ``[selection]`` names them.

    A policy is pure: what it answers depends on its arguments and the context alone, so that core
    may remember the answer. It is made without arguments, once per worker, and called from any
    thread.
    """

    name: ClassVar[str]
    spreads: ClassVar[bool] = False
    """True for policies that only spread load among equals: waiting for a better-placed endpoint
    is then not worth a client's time. Only these may look at ``seed``."""
    by_address: ClassVar[bool] = False
    """True when ``Client.address`` matters, not only the client's position and network. A policy
    that does not say so may see None there."""
    context: PolicyContext = PolicyContext()

    def prepare(self, context: PolicyContext) -> None:
        """Take the context; called once, before anything else."""
        self.context = context

    def exclude(self, candidate: Candidate, client: Client) -> str | None:
        """Return why this candidate must not be used, or None; whatever its place in the order."""
        return None

    @abstractmethod
    def split(
        self, group: Sequence[Candidate], client: Client, seed: int
    ) -> Sequence[Sequence[Candidate]]:
        """Split a group of two or more equals into ordered groups, best first; return ``[group]`` to abstain.

        Every candidate of the group must be in the result once. Places are given as if all
        endpoints were up (``Candidate.down`` is None here): whether one is left out says
        ``exclude``, so that the order of the others does not depend on who is down. ``seed`` is
        the same for one client and one file within a minute: spreading must depend on nothing
        else.
        """
