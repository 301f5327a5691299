# SPDX-License-Identifier: Apache-2.0
"""Who a client is: a chain of sources, each of which may vouch for something.

Knows: the order of the sources, and that nobody in particular is ``ANONYMOUS``. Refuses to know:
HTTP, what an identity may do (that is ``ugr.namespace``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from ugr.model import ANONYMOUS, Identity

__all__ = ["IdentityChain", "Peer", "Source"]


@dataclass(frozen=True, slots=True)
class Peer:
    """What a client shows of itself.

    ``address`` is its IP address as text, None when unknown; ``authorization`` the value of the
    header of that name, None when it sent none.
    """

    address: str | None = None
    authorization: str | None = field(default=None, repr=False)


class Source(Protocol):
    """One source of identity. Sources are called from request threads and must not block."""

    @property
    def challenge(self) -> str | None:
        """How a client without credentials is invited to show one (RFC 9110 11.6.1), or None."""
        ...

    def identify(self, peer: Peer) -> Identity | None:
        """Return whom the peer proves to be, None when it shows nothing to this source.

        Raise Unauthenticated when it shows something that is not valid.
        """
        ...


class IdentityChain:
    """The configured sources in order; the first that recognises the peer decides."""

    def __init__(self, sources: Iterable[Source] = ()) -> None:
        self._sources = tuple(sources)

    def identify(self, peer: Peer) -> Identity:
        """Return who the peer is, ``ANONYMOUS`` when no source has a say.

        Raise Unauthenticated when a credential is shown that is not valid.
        """
        for source in self._sources:
            identity = source.identify(peer)
            if identity is not None:
                return identity
        return ANONYMOUS

    def challenges(self) -> tuple[str, ...]:
        """Return the invitations for ``WWW-Authenticate``; empty when no credential could help."""
        return tuple(source.challenge for source in self._sources if source.challenge is not None)
