# SPDX-License-Identifier: Apache-2.0
"""Signature Version 4 for S3, by hand: in the query for clients, in headers for ourselves.

Knows: "Authenticating Requests (AWS Signature Version 4)" of the Amazon S3 API reference. Refuses
to know: what is asked, and of whom.

Signing is on the way of every redirect, so all that does not depend on the path is made once a
second: what is left is two hashes. Times are exact seconds. Rounding them down would give equal
URLs for a while, but shorten the life that clients with a cache of redirects rely on.

Thread-safe: what is kept between two signatures is one immutable value, replaced as a whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import digest as hmac_digest
from urllib.parse import quote

from ugr.plugin.objects import Mac
from ugr_s3.place import Place

ALGORITHM = "AWS4-HMAC-SHA256"
EMPTY_HASH = sha256(b"").hexdigest()
UNSIGNED = "UNSIGNED-PAYLOAD"

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Keys:
    """A key pair, with its session token when it is temporary."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Moment:
    """What all signatures of one second with one key pair share."""

    second: int
    keys: Keys
    day: str
    date: str
    mac: Mac
    scope: str
    to_sign: str
    """The string to sign, up to the hash of the canonical request."""
    query: str = field(repr=False)
    """The query of a pre-signed URL, up to its signature."""
    query_request: str = field(repr=False)
    """The canonical request of a pre-signed URL, from the query on."""
    parameters: Pairs = field(repr=False)
    """What ``query`` is made of."""


class Signer:
    """Signs for one bucket as one group of clients reaches it.

    ``keys`` returns the key pair in force: the same object until it changes. ``lifetime`` is the
    seconds that URLs are good for.
    """

    def __init__(
        self,
        place: Place,
        region: str,
        keys: Callable[[], Keys],
        *,
        lifetime: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.place = place
        self.region = region
        self.lifetime = lifetime
        self._keys = keys
        self.clock = clock
        self._moment = self._make(0, Keys("", ""), None)

    def url(self, method: str, path: str, query: Pairs = ()) -> tuple[str, int]:
        """Return a URL good for one method, and the time (seconds since 1970) after which it is refused.

        ``path`` is the encoded path below the host, bucket included; ``query`` what else is signed.
        """
        moment = self._now()
        text, request = moment.query, moment.query_request
        if query:
            text = f"{joined(query)}&{text}"
            request = self._query_request((*moment.parameters, *query))
        digest = sha256(f"{method}\n{path}\n{request}".encode()).hexdigest()
        signature = moment.mac.digest((moment.to_sign + digest).encode()).hex()
        return f"{self.place.origin}{path}?{text}&X-Amz-Signature={signature}", moment.second + self.lifetime

    def headers(
        self, method: str, path: str, query: str = "", extra: Pairs = (), *, payload: str = EMPTY_HASH
    ) -> list[tuple[str, str]]:
        """Return the headers that authorize a request of our own; Host is left to the transport.

        ``query`` is canonical: see ``canonical_query``. ``extra`` are further headers, in lower case,
        that are signed and returned too. ``payload`` is the SHA-256 of the body, or ``UNSIGNED``.
        """
        moment = self._now()
        sent = [*extra, ("x-amz-content-sha256", payload), ("x-amz-date", moment.date)]
        if moment.keys.token is not None:
            sent.append(("x-amz-security-token", moment.keys.token))
        signed = sorted([("host", self.place.host), *sent])
        names = ";".join(name for name, _ in signed)
        lines = "".join(f"{name}:{' '.join(value.split())}\n" for name, value in signed)
        request = sha256(f"{method}\n{path}\n{query}\n{lines}\n{names}\n{payload}".encode()).hexdigest()
        signature = moment.mac.digest((moment.to_sign + request).encode()).hex()
        credential = f"Credential={moment.keys.access_key}/{moment.scope}"
        sent.append(("authorization", f"{ALGORITHM} {credential}, SignedHeaders={names}, Signature={signature}"))
        return sent

    def _now(self) -> Moment:
        """Return the moment in force; make it when the second or the keys have changed."""
        moment, second, keys = self._moment, int(self.clock()), self._keys()
        if moment.second != second or moment.keys is not keys:
            moment = self._moment = self._make(second, keys, moment)
        return moment

    def _make(self, second: int, keys: Keys, before: Moment | None) -> Moment:
        date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
        day = date[:8]
        if before is not None and before.keys is keys and before.day == day:
            mac = before.mac
        else:
            mac = Mac(derived(keys.secret_key, day, self.region))
        scope = f"{day}/{self.region}/s3/aws4_request"
        # the order in which SDKs write it; the one that is signed is sorted
        parameters = [
            ("X-Amz-Algorithm", ALGORITHM),
            ("X-Amz-Credential", f"{keys.access_key}/{scope}"),
            ("X-Amz-Date", date),
            ("X-Amz-Expires", str(self.lifetime)),
            ("X-Amz-SignedHeaders", "host"),
        ]
        if keys.token is not None:
            parameters.append(("X-Amz-Security-Token", keys.token))
        return Moment(
            second=second,
            keys=keys,
            day=day,
            date=date,
            mac=mac,
            scope=scope,
            to_sign=f"{ALGORITHM}\n{date}\n{scope}\n",
            query=joined(parameters),
            query_request=self._query_request(parameters),
            parameters=tuple(parameters),
        )

    def _query_request(self, parameters: Pairs) -> str:
        return f"{canonical_query(parameters)}\nhost:{self.place.host}\n\nhost\n{UNSIGNED}"


def derived(secret_key: str, day: str, region: str) -> bytes:
    """Derive the key for one day and region (SigV4, "Task 3: calculate signature")."""
    key = f"AWS4{secret_key}".encode()
    for word in (day, region, "s3", "aws4_request"):
        key = hmac_digest(key, word.encode(), "sha256")
    return key


def component(text: str) -> str:
    """Percent-encode a name or value of a query: all but letters, digits and ``-._~``."""
    return quote(text, safe="~")


def joined(pairs: Pairs) -> str:
    """Return an encoded query, in the order given."""
    return "&".join(f"{component(name)}={component(value)}" for name, value in pairs)


def canonical_query(pairs: Pairs) -> str:
    """Return an encoded query as signatures want it: sorted by encoded name; it is also fit to be sent."""
    encoded_pairs = sorted((component(name), component(value)) for name, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded_pairs)
