# SPDX-License-Identifier: Apache-2.0
"""Endpoints of type ``file``: a directory of this host, on a local disk or mounted by NFS."""

from __future__ import annotations

from ugr.plugin import hookimpl
from ugr_file.endpoint import FileEndpoint
from ugr_file.options import FileOptions

__all__ = ["FileEndpoint", "FileOptions", "ugr_endpoint_types"]


@hookimpl
def ugr_endpoint_types() -> list[type[FileEndpoint]]:
    """Register the one class of this distribution."""
    return [FileEndpoint]
