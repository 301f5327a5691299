# SPDX-License-Identifier: Apache-2.0
"""One question on its way through the rooms: by when it must be answered, and its name.

Knows: deadline, request id, and for the client's own call who asks and from where.
Refuses to know: HTTP, endpoints.

A deadline is made once, at the front door, and only shrinks. Times are ``time.monotonic()``
seconds.
"""

from __future__ import annotations

import itertools
import os
import time
from dataclasses import dataclass, replace

from ugr.errors import DeadlineExceeded
from ugr.model import ANONYMOUS, Identity

_numbers = itertools.count()
_prefix = os.urandom(4).hex()


def _another_prefix() -> None:
    """Give this process ids of its own: it has the prefix of the one that it was forked from."""
    global _prefix
    _prefix = os.urandom(4).hex()


os.register_at_fork(after_in_child=_another_prefix)


def new_id() -> str:
    """Return a fresh request id: 16 lower-case hex digits, eight of the process and eight of the request.

    An id tells requests apart and is no secret: whoever sees one can guess the next.
    """
    return f"{_prefix}{next(_numbers) & 0xFFFFFFFF:08x}"


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks, from where, until when.

    ``address`` is the client's IP address as text, or None when there is no client (the poller,
    the command line without ``--from``). A plugin sees the call of the *flight* that several
    clients may share: it has neither address nor identity, but the id of the first who asked and a
    deadline of its own, which nobody shortens by leaving.
    Only a plugin that declares ``delegates = True`` is given the identity.

    ``via`` names the federations that the question came through; ``sent_by`` those that sent the
    client here. Both are sorted.
    """

    deadline: float
    id: str
    address: str | None = None
    identity: Identity = ANONYMOUS
    via: tuple[str, ...] = ()
    sent_by: tuple[str, ...] = ()

    @classmethod
    def until(
        cls,
        seconds: float,
        *,
        id: str | None = None,
        address: str | None = None,
        identity: Identity = ANONYMOUS,
        via: tuple[str, ...] = (),
    ) -> Call:
        """Make a call that must be answered within ``seconds`` from now."""
        return cls(time.monotonic() + seconds, id or new_id(), address, identity, via)

    def remaining(self) -> float:
        """Return the seconds left, never negative."""
        return max(0.0, self.deadline - time.monotonic())

    def require_time(self) -> float:
        """Return the seconds left; raise DeadlineExceeded when there are none."""
        left = self.deadline - time.monotonic()
        if left <= 0.0:
            raise DeadlineExceeded("no time left to ask")
        return left

    def within(self, seconds: float) -> Call:
        """Return a call that ends ``seconds`` from now or with this one, whichever is first."""
        return replace(self, deadline=min(self.deadline, time.monotonic() + seconds))

    def for_flight(self) -> Call:
        """Return the call that endpoints see: no address, no identity."""
        return Call(self.deadline, self.id, via=self.via)
