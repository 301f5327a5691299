# SPDX-License-Identifier: Apache-2.0
"""The options that every endpoint on an object storage has.

Knows: the options and which of them cannot go together. Refuses to know: any one storage's.
"""

from __future__ import annotations

from dataclasses import dataclass

from ugr.config.types import Path
from ugr.plugin.options import EndpointOptions, option


@dataclass(frozen=True, kw_only=True)
class ObjectOptions(EndpointOptions):
    """The options of one bucket or container, or of one directory in it."""

    prefix: str = option(
        "/",
        help="Directory of the storage that is the endpoint's root; what is outside is never touched.",
        example="/data",
    )
    ca_directory: Path | None = option(
        None,
        help="Hashed directory of the authorities that may vouch for the storage; only these are trusted then.",
        example="/etc/grid-security/certificates",
    )
    ca_file: Path | None = option(
        None, help="File of the authorities that may vouch for the storage, in PEM.", example="/etc/ssl/site-ca.pem"
    )


def object_faults(options: ObjectOptions) -> list[str]:
    """Return what is wrong with these options, a remedy with each."""
    faults = []
    inside = options.prefix.strip("/")
    if inside and any(part in ("", ".", "..") for part in inside.split("/")):
        faults.append(f"prefix = {options.prefix}: must not have empty, . or .. components")
    if any(ord(character) < 32 or ord(character) == 127 for character in options.prefix):
        faults.append("prefix: must not have control characters")
    return faults
