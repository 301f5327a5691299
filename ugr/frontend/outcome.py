# SPDX-License-Identifier: Apache-2.0
"""What became of one request: filled in on its way by whoever decides, told when it is answered.

Knows: the words. Refuses to know: who is told, and in what form.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from ugr.federation.answers import L1, EndpointAnswer, Listing, Located, Shortfall

REDIRECT, LIST, DESCRIBE, UNCHANGED, DATA, LOCAL = "redirect", "list", "describe", "unchanged", "data", "local"
ABSENT, REFUSED, FAILED = "absent", "refused", "failed"

DECISIONS: Mapping[str, str] = {
    REDIRECT: "the client was sent to an endpoint",
    LIST: "a directory was listed",
    DESCRIBE: "size, time and tag of a name were told",
    UNCHANGED: "the client has the file already",
    DATA: "the bytes of a file of this host were given",
    LOCAL: "answered without asking any endpoint: pages, OPTIONS, the way to a directory's slash",
    ABSENT: "nobody has the name",
    REFUSED: "the request is malformed, or the client may not do that",
    FAILED: "an endpoint or this service failed, was silent, or has too much to do",
}
"""Each decision in words."""

COLD = "cold"


class Outcome:
    """One request's: the decision, and what led there.

    ``endpoint`` is where the client was sent, or whose data it was given; ``cache`` the level that
    knew the name, "cold" when endpoints had to be asked, "" when nobody was; ``lookup`` the seconds
    until it was known; ``error`` the code of the error that was the answer. ``started`` is
    ``time.monotonic()``. ``routine`` marks what machines ask every few seconds: not worth telling
    when all is well.
    """

    __slots__ = (
        "answers",
        "cache",
        "decision",
        "endpoint",
        "error",
        "lookup",
        "routine",
        "shortfall",
        "started",
        "unasked",
    )

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.routine = False
        self.decision = LOCAL
        self.endpoint = ""
        self.cache = ""
        self.lookup = 0.0
        self.error = ""
        self.answers: tuple[EndpointAnswer, ...] = ()
        self.unasked: tuple[str, ...] = ()
        self.shortfall: Shortfall | None = None

    def found(self, located: Located) -> None:
        """Note what was found, and by whom."""
        self.unasked = located.unasked
        if located.cached:
            self.known(located.level or L1)
        elif located.answers:
            self.known(COLD, located.answers)

    def known(self, level: str, answers: tuple[EndpointAnswer, ...] = ()) -> None:
        """Note that what is known of the name, an absence too, is known now, and from where."""
        self.cache = level
        self.answers = answers
        self.lookup = time.monotonic() - self.started

    def listing(self, listing: Listing) -> None:
        """Note that a directory is listed; what the listing misses is known at its end."""
        self.decision = LIST
        self.unasked = listing.unasked
        self.shortfall = listing.shortfall

    def failed(self, code: str, status: int) -> None:
        """Note that an error is the answer."""
        self.error = code
        if code == "not-found":
            self.decision = ABSENT
        else:
            self.decision = FAILED if status >= 500 and status != 501 else REFUSED
