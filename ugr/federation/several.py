# SPDX-License-Identifier: Apache-2.0
"""One name that may be at several paths of one endpoint.

Knows: how several answers of one endpoint become its one answer. Refuses to know: where the paths
come from, other endpoints.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from ugr.call import Call
from ugr.federation.answers import EndpointAnswer
from ugr.federation.guarded import GuardedEndpoint
from ugr.model import Result


async def find(guard: GuardedEndpoint, paths: Sequence[str], call: Call) -> EndpointAnswer:
    """Ask for all paths at once. The first, in their order, that has the name counts.

    The endpoint has it nowhere only when it said so for each path; otherwise the first path of which
    that is not known tells why.
    """
    answers = await asyncio.gather(*(guard.stat(path, call) for path in paths))
    slowest = max((answer.milliseconds or 0.0 for answer in answers), default=None)
    for path, answer in zip(paths, answers, strict=True):
        if answer.result is Result.FOUND:
            return replace(answer, path=path, milliseconds=slowest)
    unknown = [answer for answer in answers if answer.result is not Result.ABSENT]
    return replace((unknown or answers)[0], milliseconds=slowest)
