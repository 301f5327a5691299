# SPDX-License-Identifier: Apache-2.0
"""Questions and clients that come from other federations.

Knows: the header and the query parameter that name them. Refuses to know: what is asked.

A question that came through this federation already is refused with 508 (RFC 5842, 7.2): the one
who asks takes that for "not here", and so each name is looked for once in each federation.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl

from ugr.call import Call
from ugr.frontend.replies import Refusal
from ugr.transport.peers import HEADER, MOST, PARAMETER, Ourselves, Via, read


def passed(call: Call, header: str | None, query: str, ourselves: Ourselves) -> Call:
    """Return a call with the names of the federations that it came through, or that sent the client here."""
    via = () if header is None else _read((header,), f"the header {HEADER}", ourselves)
    values = [value for name, value in parse_qsl(query, keep_blank_values=True) if name == PARAMETER]
    sent_by = () if not values else _read(values, f"the query parameter {PARAMETER}", ourselves)
    return replace(call, via=via, sent_by=sent_by)


def _read(values: tuple[str, ...] | list[str], where: str, ourselves: Ourselves) -> Via:
    names = read(values)
    if names is None:
        raise Refusal("loop", f"{where} must name {MOST} federations at most, each by letters, digits and ._-")
    if ourselves.id in names:
        raise Refusal("loop", "this federation has been asked already, and has sent the question on")
    return names
