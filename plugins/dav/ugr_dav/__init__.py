# SPDX-License-Identifier: Apache-2.0
"""WebDAV storage as endpoints: ``type = dav``.

Knows: which endpoint class this distribution offers. Refuses to know: how it works.
"""

from __future__ import annotations

from collections.abc import Iterable

from ugr.plugin import Endpoint, hookimpl
from ugr_dav.endpoint import DavEndpoint

__all__ = ["DavEndpoint", "ugr_endpoint_types"]


@hookimpl
def ugr_endpoint_types() -> Iterable[type[Endpoint]]:
    """Offer the one type of this plugin."""
    return [DavEndpoint]
