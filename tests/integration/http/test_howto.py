# SPDX-License-Identifier: Apache-2.0
"""What the page about web servers says, on a real nginx."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.blocks import DOCS, blocks
from tests.docs.shell import Howto
from tests.servers.nginx import Nginx
from tests.servers.process import HOST, free_port
from tests.servers.ugr import ask

PAGE = DOCS / "howto/store-http.rst"


class Server:
    """The page's server, configured as the page says; and below /closed, one that wants a password."""

    def __init__(self, place: Path) -> None:
        (place / "srv/data/raw").mkdir(parents=True)
        (place / "srv/data/raw/run-1.dat").write_bytes(b"x" * 1000)
        self.probe = place / "srv/data/.ugr-probe"
        self.probe.touch()
        (location,) = (block.text for block in blocks("nginx") if block.page == PAGE)
        port = free_port()
        self.url = f"http://{HOST}:{port}"
        text = (
            f"server {{ listen {HOST}:{port};\n{location.replace('/srv', f'{place}/srv')}\n"
            "location /closed { auth_basic x; auth_basic_user_file /dev/null; }\n"
            "location /denied { deny all; } }"
        )
        self.nginx = Nginx(place, text, port=port, name="nginx-howto")
        self.howto = Howto(PAGE, place, {"https://www.example.org": self.url})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start nginx."""
    made = Server(tmp_path_factory.mktemp("howto-http"))
    with made.nginx:
        yield made


def test_the_answers_are_those_that_the_page_shows(server: Server) -> None:
    assert server.howto.follow({"the server is well": server.probe.touch}) == 3


def test_clients_get_the_bytes_from_the_server(server: Server) -> None:
    with server.howto.served() as ugr:
        location = ugr.ask("/fed/atlas/raw/run-1.dat").location
    assert location == f"{server.url}/data/raw/run-1.dat"
    assert ask(location).body == b"x" * 1000


def test_what_the_page_says_of_refusals_is_what_is_said(server: Server) -> None:
    said = [server.howto.reason(url=f"{server.url}/{place}") for place in ("closed", "denied")]
    said.append(server.howto.reason(url=f"{server.url}/denied", probe=None))
    server.probe.unlink()
    said.append(server.howto.reason())
    server.probe.touch()

    assert [reason for reason in said if not reason or reason not in server.howto.reasons] == []
