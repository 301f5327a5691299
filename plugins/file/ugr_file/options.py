# SPDX-License-Identifier: Apache-2.0
"""What an administrator may write for an endpoint of type ``file``, besides the common options."""

from __future__ import annotations

from dataclasses import dataclass

from ugr.plugin import BlockingOptions, Path, option


@dataclass(frozen=True, kw_only=True)
class FileOptions(BlockingOptions):
    """``type = file``: a directory."""

    path: Path = option(
        help="The directory; absolute. Nothing outside it can be reached, whatever links are in it.",
        example="/srv/data",
    )
    marker: str | None = option(
        None,
        help="Name of a file directly in the directory that is there only while the file system is mounted. Without "
        "it, an empty mount point looks like a storage that lost everything.",
        example=".ugr-mounted",
    )
