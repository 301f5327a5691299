# SPDX-License-Identifier: Apache-2.0
"""The values that travel between the rooms.

Knows: what a file, a location, a position, an identity is. Refuses to know: how any of them
is obtained. Everything here is immutable. ``None`` means unknown and nothing else; a size or a
time that is unknown is None, never 0.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

NO_CHECKSUMS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FileInfo:
    """One name in a directory, as one endpoint (or the merged federation) knows it.

    ``name`` is the last component of the path, decoded; "" for the root. ``size`` is bytes,
    always known for files, None for directories. ``mtime`` is seconds since 1970, UTC.
    ``checksums`` maps a lower-case algorithm name to lower-case hex digits (adler32 has 8).
    """

    name: str
    directory: bool = False
    size: int | None = None
    mtime: float | None = None
    checksums: Mapping[str, str] = field(default_factory=lambda: NO_CHECKSUMS)


class Intent(enum.Enum):
    """The HTTP method that the client will use at the location it is sent to.

    A URL signed for one method is refused for another, so this is not a detail. Clients are
    redirected for ``REDIRECTED``; POST is for the steps of an upload in parts.
    """

    GET = "GET"
    HEAD = "HEAD"
    PUT = "PUT"
    DELETE = "DELETE"
    POST = "POST"


REDIRECTED = (Intent.GET, Intent.HEAD, Intent.PUT, Intent.DELETE)
"""The methods for which a client may be sent elsewhere."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """What is known about the bytes that a client will send or fetch; all fields may be unknown.

    ``digests`` maps a lower-case algorithm name to lower-case hex digits.
    """

    size: int | None = None
    content_type: str | None = None
    digests: Mapping[str, str] = field(default_factory=lambda: NO_CHECKSUMS)


NO_TRANSFER = Transfer()


@dataclass(frozen=True, slots=True)
class Location:
    """Where a client is sent; enough for a redirect and enough for a relay.

    ``url`` is absolute and percent-encoded, and carries a signature where the storage needs one;
    or it is empty with ``served_here`` set: the bytes are a file of this host that ugr serves
    itself, under a URL that the front end signs. ``method`` is what the URL is good for.
    ``headers`` are what whoever uses the URL must send with it. ``expires`` is the time (seconds
    since 1970) after which the URL is refused, or None when it does not expire. ``signed`` says
    that the URL is a capability: it must not be cached by others, logged or shown.
    """

    url: str
    method: Intent = Intent.GET
    headers: tuple[tuple[str, str], ...] = ()
    expires: float | None = None
    signed: bool = False
    served_here: bool = False


@dataclass(frozen=True, slots=True)
class Replica:
    """A copy that a catalogue names: an absolute URL, and what the catalogue knows of the file.

    The scheme may be one that no client of ours speaks (``srm``): it only says which storage it is.
    """

    url: str
    size: int | None = None
    checksums: Mapping[str, str] = field(default_factory=lambda: NO_CHECKSUMS)


@dataclass(frozen=True, slots=True)
class Usage:
    """Space of one endpoint, in bytes; None is unknown."""

    used: int | None = None
    free: int | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """A place on Earth: degrees, north and east positive."""

    latitude: float
    longitude: float


class Result(enum.Enum):
    """What came of asking one endpoint; the same words in headers, pages, logs and the CLI."""

    FOUND = "found"
    ABSENT = "absent"
    NAMED = "named"
    DENIED = "denied"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    NOT_ASKED = "not asked"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a client is taken to be, after all sources of identity had their say.

    ``name`` is what is shown ("anonymous" for nobody in particular); the other fields are what
    authorization rules can match. Identities are compared by value.
    """

    name: str = "anonymous"
    dn: str | None = None
    fqans: tuple[str, ...] = ()
    vos: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    issuer: str | None = None
    user: str | None = None
    expires: float | None = field(default=None, compare=False)

    @property
    def anonymous(self) -> bool:
        """Say whether no source vouched for anything."""
        return self.dn is None and self.user is None and self.issuer is None


ANONYMOUS = Identity()


class Right(enum.Enum):
    """What may be granted on a prefix; the words are those of ``[acl:/prefix]``."""

    READ = "read"
    LIST = "list"
    WRITE = "write"
    DELETE = "delete"
    COPY = "copy"
