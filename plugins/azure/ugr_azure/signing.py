# SPDX-License-Identifier: Apache-2.0
"""Shared access signatures for blobs, by hand.

Knows: "Create a service SAS" and "Create a user delegation SAS" of the Azure Storage REST API reference,
for one version of the service. Refuses to know: what is asked, and of whom.

Signing is on the way of every redirect, so all that does not depend on the name is made once a
second: what is left is one HMAC. Times are exact seconds, as in URLs of other storages.

Thread-safe: what is kept between two signatures is one immutable value, replaced as a whole; what is
added to it is the same whoever adds it.
"""

from __future__ import annotations

import time
from binascii import b2a_base64
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from ugr.plugin.objects import Mac, encoded

VERSION = "2023-11-03"
"""The version of the service that is signed for and asked for; later ones change nothing that is used here."""

EARLIER = 900
"""Seconds before now at which a URL begins to be good, since clocks differ (reference, "Best practices")."""

READ, WRITE, DELETE, CREATE, LIST = "r", "cw", "d", "cw", "l"
"""Permissions; writing is both making a blob and replacing one."""


@dataclass(frozen=True, slots=True)
class Delegation:
    """What the storage says of a user delegation key besides its value, in its own words."""

    object_id: str
    tenant: str
    start: str
    expiry: str
    service: str
    version: str


@dataclass(frozen=True, slots=True)
class Key:
    """The account's key, or one that was given for a while: then ``starts`` and ``expires`` say for which."""

    mac: Mac = field(repr=False)
    delegation: Delegation | None = None
    starts: float = 0.0
    expires: float = float("inf")


@dataclass(frozen=True, slots=True)
class Part:
    """What all signatures of one second with the same permissions share."""

    before: str
    """The string to sign, up to the name."""
    after: str
    query: str
    """The query, up to the signature."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One second with one key."""

    second: int
    key: Key
    expires: int
    parts: dict[str, Part]


class Signer:
    """Signs for one container as one group of clients reaches it.

    ``url`` is the account's. ``key`` returns the key in force: the same object until it changes.
    ``lifetime`` is the seconds that URLs are good for, the key's life permitting.
    """

    def __init__(
        self,
        url: str,
        account: str,
        container: str,
        key: Callable[[], Key],
        *,
        lifetime: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.root = f"{url}/{container}"
        self.clock = clock
        self._resource = f"/blob/{account}/{container}"
        self._protocol = "https" if url.startswith("https:") else ""
        self._key = key
        self._lifetime = lifetime
        self._moment = Moment(0, Key(Mac(b"")), 0, {})

    def url(self, permissions: str, name: str) -> tuple[str, int]:
        """Return a URL of a blob, and the time (seconds since 1970) after which it is refused."""
        moment = self._now()
        part = moment.parts.get(permissions) or self._add(moment, permissions, "b")
        code = moment.key.mac.digest(f"{part.before}/{name}{part.after}".encode())
        return f"{self.root}/{encoded(name)}?{part.query}{_signature(code)}", moment.expires

    def container(self, permissions: str) -> str:
        """Return the query that authorizes a question to the container as a whole."""
        moment = self._now()
        part = moment.parts.get(f"c:{permissions}") or self._add(moment, permissions, "c")
        return part.query + _signature(moment.key.mac.digest((part.before + part.after).encode()))

    def _now(self) -> Moment:
        """Return the moment in force; make it when the second or the key has changed."""
        moment, second, key = self._moment, int(self.clock()), self._key()
        if moment.second != second or moment.key is not key:
            moment = self._moment = Moment(second, key, int(min(second + self._lifetime, key.expires)), {})
        return moment

    def _add(self, moment: Moment, permissions: str, resource: str) -> Part:
        start = _iso(max(moment.second - EARLIER, moment.key.starts))
        expiry = _iso(moment.expires)
        given = moment.key.delegation
        identity: tuple[str, ...] = ("",)
        delegated: tuple[tuple[str, str], ...] = ()
        if given is not None:
            delegated = (
                ("skoid", given.object_id),
                ("sktid", given.tenant),
                ("skt", given.start),
                ("ske", given.expiry),
                ("sks", given.service),
                ("skv", given.version),
            )
            # authorized and unauthorized object, correlation
            identity = (*(value for _, value in delegated), "", "", "")
        # address, protocol, version, resource, snapshot, encryption scope, five headers of the answer
        rest = ("", self._protocol, VERSION, resource, "", "", "", "", "", "", "")
        # the order in which SDKs write it
        query = (
            *(("st", start), ("se", expiry), ("sp", permissions), ("spr", self._protocol)),
            *(("sv", VERSION), ("sr", resource), *delegated),
        )
        part = moment.parts[permissions if resource == "b" else f"c:{permissions}"] = Part(
            before=f"{permissions}\n{start}\n{expiry}\n{self._resource}",
            after="\n" + "\n".join((*identity, *rest)),
            query="".join(f"{name}={quote(value)}&" for name, value in query if value) + "sig=",
        )
        return part


def iso_time(seconds: float) -> str:
    """Return a time as signatures write it: ISO 8601, whole seconds, UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


_iso = iso_time


def _signature(code: bytes) -> str:
    """Return a code in base64, encoded for a query as SDKs do, which leave slashes."""
    return b2a_base64(code, newline=False).decode().replace("+", "%2B").replace("=", "%3D")
