# SPDX-License-Identifier: Apache-2.0
"""S3 buckets as endpoints: ``type = s3``.

Knows: which endpoint class this distribution offers. Refuses to know: how it works.
"""

from __future__ import annotations

from collections.abc import Iterable

from ugr.plugin import Endpoint, hookimpl
from ugr_s3.endpoint import S3Endpoint

__all__ = ["S3Endpoint", "ugr_endpoint_types"]


@hookimpl
def ugr_endpoint_types() -> Iterable[type[Endpoint]]:
    """Offer the one type of this plugin."""
    return [S3Endpoint]
