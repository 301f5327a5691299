# SPDX-License-Identifier: Apache-2.0
"""Paths of the federation and URLs of a web server, in both directions.

Knows: percent-encoding, where a server's root is. Refuses to know: requests.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, urljoin, urlsplit

from ugr.plugin import BadRequest

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(:[0-9]{1,5})?\Z")
_DEFAULT_PORTS = {"http": "80", "https": "443"}

MAX_URL = 16384
"""Longest URL that anybody is asked for."""

TARGET_SAFE = "/~!$&'()*+,;=:@?%"
"""What is left as it is in a reference that somebody else has encoded: RFC 3986, path and query."""


class Names:
    """The files below one URL."""

    def __init__(self, url: str) -> None:
        self.root = url.rstrip("/")

    def url(self, path: str) -> str:
        """Return the URL of a file; BadRequest for a path that is not Unicode."""
        try:
            return self.root + quote(path, safe="/~")
        except UnicodeEncodeError:
            raise BadRequest("the name is not valid Unicode", path=path) from None

    def directory(self, path: str) -> str:
        """Return the URL of a directory, with its slash."""
        return self.url("/" if path == "/" else path + "/")


def last(path: str) -> str:
    """Return the last component of a path; "" for the root."""
    return path[path.rfind("/") + 1 :]


def showable(name: str) -> bool:
    """Say whether a text can be a name in a directory."""
    return name not in ("", ".", "..") and "/" not in name and _CONTROL.search(name) is None


def origin(url: str) -> str | None:
    """Return scheme, host and port of a URL in one spelling; None when it is not one of http or https."""
    try:
        parts = urlsplit(url)
        scheme, authority = parts.scheme.lower(), parts.netloc.lower()
    except ValueError:
        return None
    match = _HOST.match(authority)
    if scheme not in _DEFAULT_PORTS or match is None:
        return None
    port = (match[2] or "")[1:] or _DEFAULT_PORTS[scheme]
    return f"{scheme}://{match[1]}:{port}" if 0 < int(port) < 65536 else None


def led(url: str, reference: str) -> str | None:
    """Return the absolute URL that a Location at ``url`` leads to (RFC 9110, 10.2.2); None when nowhere.

    The fragment is dropped, and what should have been percent-encoded is.
    """
    try:
        joined = urljoin(url, reference).partition("#")[0]
    except ValueError:
        return None
    if origin(joined) is None:
        return None
    parts = urlsplit(joined)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        return f"{parts.scheme}://{parts.netloc}{quote(target or '/', safe=TARGET_SAFE)}"
    except UnicodeEncodeError:
        return None


def is_slash_form(url: str, target: str) -> bool:
    """Say whether a redirect only adds the slash of a directory, on whatever host the server thinks it is."""
    here, there = urlsplit(url), urlsplit(target)
    return unquote(there.path) == unquote(here.path) + "/" and there.query == here.query
