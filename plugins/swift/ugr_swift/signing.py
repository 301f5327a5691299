# SPDX-License-Identifier: Apache-2.0
"""Temporary URLs, by hand.

Knows: the TempURL middleware of OpenStack Swift ("Temporary URL middleware" of its documentation).
Refuses to know: what is asked, and of whom.

The signature covers method, time and the decoded path. A URL for GET or PUT is good for HEAD too;
Swift will have it so.

Thread-safe: what is kept between two signatures is one immutable value, replaced as a whole.
"""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from ugr.plugin.objects import Mac, encoded


@dataclass(frozen=True, slots=True)
class Place:
    """One container as clients reach it, and the key for it."""

    root: str
    key: str = field(repr=False)
    url: str
    """The container's URL, with "/" at its end."""
    path: str
    """The container's decoded path, with "/" at its end."""
    mac: Mac = field(repr=False)


class Signer:
    """Signs for one container. ``key`` returns the key in force; ``lifetime`` is the seconds that URLs are good for."""

    def __init__(
        self,
        container: str,
        key: Callable[[], str],
        *,
        digest: str = "sha256",
        lifetime: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._container = container
        self._key = key
        self._digest = digest
        self._lifetime = lifetime
        self._clock = clock
        self._place = self._make("", "")

    def url(self, root: str, method: str, name: str) -> tuple[str, int]:
        """Return a URL good for one method, and the time (seconds since 1970) after which it is refused.

        ``root`` is the account's URL, ``name`` the object's name, decoded.
        """
        place, key = self._place, self._key()
        if place.root != root or place.key != key:
            place = self._place = self._make(root, key)
        expires = int(self._clock()) + self._lifetime
        code = place.mac.digest(f"{method}\n{expires}\n{place.path}{name}".encode())
        signature = code.hex() if self._digest != "sha512" else _short(code)
        return f"{place.url}{encoded(name)}?temp_url_sig={signature}&temp_url_expires={expires}", expires

    def _make(self, root: str, key: str) -> Place:
        return Place(
            root,
            key,
            url=f"{root}/{encoded(self._container)}/",
            path=f"{unquote(urlsplit(root).path)}/{self._container}/",
            mac=Mac(key.encode(), self._digest),
        )


def _short(code: bytes) -> str:
    """Return a long signature in the shorter of the two forms that Swift takes."""
    return "sha512:" + urlsafe_b64encode(code).decode().rstrip("=")
