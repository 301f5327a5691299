# SPDX-License-Identifier: Apache-2.0
"""How federations that are each other's endpoints keep from going round in circles.

Knows: the names of federations on a question, and our own. Refuses to know: what is asked.

Every question to an endpoint says through which federations it came (``Ugr-Via``), this one
included. Whoever finds its own name there must not ask further: it would be asked itself. A client
that is sent to another federation carries the names in the query instead.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

HEADER = "Ugr-Via"
PARAMETER = "ugr-via"

MOST = 3
"""Federations that a question may come through: enough for trees, and a bound for many that all know each other."""

NAME = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
_PORTS = {"http": ":80", "https": ":443"}

Via = tuple[str, ...]
"""Names of federations, sorted: in which order they were passed does not matter."""


@dataclass(frozen=True, slots=True)
class Ourselves:
    """This federation, as others know it.

    ``id`` is its name on questions, "" for one that no other knows. ``hosts`` are the names by which
    clients know it, in lower case, each with a port or good for all.
    """

    id: str = ""
    hosts: frozenset[str] = frozenset()

    @classmethod
    def known(cls, id: str, public_url: str | None, hosts: Iterable[str]) -> Ourselves:
        """Make one from what is configured."""
        own = {host.lower() for host in hosts}
        if public_url is not None:
            parts = urlsplit(public_url.lower())
            own.add(parts.netloc if parts.port else parts.netloc + _PORTS[parts.scheme])
        return cls(id, frozenset(own))

    def through(self, via: Via) -> Via:
        """Return the names that go on with a question that came through others."""
        if not via:
            return (self.id,) if self.id else ()
        return tuple(sorted({*via, self.id} - {""}))

    def mark(self, url: str, via: Via) -> str:
        """Return a URL without query at another federation, with a word on who sends the client there."""
        names = self.through(via)
        return f"{url}?{PARAMETER}={written(names)}" if names else url

    def serve(self, url: str) -> bool:
        """Say whether a URL leads to this federation."""
        try:
            parts = urlsplit(url.lower())
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return False
        host = f"[{host}]" if ":" in host else host
        return host in self.hosts or host + (f":{port}" if port else _PORTS.get(parts.scheme, "")) in self.hosts


NOBODY = Ourselves()
"""A federation that no other knows."""


def named(secret: str) -> str:
    """Return the name of a federation that was given none: the same for all its processes, and nobody else's."""
    return hashlib.blake2b(secret.encode(), digest_size=8, person=b"ugr-federation").hexdigest()


def written(via: Via) -> str:
    """Return names as they stand in the header and the query."""
    return ",".join(via)


def read(values: Iterable[str]) -> Via | None:
    """Return the names in a header or query; None when they cannot be such, or are too many."""
    names = {name.strip(" \t") for value in values for name in value.split(",")}
    return tuple(sorted(names)) if len(names) <= MOST and all(map(NAME.match, names)) else None
