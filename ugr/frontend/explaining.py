# SPDX-License-Identifier: Apache-2.0
"""What is known about endpoints and answers, as plain values for JSON, text and pages; pure.

Knows: the words and their order, and what must not be shown: a signature. Refuses to know: HTTP.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ugr.errors import UgrError
from ugr.federation.answers import EndpointAnswer, EndpointStatus, Explanation, Located, Redirection
from ugr.model import FileInfo, Location

Facts = dict[str, Any]


def status(item: EndpointStatus) -> Facts:
    """Return one endpoint's state."""
    return asdict(item)


def explanation(found: Explanation) -> Facts:
    """Return everything about one question.

    Times are milliseconds, distances kilometres, ``age`` seconds; what is unknown is None.
    """
    return {
        "path": found.path,
        "client": found.client,
        "cached": found.cached,
        "level": found.level,
        "milliseconds": round(found.milliseconds, 3),
        "answers": [_answer(item) for item in found.answers],
        "found": None if found.located is None else _located(found.located),
        "choice": None if found.redirection is None else _choice(found.redirection),
        "error": None if found.error is None else _error(found.error),
    }


def _answer(item: EndpointAnswer) -> Facts:
    return {
        "endpoint": item.endpoint,
        "result": item.result.value,
        "milliseconds": None if item.milliseconds is None else round(item.milliseconds, 3),
        "reason": item.reason,
        "info": None if item.info is None else _info(item.info),
    }


def _info(info: FileInfo) -> Facts:
    return {
        "directory": info.directory,
        "size": info.size,
        "mtime": info.mtime,
        "checksums": dict(info.checksums),
    }


def _located(located: Located) -> Facts:
    return {
        **_info(located.info),
        "etag": located.etag,
        "age": round(located.age, 3),
        "holders": [{"endpoint": target.endpoint, "path": target.path} for target in located.holders],
        "excluded": [asdict(item) for item in located.excluded],
        "unasked": list(located.unasked),
        "silent": list(located.silent),
    }


def _choice(redirection: Redirection) -> Facts:
    return {
        "endpoint": redirection.endpoint,
        "location": shown(redirection.location),
        "order": [asdict(item) for item in redirection.choice.order],
        "excluded": [asdict(item) for item in redirection.choice.excluded],
    }


def _error(error: Exception) -> Facts:
    if isinstance(error, UgrError):
        return {"code": error.code, "message": error.message}
    return {"code": "internal", "message": type(error).__name__}


def shown(location: Location) -> str:
    """Return a location as it may be shown: without what makes it a permit."""
    if location.served_here:
        return "this service, /-/data/ [signed]"
    if not location.signed:
        return location.url
    return location.url.partition("?")[0] + "?[signed]"


def plain(facts: Facts) -> str:
    """Return an explanation as lines of text."""
    lines = [f"path      {facts['path']}"]
    client = (f"{name}={value}" for name, value in facts["client"].items() if value is not None)
    lines += [f"client    {' '.join(client)}"]
    cache = "cache" if facts["level"] is None else f"cache {facts['level']}"
    lines += [f"source    {cache if facts['cached'] else 'asked'}, {facts['milliseconds']:g} ms"]
    lines += [_answer_line(item) for item in facts["answers"]]
    if facts["found"] is not None:
        lines += _found_lines(facts["found"])
    if facts["choice"] is not None:
        lines += _choice_lines(facts["choice"])
    if facts["error"] is not None:
        lines.append(f"error     {facts['error']['code']}: {facts['error']['message']}")
    return "".join(line + "\n" for line in lines)


def _answer_line(item: Facts) -> str:
    taken = "" if item["milliseconds"] is None else f", {item['milliseconds']:g} ms"
    reason = f" ({item['reason']})" if item["reason"] else ""
    return f"answer    {item['endpoint']}: {item['result']}{taken}{reason}"


def _found_lines(found: Facts) -> list[str]:
    kind = "directory" if found["directory"] else f"file of {found['size']} bytes"
    lines = [f"found     {kind}"]
    lines += [f"holder    {item['endpoint']}: {item['path']}" for item in found["holders"]]
    lines += [f"excluded  {item['endpoint']}: {item['reason']}" for item in found["excluded"]]
    lines += [f"unasked   {name}" for name in found["unasked"]]
    return lines + [f"silent    {name}" for name in found["silent"]]


def _choice_lines(choice: Facts) -> list[str]:
    lines = []
    for number, item in enumerate(choice["order"], 1):
        distance = "distance unknown" if item["distance"] is None else f"{item['distance']:.0f} km"
        lines.append(f"{number:<9} {item['endpoint']}: {distance}, tier {item['tier']}")
    lines += [f"unusable  {item['endpoint']}: {item['reason']}" for item in choice["excluded"]]
    return [*lines, f"answer    302 to {choice['endpoint']}: {choice['location']}"]
