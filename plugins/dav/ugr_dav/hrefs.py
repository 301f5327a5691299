# SPDX-License-Identifier: Apache-2.0
"""Paths of the federation and hrefs of a multistatus, in both directions.

Knows: percent-encoding, and how storages write hrefs: as absolute URLs, with another host, relative,
with doubled slashes, encoded more or less than needed, or not encoded at all. Refuses to know:
requests, properties.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from ugr.plugin import EndpointError, NotFound, speakable
from ugr.plugin.objects import encoded
from ugr.plugin.xml import REPLACED

MAX_COMPONENT, MAX_PATH = 255, 4096
"""The longest part of a path, and the longest path, in bytes, that file systems have (NAME_MAX, PATH_MAX of Linux)."""

_AUTHORITY = re.compile(r"\A[A-Za-z][A-Za-z0-9+.-]*://[^/]*(\Z)?")
_SLASHES = re.compile("/{2,}")
_BARE = re.compile("%(?![0-9A-Fa-f]{2})")


class Names:
    """The URLs of everything below one URL."""

    def __init__(self, url: str) -> None:
        self._root = url.rstrip("/")

    def url(self, path: str) -> str:
        """Return the URL of a name; NotFound for one that is not Unicode or too long, and so is nowhere.

        XRootD answers names that are too long with 500, or closes the connection, as if it were ill.
        """
        try:
            size = len(path.encode())
        except UnicodeEncodeError:
            raise NotFound("the name is not valid Unicode", path=ascii(path)) from None
        if size > MAX_COMPONENT and (size > MAX_PATH or _longest(path) > MAX_COMPONENT):
            raise NotFound("the name is longer than file systems allow", path=path)
        return self._root + encoded(path)

    def plain(self, path: str) -> str:
        """Return the URL of a name as whoever does not decode would have to get it."""
        return unquote(self._root) + path

    def directory(self, path: str) -> str:
        """Return the URL of a directory, with its slash."""
        return self.url("/" if path == "/" else f"{path}/")


class Spelling:
    """Whether a storage percent-encodes names in hrefs, as it should. Learnt; None as long as nobody knows.

    XRootD, EOS and older modules for nginx write names as they are. It matters only for names that
    would mean something else when decoded: ``100%25``.
    """

    def __init__(self) -> None:
        self.encodes: bool | None = None

    def doubtful(self, raw: str) -> bool:
        """Say whether a name can be read in two ways, and it is not known which is right."""
        if self.encodes is None and _BARE.search(raw):
            self.encodes = False
        return self.encodes is None and "%" in raw

    def read(self, raw: str) -> str | None:
        """Return the name that a component of an href stands for; None when it cannot be one."""
        if REPLACED in raw or "?" in raw:
            # not text, and what nobody can ask for: it would be the beginning of a query
            return None
        name = decoded(raw) if "%" in raw and self.encodes is not False else raw
        return name if name is not None and speakable(name) else None


class Place:
    """A resource that was asked for by ``url``: which hrefs are its own, and which are inside it."""

    def __init__(self, url: str) -> None:
        path = urlsplit(url).path
        self._base = _plain(path)
        self._path = _SLASHES.sub("/", unquote(path)).rstrip("/")
        self._inside: str | None = None

    def inside(self, href: str) -> str | None:
        """Return the last component of an href inside this place, as written; None for the place's own.

        Raises EndpointError for an href that is neither.
        """
        raw = self._path_of(href).rstrip("/")
        parent, _, last = raw.rpartition("/")
        if parent == self._inside and last:
            return last
        if self._same(raw):
            return None
        if last and self._same(parent):
            self._inside = parent
            return last
        raise EndpointError(
            "the storage names other paths than it was asked for; check url, and that no proxy changes paths",
            retryable=False,
        )

    def same(self, href: str) -> bool:
        """Say whether an href is the place's own."""
        return self._same(self._path_of(href).rstrip("/"))

    def literally(self, href: str) -> bool:
        """Say whether an href is the place's own as it stands, not decoded."""
        return self._path_of(href).rstrip("/") == self._path

    def beside(self, href: str) -> bool:
        """Say whether an href names something else in the same directory."""
        here, there = self._path.rpartition("/")[0], self._path_of(href).rstrip("/").rpartition("/")[0]
        return there == here or decoded(there) == here

    def _same(self, raw: str) -> bool:
        return raw == self._path or ("%" in raw and decoded(raw) == self._path)

    def _path_of(self, href: str) -> str:
        """Return the path of an href, as written but for its slashes; whatever the host, it is this storage's."""
        path = href.strip() if "\n" in href else href
        path = _AUTHORITY.sub(lambda match: "/" if match[1] is not None else "", path)
        if not path.startswith("/"):
            path = f"{self._base}/{path.removeprefix('./')}"
        return _plain(path)


def decoded(raw: str) -> str | None:
    """Percent-decode; None when that is not UTF-8."""
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeError:
        return None


def _longest(path: str) -> int:
    return max(len(part.encode()) for part in path.split("/"))


def _plain(path: str) -> str:
    return _SLASHES.sub("/", path) if "//" in path else path
