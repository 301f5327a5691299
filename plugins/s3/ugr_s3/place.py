# SPDX-License-Identifier: Apache-2.0
"""Where a bucket is, as one group of clients reaches it.

Knows: URLs of the service, and the two ways to put a bucket into them. Refuses to know: keys,
requests, signatures.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from ugr.plugin.objects import encoded

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
