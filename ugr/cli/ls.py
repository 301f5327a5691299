# SPDX-License-Identifier: Apache-2.0
"""``ugr ls``: list a directory of the namespace, as an administrator: without asking for rights."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ugr.call import Call
from ugr.cli.asking import GRACE, call_of, lfn, started
from ugr.cli.exits import Exit
from ugr.cli.output import UNKNOWN, show, show_json, warn, when
from ugr.config.faults import printable
from ugr.errors import NotADirectory
from ugr.federation.answers import Listing
from ugr.model import FileInfo

if TYPE_CHECKING:
    from ugr.app import Runtime

NAME = "ls"
HELP = "list a directory of the namespace"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the path and the layout."""
    parser.add_argument("path", nargs="?", default="/", help="path in the namespace (default: /)")
    parser.add_argument("-l", "--long", action="store_true", help="with size and time of the last change")
    parser.add_argument("-U", "--unsorted", action="store_true", help="as the endpoints answer, without waiting")


def run(arguments: argparse.Namespace) -> int:
    """List; a file is listed as itself. The exit code says whether the listing is complete."""
    path = lfn(arguments.path)
    with started(arguments) as runtime:
        seconds = runtime.settings.ugr.listing_deadline
        call = call_of(seconds)
        try:
            listing = runtime.loop.run(runtime.operator.list(path, call), seconds + GRACE)
        except NotADirectory:
            located = runtime.loop.run(runtime.operator.stat(path, call), seconds + GRACE)
            if arguments.json:
                show_json({"path": located.path, "entries": [located.info]})
            else:
                show(line_of(located.info, arguments.long))
            return Exit.OK
        batches = _batches(runtime, listing, call)
        if arguments.unsorted and not arguments.json:
            for batch in batches:
                show("\n".join(line_of(info, arguments.long) for info in batch))
        else:
            entries = sorted((info for batch in batches for info in batch), key=lambda info: info.name)
            if arguments.json:
                show_json(describe(listing, entries))
            elif entries:
                show("\n".join(line_of(info, arguments.long) for info in entries))
    lacks = shortfalls(listing)
    for line in lacks:
        warn(line)
    return Exit.UNAVAILABLE if lacks else Exit.OK


def _batches(runtime: Runtime, listing: Listing, call: Call) -> Iterator[list[FileInfo]]:
    """Yield the batches of a listing; the terminal may be slow without holding up the event loop."""
    batches = listing.batches()

    async def advance() -> list[FileInfo] | None:
        return await anext(batches, None)

    try:
        while (batch := runtime.loop.run(advance(), call.remaining() + GRACE)) is not None:
            yield batch
    finally:
        runtime.loop.run(listing.aclose(), GRACE)


def describe(listing: Listing, entries: Iterable[FileInfo]) -> dict[str, object]:
    """Return a listing as JSON shows it."""
    return {
        "path": listing.path,
        "entries": entries,
        "missing": listing.shortfall.missing,
        "truncated": listing.shortfall.truncated,
        "unasked": listing.unasked,
    }


def shortfalls(listing: Listing) -> list[str]:
    """Say what a listing lacks, a line for each endpoint."""
    return [
        *(f"not complete: endpoint {name} was not asked, it is down" for name in listing.unasked),
        *(
            f"not complete: endpoint {name} is missing: {reason}"
            for name, reason in listing.shortfall.missing.items()
            if name not in listing.unasked
        ),
        *(
            f"not complete: endpoint {name} has more than the {count} entries that were taken"
            for name, count in listing.shortfall.truncated.items()
        ),
    ]


def line_of(info: FileInfo, long: bool) -> str:
    """Return the line of one entry; a directory ends in "/". ``long`` adds bytes and last change before it."""
    name = printable(f"{info.name}/" if info.directory else info.name)
    if not long:
        return name
    bytes_ = UNKNOWN if info.size is None else str(info.size)
    return f"{bytes_:>15}  {when(info.mtime):20}  {name}"
