# SPDX-License-Identifier: Apache-2.0
"""What an administrator writes for ``type = dav``.

Knows: the options and which of them cannot go together. Refuses to know: requests.
"""

from __future__ import annotations

from dataclasses import dataclass

from ugr.plugin import ConfigError, Words, option
from ugr.plugin.web import DIGEST_NAMES, AccessOptions, access_faults


@dataclass(frozen=True, kw_only=True)
class DavOptions(AccessOptions):
    """The options of one WebDAV storage, or of one directory on it."""

    checksums: Words = option(
        ("adler32", "md5"),
        help="Checksums that the storage knows or computes when it is asked for them (Want-Digest of RFC 3230). Apache "
        "and nginx have none: write nothing after the = there.",
        example="adler32",
        choices=tuple(DIGEST_NAMES),
    )
    copies: bool = option(
        True,
        help="Whether the storage copies files by itself (COPY of RFC 4918). XRootD and dCache do not: write no there.",
    )


def check(name: str, options: DavOptions) -> None:
    """Raise ConfigError, with a line for each fault, when the options cannot work together."""
    faults = [f"[endpoint:{name}] {fault}" for fault in access_faults(options)]
    if faults:
        raise ConfigError("\n".join(faults), endpoint=name)
