# SPDX-License-Identifier: Apache-2.0
"""The pages below ``/-/``: health, endpoints, why a file is where it is, and data of this host.

Knows: what each page shows and who may see it. Refuses to know: how any of it is found out.

Health is for machines that know nothing of rights, metrics are for machines of certain networks, and
a data URL is its own permit; every other page needs the right to list ``/``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from ipaddress import ip_address
from shlex import quote
from typing import Any
from urllib.parse import parse_qs

import flask

from ugr.errors import PermissionDenied, Unsupported
from ugr.frontend import data, explaining, exposition, headers, replies
from ugr.frontend.door import Request, encoded_prefix
from ugr.frontend.outcome import DATA
from ugr.frontend.replies import Blocks, Refusal, Reply
from ugr.metrics import counts
from ugr.model import Right
from ugr.transport import LoopThread

TICK = 2.0
"""Seconds within which a live event loop has turned."""

MOST_OFTEN = 2
"""Seconds between two readings of a page that is read again and again, at least."""

HTML, JSON, PLAIN = "text/html", "application/json", "text/plain"
NO_STORE = ("Cache-Control", "no-store")


def pages(loop: LoopThread, ready: Callable[[], tuple[bool, list[str]]]) -> flask.Blueprint:
    """Return the pages, to be registered with an application whose views may return a Reply."""
    blueprint = flask.Blueprint("ops", __name__)

    def page(rule: str, view: Callable[[Request], Reply]) -> None:
        def entered(**_: str) -> Any:
            return view(flask.request.environ["ugr.request"])

        blueprint.add_url_rule(rule, rule, entered, methods=["GET"], provide_automatic_options=False)

    page("/-/health/live", lambda request: _health(request, *_live(loop)))
    page("/-/health/ready", lambda request: _health(request, *ready()))
    page("/-/metrics", metrics)
    page("/-/endpoints", endpoints)
    page("/-/locate", locate)
    page("/-/data/<path:rest>", transfer)
    return blueprint


def _live(loop: LoopThread) -> tuple[bool, list[str]]:
    alive = loop.healthy(within=TICK)
    return alive, [] if alive else [f"the event loop has not turned for {TICK:g} seconds"]


def _health(request: Request, good: bool, problems: list[str]) -> Reply:
    request.outcome.routine = True
    status = 200 if good else 503
    if headers.preferred(request.header("Accept"), (PLAIN, JSON)) == JSON:
        return replies.as_json(status, {"ok": good, "problems": problems}, NO_STORE)
    return replies.text(status, "".join(line + "\n" for line in problems) or "ok\n", NO_STORE)


def metrics(request: Request) -> Reply:
    """Tell Prometheus what was counted, in all processes of this host.

    For clients of ``metrics_networks`` only. Whoever comes through a front server that is not
    trusted has the server's address, not its own, and is refused.
    """
    networks, address = request.settings.ugr.metrics_networks, request.call.address
    if address is None or not any(ip_address(address) in network for network in networks):
        raise PermissionDenied("metrics are for the networks of [ugr] metrics_networks")
    if request.hidden:
        raise PermissionDenied("the front server is not trusted; name it in [ugr] trusted_proxies")
    if counts.alone and request.environ.get("wsgi.multiprocess"):
        raise Unsupported("the numbers of several workers need a directory to meet in; set [ugr] runtime_dir")
    request.outcome.routine = True
    accept = headers.preferred(request.header("Accept"), (exposition.TEXT, exposition.OPENMETRICS))
    statuses = request.namespace.statuses()
    content_type, body = exposition.write(accept, counts.totals(), statuses, counts.processes())
    return Reply(200, (("Content-Type", content_type), NO_STORE), body)


def endpoints(request: Request) -> Reply:
    """Show the state of every endpoint."""
    request.namespace.require(Right.LIST, "/", request.call)
    statuses = request.namespace.statuses()
    if headers.preferred(request.header("Accept"), (HTML, JSON)) == JSON:
        return replies.as_json(200, {"endpoints": [explaining.status(item) for item in statuses]}, NO_STORE)
    states = [item.state for item in statuses]
    return request.inside.pages.html(
        "endpoints.html",
        NO_STORE,
        files=_files(request),
        statuses=statuses,
        up=states.count("up"),
        down=states.count("down"),
        unknown=states.count("unknown"),
        refresh=_refresh(_parameters(request.query).get("refresh", "")),
        now=time.time(),
    )


def _files(request: Request) -> str:
    return encoded_prefix(request.settings.ugr.prefix) + "/"


def _refresh(text: str) -> int | None:
    """Return the seconds after which a page is to be read again, None for never."""
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not MOST_OFTEN <= int(text) <= 3600:
        raise Refusal("bad-parameter", f"refresh is a number of seconds from {MOST_OFTEN} to 3600")
    return int(text)


def locate(request: Request) -> Reply:
    """Show what would be answered for a path, and why; optionally for a client at another address.

    The address is taken as given: no name is looked up. It chooses the copy, and grants no right.
    """
    request.namespace.require(Right.LIST, "/", request.call)
    asked = _parameters(request.query)
    form = headers.preferred(request.header("Accept"), (HTML, JSON, PLAIN))
    path, call, source = asked.get("path", ""), request.call, _address(asked.get("from", ""))
    page = partial(
        request.inside.pages.html,
        "locate.html",
        NO_STORE,
        files=_files(request),
        path=path,
        source=asked.get("from", ""),
        here=request.call.address,
    )
    if not path and form == HTML:
        return page(facts=None)
    if not path:
        raise Refusal("bad-parameter", "say which path: /-/locate?path=/atlas/file")
    namespace = request.namespace
    found = explaining.explanation(request.inside.bridge.ask(lambda: namespace.explain(path, call, source), call))
    if form == JSON:
        return replies.as_json(200, found, NO_STORE)
    if form == PLAIN:
        return replies.text(200, explaining.plain(found), NO_STORE)
    return page(facts=found, command=_command(path, source or call.address))


def _command(path: str, address: str | None) -> str:
    """Return what asks the same in a terminal of this host."""
    words = ["ugr", "locate", *(() if address is None else ("--from", address)), path]
    return " ".join(map(quote, words))


def _parameters(query: str) -> dict[str, str]:
    try:
        found = parse_qs(query, keep_blank_values=True, strict_parsing=bool(query), errors="strict", max_num_fields=8)
    except ValueError:
        raise Refusal("bad-parameter", "the query is not NAME=VALUE&...") from None
    return {name: values[-1] for name, values in found.items()}


def _address(source: str) -> str | None:
    """Return the address that was typed, None when nothing was."""
    if not source:
        return None
    address = headers.address(source)
    if address is None:
        raise Refusal("bad-parameter", "from is not an IP address")
    return address


def transfer(request: Request) -> Reply:
    """Give the bytes of a file of this host to whoever holds a genuine URL for it."""
    endpoint, path = data.split(request.url_path)
    known = request.inside.signer.verify(endpoint, path, request.method, request.query, time.time())
    namespace, call = request.namespace, request.call
    file, places = request.inside.bridge.transfer(lambda: namespace.data(endpoint, path, call), call)
    with ExitStack() as closing:
        closing.push(places)
        answer = data.respond(request.method, _Fields(request), file, name=path.rpartition("/")[2], known=known)
        closing.callback(answer.body.close)
        request.outcome.decision, request.outcome.endpoint = DATA, endpoint
        return Reply(answer.status, answer.headers, Blocks(iter(answer.body), closing.pop_all().close))


class _Fields:
    """A request's headers by their names."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def get(self, key: str, /) -> str | None:
        """Return the value, or None."""
        return self._request.header(key)
