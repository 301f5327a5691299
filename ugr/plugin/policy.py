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


class Policy(ABC):
    """One step of the choice. Policies are applied in the order that ``[selection]`` names them."""

    name: ClassVar[str]
    spreads: ClassVar[bool] = False
    """True for policies that only spread load among equals: waiting for a better-placed endpoint
    is then not worth a client's time."""

    def exclude(self, candidate: Candidate, client: Client) -> str | None:
        """Return why this candidate must not be used, or None."""
        return None

    @abstractmethod
    def split(
        self, group: Sequence[Candidate], client: Client, seed: int
    ) -> Sequence[Sequence[Candidate]]:
        """Split a group of equals into ordered groups, best first; return ``[group]`` to abstain.

        ``seed`` is the same for one client and one file within a minute: spreading must depend on
        nothing else.
        """
