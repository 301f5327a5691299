# SPDX-License-Identifier: Apache-2.0
"""OPTIONS: what can be done here (RFC 9110 9.3.7, RFC 4918 10.1).

Asks nobody: the answer is the same for every name, existing or not, and on ``/`` too, where
Windows and others ask first.
"""

from __future__ import annotations

from ugr.frontend.door import Request
from ugr.frontend.replies import Reply

ALLOW = "GET, HEAD, OPTIONS, PROPFIND"


def answer(request: Request) -> Reply:
    """Name the methods and the WebDAV class: 1, so without locks."""
    return Reply(200, (("Allow", ALLOW), ("DAV", "1"), ("MS-Author-Via", "DAV")))
