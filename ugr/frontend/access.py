# SPDX-License-Identifier: Apache-2.0
"""The access log: one line of JSON for each request.

Knows: what the line says and in which order, and what it must not say. Refuses to know: where
lines go, statistics.

No secret is in it: what looks like one in the target or in a header is replaced, and neither
Authorization nor Referer nor cookies are looked at. No line can be forged: control characters are
escaped. Fields that have nothing to say are left out. It is not written by ``logging``, which
takes longer to make one record than the whole line may take.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from ugr.federation.answers import EndpointAnswer
from ugr.frontend.door import Environ, Request
from ugr.frontend.outcome import Outcome
from ugr.log import LONGEST_LINE, one_line, redact

LONGEST_TEXT = 256
"""Characters that are kept of a header."""

_LIMITS = (1024, 512, 256, 128, 64, 32)
"""Characters to which texts are cut when a line would be too long, tried in this order."""


class Asked(msgspec.Struct, omit_defaults=True, gc=False):
    """What came of asking one endpoint; ``ms`` only when it has answered."""

    endpoint: str
    result: str
    ms: float | None = None


class Line(msgspec.Struct, omit_defaults=True, gc=False):
    """One line. ``time`` is when the answer was ready, ``ms`` how long that took.

    ``bytes`` are those of the body that were handed to the server. ``aborted`` says that this was
    not all of it.
    """

    time: str
    id: str
    client: str | None
    identity: str
    method: str
    path: str
    query: str = ""
    status: int = 0
    bytes: int | None = None
    ms: float | None = None
    decision: str = ""
    endpoint: str = ""
    cache: str = ""
    asked: tuple[Asked, ...] = ()
    unasked: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    error: str = ""
    aborted: bool = False
    agent: str = ""
    client_info: str = ""


FIELDS: Mapping[str, str] = {
    "time": "When the answer was ready: UTC, milliseconds.",
    "id": "The request id, as in the header ``Ugr-Request-Id`` and in the log of events.",
    "client": "The client's address, as trusted proxies tell it; null on a socket whose front server is not trusted.",
    "identity": "Who the client is taken to be.",
    "method": "The method.",
    "path": "The path as it was sent, percent-encoded.",
    "query": "What came after ``?``, without secrets.",
    "status": "The status.",
    "bytes": "Bytes of the body.",
    "ms": "Milliseconds until the answer was ready; for a body that is made while it is sent, until its end.",
    "decision": "What was done, one of the words below.",
    "endpoint": "Where the client was sent, or whose data it was given.",
    "cache": "``L1``: this worker remembered the name; ``L2``: memcached did; ``cold``: endpoints were asked.",
    "asked": "The endpoints that were asked, each with the result and the milliseconds that it took.",
    "unasked": "Endpoints that were not asked, because they are known to be down.",
    "missing": "Endpoints of which a listing has nothing, or not all.",
    "error": "The code of the error.",
    "aborted": "true when the body was not sent to its end.",
    "agent": "``User-Agent``, its first 256 characters.",
    "client_info": "``ClientInfo``, in which FTS names job and file.",
}
"""Each field in words."""

_encode = msgspec.json.Encoder().encode
_second: tuple[int, str] = (0, "")


def line(
    environ: Environ,
    request: Request | None,
    outcome: Outcome,
    status: int,
    count: int,
    seconds: float,
    *,
    aborted: bool = False,
) -> bytes:
    """Return the line for one request, at most ``LONGEST_LINE`` bytes, its end included.

    ``request`` is None when the request was refused at the door; ``count`` are bytes of the body,
    ``seconds`` is how long the answer took.
    """
    path, _, query = _shown(_target(environ)).partition("?")
    agent, info = environ.get("HTTP_USER_AGENT"), environ.get("HTTP_CLIENTINFO")
    shortfall = outcome.shortfall
    made = Line(
        _now(),
        environ["ugr.id"],
        environ.get("REMOTE_ADDR") or None if request is None else request.call.address,
        "" if request is None else _shown(request.call.identity.name),
        one_line(environ["REQUEST_METHOD"]),
        path,
        query,
        status,
        count,
        round(seconds * 1000, 3),
        outcome.decision,
        outcome.endpoint,
        outcome.cache,
        tuple(map(_asked, outcome.answers)),
        outcome.unasked,
        () if shortfall is None else (*shortfall.missing, *shortfall.truncated),
        outcome.error,
        aborted,
        _known(agent[:LONGEST_TEXT]) if agent else "",
        _shown(info[:LONGEST_TEXT]) if info else "",
    )
    written = _encode(made) + b"\n"
    return written if len(written) <= LONGEST_LINE else _shortened(made)


def _target(environ: Environ) -> str:
    """Return the request target as it was sent, as far as the server tells."""
    raw: str | None = environ.get("RAW_URI", environ.get("REQUEST_URI"))
    if raw is not None:
        return raw
    query = environ.get("QUERY_STRING")
    return f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}{'?' if query else ''}{query or ''}"


def _shown(text: str) -> str:
    """Return text of a client as it may stand in a log."""
    return one_line(redact(text))


_known = lru_cache(maxsize=1024)(_shown)
"""The same for what many requests have in common; ``LONGEST_TEXT`` bounds what is remembered."""


def _asked(answer: EndpointAnswer) -> Asked:
    taken = answer.milliseconds
    return Asked(answer.endpoint, answer.result.value, None if taken is None else round(taken, 3))


def _now() -> str:
    """Return the time: RFC 3339, UTC, milliseconds."""
    global _second
    now = time.time()
    whole = int(now)
    second, text = _second
    if second != whole:
        text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
        _second = whole, text
    return f"{text}.{int((now - whole) * 1000):03d}Z"


def _shortened(made: Line) -> bytes:
    """Return the line with its texts and lists cut until it is short enough."""
    written = b""
    for limit in _LIMITS:
        facts = {name: _cut(value, limit) for name, value in msgspec.structs.asdict(made).items()}
        written = _encode(Line(**facts)) + b"\n"
        if len(written) <= LONGEST_LINE:
            break
    return written


def _cut(value: Any, limit: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= limit else value[:limit] + "…"
    return value[: limit // 16] if isinstance(value, tuple) else value
