# SPDX-License-Identifier: Apache-2.0
"""The options that every endpoint has, and how a plugin declares its own.

A plugin's ``Options`` is a frozen, keyword-only dataclass that derives from ``EndpointOptions``;
each field is one option: its annotation is the type, ``option(...)`` gives default and help. That
one declaration is the parser, the documentation and the typed access.
"""

from __future__ import annotations

from dataclasses import dataclass

from ugr.config.declare import option
from ugr.config.types import Duration, Url, Words
from ugr.model import Position

__all__ = ["EndpointOptions", "option"]


@dataclass(frozen=True, kw_only=True)
class EndpointOptions:
    """What an administrator may write for any endpoint, whatever its type."""

    url: Url | None = option(None, help="Where ugr itself reaches the storage.", example="https://s3.cern.ch/atlas")
    public_url: Url | None = option(
        None, help="Where clients reach the storage, when that differs from url.", example="https://s3.cern.ch/atlas"
    )
    mount: Words = option(
        ("/",),
        help="Where the endpoint appears in the federation: one or more prefixes, each optionally followed by "
        "=/path, the directory of the endpoint that appears there.",
        example="/atlas /belle2=/data/belle",
    )
    multiply: Words = option(
        (),
        help="Directories of the endpoint below which a path may be; each is asked for it, and the first that has it "
        "counts. Listings show them as one.",
        example="/disk1 /disk2",
    )
    names: str = option(
        "plain",
        help="How files are named below a mount. plain: as in the federation; rucio: with the hash of Rucio's "
        "deterministic storages, scope/name as scope/11/b4/name, and the endpoint is not asked for listings whatever "
        "listable says, because the hash cannot be undone.",
        choices=("plain", "rucio"),
    )
    role: str = option(
        "storage",
        help="storage: it has files; catalogue: it only names copies that are on other endpoints, which are then asked "
        "for them.",
        choices=("storage", "catalogue"),
    )
    only_named: bool = option(
        False, help="Whether this endpoint is asked only for copies that a catalogue names, and for listings."
    )
    aliases: Words = option(
        (),
        help="Further URLs by which catalogues name this endpoint's root, besides url and public_url; any scheme.",
        example="srm://se.example.org:8446/srm/managerv2?SFN=/dpm/example.org/home",
    )
    position: Position | None = option(
        None,
        help="Latitude and longitude in degrees. Without it the host of public_url (or url) is looked up in the "
        "GeoIP database.",
        example="46.23, 6.05",
    )
    weight: float = option(1.0, help="Share of clients among equally placed endpoints; 0 is last resort.", minimum=0)
    readable: bool = option(True, help="Whether clients may be sent here to read.")
    listable: bool = option(True, help="Whether this endpoint is asked for listings.")
    writable: bool = option(False, help="Whether anything may be changed here.")
    absence: str | None = option(
        None,
        help="strict: while this endpoint is known to be down, a name that the others do not have is unknown (503); "
        "lenient: it is absent (404). The default is that of [ugr].",
        choices=("strict", "lenient"),
    )
    url_lifetime: Duration | None = option(
        None,
        help="How long a signed URL given to a client is good for. The default is that of [ugr].",
        example="1h",
        minimum=1,
    )
    connect_timeout: Duration = option(
        Duration(1.0), help="Longest time to open a connection, TLS included.", minimum=0.01
    )
    timeout: Duration = option(Duration(3.0), help="Longest time for one question to this endpoint.", minimum=0.01)
    max_questions: int = option(
        64, help="Questions asked of this endpoint at the same time; more wait their turn.", minimum=1
    )
    max_entries: int = option(
        1_000_000, help="Entries taken from one directory; more are cut off with a word.", minimum=1
    )

    def __post_init__(self) -> None:
        if self.names == "rucio":
            object.__setattr__(self, "listable", False)
