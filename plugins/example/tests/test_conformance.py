# SPDX-License-Identifier: Apache-2.0
"""The example against the contract, clause by clause, on a real nginx."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from ugr_example import ExampleEndpoint

from tests.servers.nginx import Nginx
from tests.servers.process import HOST, free_port
from tests.servers.relay import Relay
from ugr.config.types import Url
from ugr.plugin import BlockingOptions
from ugr.testing import DirectoryStore, EndpointSuite

SERVER = """
server {{
    listen {host}:{port};
    root {root};
    if (-e {place}/denied) {{ return 403; }}
    location / {{ autoindex on; autoindex_format json; }}
}}
"""


class WebStore(DirectoryStore):
    """The directory behind nginx, and a relay before it."""

    def __init__(self, place: Path, relay: Relay) -> None:
        super().__init__(place / "root")
        self.denied = place / "denied"
        self.relay = relay

    def impossible(self, path: str) -> str | None:
        return "nginx lists no names that start with a dot" if "/." in path else None

    def down(self) -> None:
        self.relay.down()

    def hang(self) -> None:
        self.relay.hang()

    def garble(self) -> None:
        self.relay.garble()

    def deny(self) -> None:
        self.denied.touch()

    def up(self) -> None:
        self.denied.unlink(missing_ok=True)
        self.relay.up()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebStore]:
    place, port = tmp_path_factory.mktemp("nginx"), free_port()
    (place / "root").mkdir()
    server = SERVER.format(host=HOST, port=port, root=place / "root", place=place)
    with Nginx(place, server, port=port, name="nginx-example"), Relay(port) as relay:
        yield WebStore(place, relay)


@pytest.fixture
def endpoint(store: WebStore) -> ExampleEndpoint:
    return ExampleEndpoint("web", BlockingOptions(url=Url(store.relay.url)))


class TestExampleEndpoint(EndpointSuite):
    """The contract; five lines, but for the web server."""
