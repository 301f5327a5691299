# SPDX-License-Identifier: Apache-2.0
"""Paths of the federation and keys of a bucket, in both directions.

Knows: where the bucket is, which key a path has, which keys can be shown as names. Refuses to
know: requests, signatures.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from ugr.plugin import BadRequest

MAX_KEY_BYTES = 1024
"""The longest key, in UTF-8 (Amazon S3 user guide, object keys)."""

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket as one group of clients reaches it.

    ``origin`` is scheme, host and port; ``host`` what the Host header says; ``root`` the encoded
    path of the bucket, "" or starting with "/" and without one at its end.
    """

    origin: str
    host: str
    root: str


def place(url: str, bucket: str, *, virtual: bool) -> Place:
    """Return where the bucket is under the service's URL.

    The host is in lower case and without the scheme's own port, because that is what clients send
    and what signatures cover.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    if virtual:
        host = f"{bucket}.{host}"
    if parts.port is not None and parts.port != _DEFAULT_PORTS[parts.scheme]:
        host = f"{host}:{parts.port}"
    root = parts.path.rstrip("/")
    return Place(f"{parts.scheme}://{host}", host, root if virtual else f"{root}/{encoded(bucket)}")


def encoded(text: str) -> str:
    """Percent-encode as signatures want it: all but letters, digits and ``-._~/`` (UriEncode of SigV4, for S3)."""
    return quote(text, safe="/~")


class Names:
    """The keys below one directory of a bucket, seen as paths."""

    def __init__(self, prefix: str) -> None:
        inside = prefix.strip("/")
        self.prefix = f"{inside}/" if inside else ""
        """What all keys start with: "" or a text that ends with "/"."""

    def key(self, path: str) -> str:
        """Return the key of a file; BadRequest for a path that no key can have."""
        key = self.prefix + path[1:]
        try:
            size = len(key.encode())
        except UnicodeEncodeError:
            raise BadRequest("the name is not valid Unicode", path=path) from None
        if size > MAX_KEY_BYTES:
            raise BadRequest(f"the name is longer than the {MAX_KEY_BYTES} bytes that S3 allows", path=path)
        return key

    def directory(self, path: str) -> str:
        """Return what the keys inside a directory start with; "" or a text that ends with "/"."""
        return self.prefix if path == "/" else self.key(path) + "/"


def last(path: str) -> str:
    """Return the last component of a path; "" for the root."""
    return path[path.rfind("/") + 1 :]
