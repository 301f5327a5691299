# SPDX-License-Identifier: Apache-2.0
"""``ugr locate``: where a client would be sent for a file, and everything that led there.

Knows: how an explanation reads. Refuses to know: how the choice is made.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from ugr.cli.asking import GRACE, call_of, lfn, started
from ugr.cli.exits import Exit, exit_of
from ugr.cli.output import kilometres, milliseconds, show, show_json, size, table, when
from ugr.errors import UgrError
from ugr.federation.answers import EndpointStatus, Explanation
from ugr.federation.geo import distance_km
from ugr.frontend import explaining
from ugr.frontend.replies import reason, status_of
from ugr.model import Position, Right

NAME = "locate"
HELP = "say where a client would be sent for a file, and why"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the path and the client."""
    parser.add_argument("path", help="path in the namespace")
    parser.add_argument(
        "--from", dest="address", metavar="IP", help="address of the client (default: nobody in particular)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Explain. The exit code is that of the answer which the client would be given."""
    path = lfn(arguments.path)
    with started(arguments) as runtime:
        seconds = runtime.settings.ugr.deadline
        call = call_of(seconds, arguments.address)
        refusal = None
        if arguments.address is not None:
            try:
                runtime.namespace.require(Right.READ, path, call)
            except UgrError as denial:
                refusal = denial
        explanation = runtime.loop.run(runtime.operator.explain(path, call), seconds + GRACE)
        statuses = runtime.operator.statuses()
    if arguments.json:
        show_json(describe(explanation, refusal, distances(explanation, statuses)))
    else:
        show(render(explanation, refusal, distances(explanation, statuses)))
    error = refusal or explanation.error
    return exit_of(error) if error is not None else Exit.OK


def distances(explanation: Explanation, statuses: Sequence[EndpointStatus]) -> dict[str, float]:
    """Return kilometres from the client to each endpoint, as far as both places are known."""
    place = explanation.client.get("position")
    if not isinstance(place, tuple):
        return {}
    client = Position(*place)
    return {
        status.name: distance_km(client, Position(*status.position))
        for status in statuses
        if status.position is not None
    }


def render(explanation: Explanation, refusal: UgrError | None, away: Mapping[str, float]) -> str:
    """Return the whole explanation as paragraphs: client, who was asked, order, answer."""
    paragraphs = [
        explanation.path,
        f"client   {_client(explanation.client)}",
        _asked(explanation, away),
        _found(explanation),
        _order(explanation),
        _answer(explanation, refusal),
    ]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _client(client: Mapping[str, object]) -> str:
    """Say who asks and where that is."""
    address, network, place = client.get("address"), client.get("network"), client.get("position")
    if address is None:
        return "nobody in particular; name one with --from"
    whose = f", of [network:{network}]" if network else ""
    if not isinstance(place, tuple):
        return f"{address}{whose}; where that is, is not known: distances do not count"
    source = {"network": "as the network's section says", "geoip": "as the GeoIP database says"}
    known = source.get(str(client.get("source")), "")
    return f"{address}{whose}, at {place[0]:.2f}, {place[1]:.2f}" + (f" ({known})" if known else "")


def _asked(explanation: Explanation, away: Mapping[str, float]) -> str:
    """Return the table of who was asked."""
    if not explanation.answers:
        located = explanation.located
        if located is None:
            return "asked    nobody: no endpoint is mounted there"
        mounted = located.info.directory and not located.holders
        return "asked    nobody: " + (
            "endpoints are mounted there or below" if mounted else "the answer was remembered"
        )
    rows = [
        (
            answer.endpoint,
            answer.result.value,
            milliseconds(answer.milliseconds),
            kilometres(away.get(answer.endpoint)),
            answer.reason or "",
        )
        for answer in explanation.answers
    ]
    return table(("endpoint", "result", "ms", "distance", "reason"), rows, right=("ms", "distance"))


def _found(explanation: Explanation) -> str:
    """Say what the name is."""
    located = explanation.located
    if located is None or located.info.directory:
        return ""
    changed = "" if located.info.mtime is None else f", last changed {when(located.info.mtime)}"
    return f"found    file of {size(located.info.size)}{changed}"


def _order(explanation: Explanation) -> str:
    """Say in which order the copies would be used, and which would not."""
    if explanation.redirection is None:
        return ""
    choice = explanation.redirection.choice
    lines = [
        f"{'order    ' if number == 1 else '         '}{number}. {ranked.endpoint}"
        + ("" if ranked.distance is None else f" ({kilometres(ranked.distance)})")
        for number, ranked in enumerate(choice.order, 1)
    ]
    excluded = {item.endpoint: item.reason for item in choice.excluded}
    if explanation.located is not None:
        excluded |= {item.endpoint: item.reason for item in explanation.located.excluded}
    lines += [
        f"{'not used ' if number == 0 else '         '}{name}: {why}"
        for number, (name, why) in enumerate(excluded.items())
    ]
    return "\n".join(lines)


def _answer(explanation: Explanation, refusal: UgrError | None) -> str:
    """Say what the client would be told."""
    error = refusal or explanation.error
    if isinstance(error, UgrError):
        status = status_of(error, ())
        return f"answer   {status} {reason(status)}: {error.message}"
    if explanation.redirection is None:
        return "answer   a directory: its listing"
    location = explanation.redirection.location
    lines = [
        f"answer   302 {reason(302)}, to {explanation.redirection.endpoint}",
        f"         {explaining.shown(location)}",
    ]
    if location.expires is not None:
        lines.append(f"         good until {when(location.expires)}")
    return "\n".join(lines)


def describe(explanation: Explanation, refusal: UgrError | None, away: Mapping[str, float]) -> dict[str, object]:
    """Return the explanation as JSON shows it: that of the page ``/-/locate``, with distances and refusal."""
    return explaining.explanation(explanation) | {
        "distances": {name: round(distance, 1) for name, distance in away.items()},
        "refusal": refusal,
    }
