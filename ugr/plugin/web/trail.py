# SPDX-License-Identifier: Apache-2.0
"""Where redirects lead (RFC 9110, 15.4).

Knows: Location, loops, limits. Refuses to know: credentials, requests.

Servers behind a proxy are wrong about their own scheme, host and port. A redirect that only adds
the slash of a directory therefore stays on the server that was asked.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, urljoin, urlsplit

from ugr.errors import EndpointError, Misbehaved

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_HOPS = 5
MOST_CHARACTERS = 16384
"""Longest URL that anybody is sent to."""

_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[0-9a-z._-]+)(?::([0-9]{1,5}))?\Z")
_PORTS = {"http": 80, "https": 443}
_SENT = "/~!$&'()*+,;=:@?%"
"""What stays as it is in a target that somebody else has encoded: path and query of RFC 3986."""


class Trail:
    """The URLs that one question leads through; ``url`` is where it stands.

    ``slashed`` says that a redirect added the slash of a directory on the way.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.slashed = False
        self._seen = {url}

    def goes_on(self, status: int, location: str | None) -> bool:
        """Take the step that an answer asks for; say whether there is one.

        Raises Misbehaved for a circle or too long a way, EndpointError for a step to nowhere.
        """
        if status not in REDIRECTS or location is None:
            return False
        target = _led(self.url, location)
        if target is None:
            raise EndpointError("the server redirects to something that is no URL of http or https", retryable=False)
        if _adds_slash(self.url, target):
            target, self.slashed = f"{self.url}/", True
        if target in self._seen:
            raise Misbehaved("the server redirects in a circle")
        if len(self._seen) > MOST_HOPS:
            raise Misbehaved(f"the server redirects more than {MOST_HOPS} times")
        self._seen.add(target)
        self.url = target
        return True


def origin(url: str) -> str | None:
    """Return scheme, host and port of a URL in one spelling; None when it is not one of http or https."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    match = _AUTHORITY.match(parts.netloc.lower())
    if scheme not in _PORTS or match is None:
        return None
    port = int(match[2] or _PORTS[scheme])
    return f"{scheme}://{match[1]}:{port}" if 0 < port < 65536 else None


def _led(url: str, location: str) -> str | None:
    """Return the absolute URL of a Location, without fragment and with what must be encoded encoded."""
    try:
        location = location.partition("#")[0]
        joined = urljoin(url, location)
        if location.endswith(";") and not joined.endswith(";"):
            joined += ";"  # urljoin takes it for empty parameters
        if origin(joined) is None:
            return None
        parts = urlsplit(joined)
        target = quote(f"{parts.path or '/'}?{parts.query}".removesuffix("?"), safe=_SENT)
    except (UnicodeEncodeError, ValueError):
        return None
    led = f"{parts.scheme}://{parts.netloc}{target}"
    return led if len(led) <= MOST_CHARACTERS else None


def _adds_slash(url: str, target: str) -> bool:
    here, there = urlsplit(url), urlsplit(target)
    return not here.query and not there.query and unquote(there.path) == f"{unquote(here.path)}/"
