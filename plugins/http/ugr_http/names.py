# SPDX-License-Identifier: Apache-2.0
"""Paths of the federation and URLs of a web server, in both directions.

Knows: percent-encoding, where a server's root is. Refuses to know: requests.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, urljoin, urlsplit

from ugr.plugin import BadRequest
from ugr.plugin.web import origin

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_DOTS = re.compile(r"(?:\A|/)\.\.?(?:/|\?|\Z)")

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


def resolved(url: str, reference: str) -> str:
    """Return the URL that a reference means at ``url`` (RFC 3986, 5.2), without its fragment. Raises ValueError.

    Nothing of it is rewritten, unlike by ``urljoin``, which takes a ";" off the end.
    """
    reference = reference.partition("#")[0]
    if _SCHEME.match(reference):
        return reference
    while reference.startswith("./"):
        reference = reference[2:]
    parts = urlsplit(url)
    if reference.startswith("//"):
        return f"{parts.scheme}:{reference}"
    root, directory = f"{parts.scheme}://{parts.netloc}", parts.path[: parts.path.rfind("/") + 1] or "/"
    if reference.startswith("/"):
        return root + reference
    if not reference or reference.startswith("?"):
        return f"{root}{parts.path}{reference}"
    if _DOTS.search(reference):
        return urljoin(url, reference)
    return f"{root}{directory}{reference}"


def led(url: str, reference: str) -> str | None:
    """Return the absolute URL that a Location at ``url`` leads to (RFC 9110, 10.2.2); None when nowhere.

    What should have been percent-encoded is.
    """
    try:
        target = resolved(url, reference)
        parts = urlsplit(target)
        if origin(target) is None:
            return None
        rest = parts.path + (f"?{parts.query}" if parts.query else "")
        return f"{parts.scheme}://{parts.netloc}{quote(rest if rest[:1] == '/' else f'/{rest}', safe=TARGET_SAFE)}"
    except ValueError:  # of urlsplit, or because it is not Unicode
        return None


def is_slash_form(url: str, target: str) -> bool:
    """Say whether a redirect only adds the slash of a directory, on whatever host the server thinks it is."""
    here, there = urlsplit(url), urlsplit(target)
    return unquote(there.path) == unquote(here.path) + "/" and not here.query and not there.query
