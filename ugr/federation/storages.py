# SPDX-License-Identifier: Apache-2.0
"""Which endpoint a URL is on, and at which path; pure, made once.

Knows: the URLs under which storages are known, ours (``url``, ``public_url``) and other people's
(``aliases``). Refuses to know: who tells of URLs, and what for.

Schemes are those of storages, not of requests: ``davs`` is ``https``, and ``srm`` is as good as any.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from ugr.plugin.options import EndpointOptions

SCHEMES = {"dav": "http", "davs": "https"}
"""Other names of the schemes that requests have."""

PORTS = {"http": "80", "https": "443"}

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#\s]+)(/[^\s]*)?\Z")
_SLASHES = re.compile("/{2,}")
_IMPOSSIBLE = re.compile("/\\.\\.?(?:/|\\Z)|[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffd]")


class Storages:
    """URL prefixes of endpoints; the longest that fits tells."""

    def __init__(self, options: Mapping[str, EndpointOptions]) -> None:
        self._prefixes: dict[str, dict[str, str]] = {}
        for name, option in options.items():
            for url in (option.url, option.public_url, *option.aliases):
                split = None if url is None else _split(url)
                if split is not None:
                    origin, path = split
                    self._prefixes.setdefault(origin, {}).setdefault(path.rstrip("/"), name)

    def place(self, url: str) -> tuple[str, str] | None:
        """Return the endpoint that a URL is on and its path there; None when it is on none of them."""
        split = _split(url)
        if split is None:
            return None
        origin, rest = split
        best: tuple[str, str] | None = None
        for prefix, name in self._prefixes.get(origin, {}).items():
            if rest.startswith(f"{prefix}/") and (best is None or len(prefix) > len(best[0])):
                best = prefix, name
        if best is None:
            return None
        path = _SLASHES.sub("/", rest[len(best[0]) :]).rstrip("/") or "/"
        return None if path == "/" or _IMPOSSIBLE.search(path) else (best[1], path)


def wrong_aliases(aliases: Iterable[str]) -> list[str]:
    """Return the aliases that are no URLs with a host."""
    return [alias for alias in aliases if _split(alias) is None]


def _split(url: str) -> tuple[str, str] | None:
    """Return scheme and authority in one spelling, and the decoded rest; None when it is no URL with a host."""
    match = _URL.match(url)
    if match is None:
        return None
    scheme = match[1].lower()
    scheme = SCHEMES.get(scheme, scheme)
    authority = match[2].lower()
    rest = match[3] or "/"
    if scheme in PORTS:
        rest = re.split("[?#]", rest, maxsplit=1)[0]
        if not re.search(r":\d+\Z", authority):
            authority = f"{authority}:{PORTS[scheme]}"
    return f"{scheme}://{authority}", unquote(rest, errors="replace")
