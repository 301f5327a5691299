# SPDX-License-Identifier: Apache-2.0
"""Refusals of a web server as facts: which error, and what would help.

Knows: status codes (RFC 9110, 15). Refuses to know: what was asked.
"""

from __future__ import annotations

import time

from ugr.plugin import Answer, Busy, Misbehaved, NotFound, Timeout, UgrError
from ugr.plugin.objects import Row, refusal
from ugr.plugin.web import Access

STATUSES = {
    404: Row(NotFound),
    407: Row(Misbehaved, "there is a proxy in the way that wants a password"),
    410: Row(NotFound),
    414: Row(NotFound, "the server takes no name that is so long"),
    429: Row(Busy, "the server asks for fewer requests"),
    503: Row(Busy, "the server asks for patience"),
    504: Row(Timeout, "the server itself waited in vain for somebody"),
    # RFC 5842, 7.2
    508: Row(NotFound, "the server is a federation that would have to ask this one"),
}
"""Status -> what it means; all others, but 401 and 403, break the protocol as far as we know it."""


def fault(answer: Answer, access: Access) -> UgrError:
    """Return the error that a refusal stands for."""
    if answer.status in (401, 403):
        return access.refusal(answer.status, f"the server answered {answer.status}")
    return refusal(answer, STATUSES.get(answer.status, Row(Misbehaved)), time.time())
