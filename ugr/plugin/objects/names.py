# SPDX-License-Identifier: Apache-2.0
"""Paths of an endpoint and keys of a bucket, in both directions.

Knows: which key a path has, which keys can be shown as names, how keys are written in URLs.
Refuses to know: requests, and what else a storage does with keys.
"""

from __future__ import annotations

from urllib.parse import quote

from ugr.errors import BadRequest
from ugr.names import unspeakable


class Names:
    """The keys below one directory of a bucket, seen as paths.

    ``longest`` is the most that the storage allows in a key: UTF-8 bytes, or characters when
    ``in_characters``. ``forbidden`` are characters that the storage does not keep as they are.
    """

    def __init__(self, prefix: str, *, longest: int, in_characters: bool = False, forbidden: str = "") -> None:
        inside = prefix.strip("/")
        self.prefix = f"{inside}/" if inside else ""
        """What all keys start with: "" or a text that ends with "/"."""
        self._longest = longest
        self._in_characters = in_characters
        self._forbidden = forbidden

    def key(self, path: str) -> str:
        """Return the key of a file; BadRequest for a path that no key can have.

        Some storages have no such limits, and repeat what they were asked in XML that cannot hold it.
        """
        key = self.prefix + path[1:]
        try:
            size = len(key.encode())
        except UnicodeEncodeError:
            raise BadRequest("the name is not valid Unicode", path=path) from None
        if unspeakable(key):
            raise BadRequest("the name has control characters or non-characters", path=path)
        if self._in_characters:
            size = len(key)
        if size > self._longest:
            unit = "characters" if self._in_characters else "bytes"
            raise BadRequest(f"the name is longer than the {self._longest} {unit} that the storage allows", path=path)
        for character in self._forbidden:
            if character in key:
                raise BadRequest(f"the storage does not keep {character} in names", path=path)
        return key

    def directory(self, path: str) -> str:
        """Return what the keys inside a directory start with; "" or a text that ends with "/"."""
        return self.prefix if path == "/" else self.key(path) + "/"


def encoded(text: str) -> str:
    """Percent-encode a key for the path of a URL: all but letters, digits and ``-._~/`` (RFC 3986 section 2.3)."""
    return quote(text, safe="/~")


def last(path: str) -> str:
    """Return the last component of a path; "" for the root."""
    return path[path.rfind("/") + 1 :]
