# SPDX-License-Identifier: Apache-2.0
"""The contract, clause by clause, and servers that misbehave.

Knows: a storage to ask, and how to make it fail. Refuses to know: how the endpoint does it.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from json import dumps
from os.path import exists
from pathlib import Path
from urllib.parse import unquote

import pytest
from ugr.plugin import Call, NotFound, Secret, UgrError, Url
from ugr.testing import DirectoryStore, DrunkServer, EndpointSuite
from ugr.testing.drunk import BEHAVIOURS, Exchange, Served

from ugr_example import ExampleEndpoint, ExampleOptions

TOKEN = "an example of a token"


class WebStore(DirectoryStore):
    """The storage under test: a directory, and a web server that gives it out. Put yours in its place."""

    def __init__(self, root: Path, server: DrunkServer) -> None:
        super().__init__(root)
        self.server = server
        self.up()

    def answer(self, exchange: Exchange) -> None:
        """Answer one request as nginx does."""
        file = Path(f"{self.root}{unquote(exchange.seen.path)}")
        if not exists(file):
            exchange.good(Served(status=404))
        elif file.is_dir() and not exchange.seen.path.endswith("/"):
            exchange.good(Served(status=301, headers=(("Location", f"{exchange.seen.path}/"),)))
        elif file.is_dir():
            exchange.good(Served(dumps([described(entry) for entry in file.iterdir()]).encode()))
        else:
            exchange.good(Served(file.read_bytes(), headers=(("Last-Modified", changed(file)),)))

    def up(self) -> None:
        """End all trouble."""
        self.server.sober_up()
        self.server.behave(self.answer)

    def down(self) -> None:
        """Refuse connections."""
        self.server.refuse()

    def hang(self) -> None:
        """Accept, and answer nothing."""
        self.server.behave("silent")

    def deny(self) -> None:
        """Refuse whatever the endpoint shows."""
        self.server.behave("unauthorized")

    def garble(self) -> None:
        """Answer with something that is not HTTP."""
        self.server.behave("garbage-status")


def described(entry: Path) -> dict[str, object]:
    """Return what nginx writes of one entry of a directory."""
    if entry.is_dir():
        return {"name": entry.name, "type": "directory", "mtime": changed(entry)}
    return {"name": entry.name, "type": "file", "mtime": changed(entry), "size": entry.stat().st_size}


def changed(entry: Path) -> str:
    """Return when a file was changed, as HTTP says it."""
    return format_datetime(datetime.fromtimestamp(entry.stat().st_mtime, UTC), usegmt=True)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[WebStore]:
    """Give the storage."""
    with DrunkServer() as server:
        yield WebStore(tmp_path, server)


@pytest.fixture
def endpoint(store: WebStore) -> ExampleEndpoint:
    """Give the endpoint, not opened."""
    options = ExampleOptions(url=Url(store.server.url), token=Secret(literal=TOKEN))
    return ExampleEndpoint("web", options)


class TestExampleEndpoint(EndpointSuite):
    """The contract; a failing test ends with the clause that is broken."""


@pytest.mark.parametrize("behaviour", sorted(BEHAVIOURS))
def test_only_not_found_says_that_a_name_is_missing(
    store: WebStore,
    endpoint: ExampleEndpoint,
    behaviour: str,
) -> None:
    store.server.serve("/", b"[]")
    store.server.serve("/file", b"the bytes")
    store.server.behave(behaviour)
    endpoint.open()
    found = outcome(lambda: endpoint.stat("/file", Call.until(0.2)))
    listed = outcome(lambda: list(endpoint.list("/", Call.until(0.2))))
    endpoint.close()

    assert isinstance(found, NotFound) == (behaviour == "not-found")
    assert isinstance(listed, NotFound) == (behaviour == "not-found")
    assert isinstance(listed, UgrError) or listed == []


def outcome(question: Callable[[], object]) -> object:
    """Return an answer, or the error of the contract that came instead."""
    try:
        return question()
    except UgrError as error:
        return error
