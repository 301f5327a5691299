# SPDX-License-Identifier: Apache-2.0
"""What plugins for web and WebDAV servers share: who asks, where redirects lead, dates, digests.

Knows: HTTP as servers speak it, whatever is kept on them. Refuses to know: what an answer says of a
file or a directory.

A plugin derives its options from ``AccessOptions`` and asks through ``Web``.
"""

from ugr.plugin.web.access import Access, AccessOptions, access_faults
from ugr.plugin.web.certificates import Certificates
from ugr.plugin.web.digests import DIGEST_NAMES, digests
from ugr.plugin.web.trail import Trail, origin
from ugr.plugin.web.web import MAX_ANSWER, Opened, Reached, Web

__all__ = [
    "DIGEST_NAMES",
    "MAX_ANSWER",
    "Access",
    "AccessOptions",
    "Certificates",
    "Opened",
    "Reached",
    "Trail",
    "Web",
    "access_faults",
    "digests",
    "origin",
]
