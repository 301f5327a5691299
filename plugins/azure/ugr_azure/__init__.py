# SPDX-License-Identifier: Apache-2.0
"""Azure Blob containers as endpoints: ``type = azure``.

Knows: which endpoint class this distribution offers. Refuses to know: how it works.
"""

from __future__ import annotations

from collections.abc import Iterable

from ugr.plugin import Endpoint, hookimpl
from ugr_azure.endpoint import AzureEndpoint

__all__ = ["AzureEndpoint", "ugr_endpoint_types"]


@hookimpl
def ugr_endpoint_types() -> Iterable[type[Endpoint]]:
    """Offer the one type of this plugin."""
    return [AzureEndpoint]
