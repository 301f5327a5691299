# SPDX-License-Identifier: Apache-2.0
"""A directory for people (HTML) and for scripts (JSON), by the Accept header.

Knows: how a listing looks in both. Refuses to know: XML, how it is obtained.

A directory of up to ``SORTED`` entries is sorted, directories first; a larger one is sent as it
comes, in no order. The JSON form is one object::

    {"path": "/atlas", "entries": [{"name": "f", "directory": false, "size": 3, "mtime": 1.5}, ...],
     "unasked": ["triumf"], "missing": {"cern": "timed out"}, "truncated": {"ral": 1000000}}

``size`` and ``mtime`` are null when unknown; the last three tell what the listing misses.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from html import escape
from itertools import chain

from markupsafe import Markup

from ugr.errors import NotADirectory
from ugr.federation.answers import Shortfall
from ugr.frontend import headers, pages, replies
from ugr.frontend.bridge import Stream
from ugr.frontend.door import Request, encoded_prefix
from ugr.frontend.finding import not_a_directory
from ugr.frontend.headers import preferred
from ugr.frontend.multistatus import ENTRIES_PER_PIECE
from ugr.frontend.replies import Pairs, Reply
from ugr.log import one_line
from ugr.model import FileInfo

SORTED = 5000
"""Entries up to which a listing is collected and sorted."""

JSON = "application/json"
OFFERS = ("text/html", JSON)
COMMON: Pairs = (("Cache-Control", "private, no-cache"), ("Vary", "Accept"))


def fields(request: Request) -> Pairs:
    """Return the headers of a listing, so that HEAD says what GET would."""
    if preferred(request.header("Accept"), OFFERS) == JSON:
        return (*COMMON, ("Content-Type", JSON))
    return (*COMMON, *request.inside.pages.headers)


def answer(request: Request) -> Reply:
    """List a directory. A file asked for as one is not found."""
    namespace, path, call = request.namespace, request.path, request.listing_call()
    try:
        stream = request.inside.bridge.stream(lambda: namespace.list(path, call), call)
    except NotADirectory:
        raise not_a_directory(request) from None
    request.outcome.listing(stream.listing)
    unasked = replies.unasked(stream.listing.unasked)
    if preferred(request.header("Accept"), OFFERS) == JSON:
        return replies.streamed(200, (*fields(request), *unasked), as_json(stream, path), stream.close)
    return request.inside.pages.streamed(
        "listing.html",
        (*COMMON, *unasked),
        stream.close,
        path=path,
        crumbs=crumbs(request),
        parent=None if path == "/" else request.href(directory=False).rpartition("/")[0] + "/",
        rows=Rows(stream, request.href(directory=True)),
        unasked=stream.listing.unasked,
        shortfall=stream.listing.shortfall,
    )


class Rows:
    """The rows of a page's table, made while they are asked for.

    ``count``, ``bytes`` and ``ordered`` say what came, and are right when the rows have come to their end.
    """

    def __init__(self, batches: Iterable[list[FileInfo]], base: str) -> None:
        self._batches = batches
        self._base = base
        self.count = 0
        self.bytes = 0
        self.ordered = True

    def __iter__(self) -> Iterator[Markup]:
        """Yield rows, many at a time, as HTML; directories first where they are all there is."""
        source = iter(self._batches)
        collected: list[FileInfo] = []
        for batch in source:
            collected += batch
            if len(collected) > SORTED:
                self.ordered = False
                for entries in chain((collected,), source):
                    yield from self._pieces(entries)
                return
        collected.sort(key=lambda info: (not info.directory, info.name))
        yield from self._pieces(collected)

    def _pieces(self, entries: list[FileInfo]) -> Iterator[Markup]:
        self.count += len(entries)
        self.bytes += sum(info.size or 0 for info in entries)
        for start in range(0, len(entries), ENTRIES_PER_PIECE):
            rows = [_row(self._base, info) for info in entries[start : start + ENTRIES_PER_PIECE]]
            yield Markup("".join(rows))  # noqa: S704  # each part of a row has been escaped


def _row(base: str, info: FileInfo) -> str:
    """Return one row. End tags that HTML lets one leave out are left out: there may be 100,000 of them."""
    link, name = escape(base + headers.encode_name(info.name)), escape(one_line(info.name))
    size, changed = "<td>", "<td>"
    if info.size is not None:
        size = f'<td title="{info.size:,} bytes">{pages.size(info.size)}'
    short = pages.when(info.mtime)
    if short and info.mtime is not None:
        changed = f'<td title="{pages.exactly(info.mtime)}">{short}'
    if info.directory:
        return f'<tr class="dir"><td><a href="{link}/">{name}/</a>{size}{changed}\n'
    return f'<tr><td><a href="{link}">{name}</a>{size}{changed}\n'


def crumbs(request: Request) -> list[tuple[str, str]]:
    """Return name and link of each directory from the namespace's root down to this one."""
    link = encoded_prefix(request.settings.ugr.prefix) + "/"
    found = [(request.settings.ugr.prefix.strip("/") or "/", link)]
    for name in request.path.split("/"):
        if name:
            link += headers.encode_name(name) + "/"
            found.append((name, link))
    return found


def as_json(stream: Stream, path: str) -> Iterator[str]:
    """Yield the JSON form in pieces."""
    yield f'{{"path": {json.dumps(path)}, "entries": ['
    separator = "\n"
    for batch in stream:
        for start in range(0, len(batch), ENTRIES_PER_PIECE):
            entries = batch[start : start + ENTRIES_PER_PIECE]
            yield separator + ",\n".join(map(_json_entry, entries))
            separator = ",\n"
    yield f'\n], "unasked": {json.dumps(stream.listing.unasked)}, {_json_shortfall(stream.listing.shortfall)}}}\n'


def _json_entry(info: FileInfo) -> str:
    entry = {"name": info.name, "directory": info.directory, "size": info.size, "mtime": info.mtime}
    return json.dumps(entry)


def _json_shortfall(shortfall: Shortfall) -> str:
    return f'"missing": {json.dumps(shortfall.missing)}, "truncated": {json.dumps(shortfall.truncated)}'
