# SPDX-License-Identifier: Apache-2.0
"""Signature Version 2 for S3, for storages that know nothing newer.

Knows: "Signing and Authenticating REST Requests" of the Amazon S3 developer guide. Refuses to know:
what is asked, and of whom. The same two methods as ``signing.Signer``; region and payload play no part.

Thread-safe: what is kept between two signatures is one immutable value, replaced as a whole.
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable
from email.utils import formatdate
from urllib.parse import parse_qsl

from ugr.plugin.objects import Mac
from ugr_s3.place import Place
from ugr_s3.signing import EMPTY_HASH, Keys, Pairs, component, joined

SUBRESOURCES = frozenset(
    {
        *("acl", "cors", "delete", "lifecycle", "location", "logging", "notification", "partNumber", "policy"),
        *("requestPayment", "tagging", "torrent", "uploadId", "uploads", "versionId", "versioning", "versions"),
        *("website", "response-cache-control", "response-content-disposition", "response-content-encoding"),
        *("response-content-language", "response-content-type", "response-expires"),
    }
)
"""Parameters of a query that are signed; all others are not."""


class SignerV2:
    """Signs for one bucket as one group of clients reaches it; see ``signing.Signer``."""

    def __init__(
        self,
        place: Place,
        bucket: str,
        keys: Callable[[], Keys],
        *,
        lifetime: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.place = place
        self.lifetime = lifetime
        self.clock = clock
        self._keys = keys
        # the bucket is part of what is signed, wherever it stands in the URL
        self._before = "" if place.root.endswith(f"/{component(bucket)}") else f"/{component(bucket)}"
        self._made: tuple[Keys, Mac] | None = None

    def url(self, method: str, path: str, query: Pairs = ()) -> tuple[str, int]:
        """Return a URL good for one method, and the time (seconds since 1970) after which it is refused."""
        keys, mac = self._current()
        expires = int(self.clock() + self.lifetime)
        token = "" if keys.token is None else f"x-amz-security-token:{keys.token}\n"
        signature = self._signature(mac, f"{method}\n\n\n{expires}\n{token}{self._resource(path, query)}")
        own = [("AWSAccessKeyId", keys.access_key), ("Signature", signature)]
        if keys.token is not None:
            own.append(("x-amz-security-token", keys.token))
        text = joined([*query, *own, ("Expires", str(expires))])
        return f"{self.place.origin}{path}?{text}", expires

    def headers(
        self, method: str, path: str, query: str = "", extra: Pairs = (), *, payload: str = EMPTY_HASH
    ) -> list[tuple[str, str]]:
        """Return the headers that authorize a request of our own; ``payload`` is not covered by this version."""
        keys, mac = self._current()
        date = formatdate(self.clock(), usegmt=True)
        sent = [*extra, ("date", date)]
        if keys.token is not None:
            sent.append(("x-amz-security-token", keys.token))
        said = dict(sent)
        amazons = sorted((name, " ".join(value.split())) for name, value in sent if name.startswith("x-amz-"))
        lines = "".join(f"{name}:{value}\n" for name, value in amazons)
        start = f"{method}\n{said.get('content-md5', '')}\n{said.get('content-type', '')}\n{date}\n"
        resource = self._resource(path, parse_qsl(query, keep_blank_values=True))
        signature = self._signature(mac, f"{start}{lines}{resource}")
        sent.append(("authorization", f"AWS {keys.access_key}:{signature}"))
        return sent

    def _resource(self, path: str, query: Pairs) -> str:
        signed = sorted((name, value) for name, value in query if name in SUBRESOURCES)
        text = "&".join(f"{name}={value}" if value else name for name, value in signed)
        return f"{self._before}{path}?{text}" if text else f"{self._before}{path}"

    def _current(self) -> tuple[Keys, Mac]:
        made, keys = self._made, self._keys()
        if made is None or made[0] is not keys:
            made = self._made = (keys, Mac(keys.secret_key.encode(), "sha1"))
        return made

    @staticmethod
    def _signature(mac: Mac, text: str) -> str:
        return b64encode(mac.digest(text.encode())).decode()
