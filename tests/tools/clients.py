# SPDX-License-Identifier: Apache-2.0
"""Write ``docs/reference/clients.rst`` from what a run of ``tests/clients`` found.

Knows: the form of ``build/clients.json``, and how it is laid out as a page. Refuses to know: clients,
storages, how they are run.

``clients.py`` writes the page. A run fails when the page says something else than it found; versions
are only noted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "build" / "clients.json"
PAGE = ROOT / "docs" / "reference" / "clients.rst"

VERSIONS = "\nVersions\n--------\n"
"""Where the part of the page begins that another machine may well see otherwise."""


@dataclass
class Found:
    """What a run has found so far.

    ``stores`` are the storages, each with its type and what it is; ``clients`` the commands; ``notes``
    what there is to say of one, as why it cannot do what it is for; ``costs`` the number of names in a
    directory for which a command had each storage asked for one listing, and nothing about a file (None:
    not tried yet); ``works`` the storages that each command was tried with, and whether it does what it
    is for; ``calls`` the command lines; ``versions`` those of clients and servers.
    """

    stores: dict[str, list[str]]
    clients: list[str]
    notes: dict[str, str]
    costs: dict[str, int | None]
    works: dict[str, dict[str, bool]] = field(default_factory=dict)
    calls: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether everything was tried."""
        tried = all(set(self.works.get(command, ())) == set(self.stores) for command in self.clients)
        return tried and None not in self.costs.values()

    def write(self) -> None:
        """Keep it for whoever writes the page."""
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


HEAD = """\
Clients
=======

Which clients read what is on which storage, through one federation of them all. Real clients and real storages
wrote this page (``tests/clients``, ``tests/tools/clients.py``): each ``yes`` stands for a file that is on that storage
alone, under a name with spaces, a percent sign, an ampersand and an accent, and that was listed with its size, or
fetched or compared byte by byte.

"""

PROOF = """
XRootD wants a grid proxy of its clients. The federation does not ask for one; it sends them to the storage, and they
show it there. Who has none gets the storage's 403. The other storages are open, or take the signature in the URL.

Any two of the storages are one directory where both have it, and a file that both have is one file of two copies.
"""

CALLS = """
How they were called
--------------------

.. code-block:: text

"""

COSTS = """
What a directory costs
----------------------

Sizes and times of all files come with the listing. So each storage is asked for its names once, and about no file;
counted in the logs of Ceph, Apache and nginx.

"""


def render(found: Found) -> str:
    """Return the page."""
    header = ["Command", *(f"``{kind}``: {what}" for kind, what in found.stores.values())]
    rows = [_row(found, command) for command in found.clients]
    costs = [[f"``{command}``", str(names), "1", "0"] for command, names in found.costs.items()]
    calls = [f"   {found.calls[command]}\n" for command in found.clients]
    notes = [f".. [{number}] {note}\n" for number, note in enumerate(_notes(found), 1)]
    return "".join(
        (
            HEAD,
            _table("Commands and storages", header, rows),
            "\n",
            *notes,
            PROOF,
            CALLS,
            *calls,
            COSTS,
            _table(
                "Questions to each storage",
                ["Command", "Names in the directory", "Listings", "Questions about one file"],
                costs,
            ),
            VERSIONS,
            "\nThose with which the tables were made.\n\n",
            _table("", ["What", "Version"], found.versions.items()),
        )
    )


def told(page: str) -> str:
    """Return the part of a page that every run must find the same."""
    return page.partition(VERSIONS)[0]


def _row(found: Found, command: str) -> Iterable[str]:
    yield f"``{command}``{_mark(found, command)}"
    for store in found.stores:
        yield "yes" if found.works[command][store] else "no"


def _notes(found: Found) -> list[str]:
    """Return the notes, each once, in the order of the commands."""
    return list(dict.fromkeys(found.notes[command] for command in found.clients if command in found.notes))


def _mark(found: Found, command: str) -> str:
    return f" [{_notes(found).index(found.notes[command]) + 1}]_" if command in found.notes else ""


def _table(title: str, header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [f".. list-table:: {title}".rstrip(), "   :header-rows: 1", ""]
    for row in (header, *rows):
        lines += [f"   {'* -' if number == 0 else '  -'} {cell}" for number, cell in enumerate(row)]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page; return an exit status."""
    try:
        found = Found(**json.loads(RESULTS.read_text(encoding="utf-8")))
    except FileNotFoundError:
        print(f"clients: no {RESULTS.relative_to(ROOT)}; run tests/clients first", file=sys.stderr)
        return 1
    if not found.whole:
        print("clients: the last run tried only some of the clients; the page stays as it is", file=sys.stderr)
        return 1
    PAGE.write_text(render(found), encoding="utf-8")
    print(f"clients: wrote {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
