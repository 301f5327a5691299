# SPDX-License-Identifier: Apache-2.0
"""OpenStack Swift containers as endpoints: ``type = swift``.

Knows: which endpoint class this distribution offers. Refuses to know: how it works.
"""

from __future__ import annotations

from collections.abc import Iterable

from ugr.plugin import Endpoint, hookimpl
from ugr_swift.endpoint import SwiftEndpoint

__all__ = ["SwiftEndpoint", "ugr_endpoint_types"]


@hookimpl
def ugr_endpoint_types() -> Iterable[type[Endpoint]]:
    """Offer the one type of this plugin."""
    return [SwiftEndpoint]
