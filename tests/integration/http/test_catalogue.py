# SPDX-License-Identifier: Apache-2.0
"""A catalogue that speaks metalink names files on a real web server, which says whether they are there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.servers.nginx import Nginx
from tests.servers.process import HOST, free_port
from tests.servers.ugr import Ugr, ask
from ugr.testing import DrunkServer

CONFIGURATION = """
[acl:/]
read = anonymous
list = anonymous
[endpoint:catalogue]
type = http
role = catalogue
url = {catalogue}
metalink = yes
[endpoint:pool]
type = http
url = http://{host}:{port}/pool
aliases = srm://se.example.org:8446/srm/managerv2?SFN=/dpm
only_named = yes
"""

METALINK = """<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="f"><size>4</size>
<hash type="adler32">{adler32}</hash>{urls}</file></metalink>"""


@dataclass(frozen=True)
class Site:
    ugr: Ugr
    catalogue: DrunkServer
    nginx: Nginx

    def name(self, path: str, *urls: str, adler32: str = "044a01a4") -> None:
        body = METALINK.format(adler32=adler32, urls="".join(f"<url>{url}</url>" for url in urls)).encode()
        self.catalogue.serve(path, body, headers={"Content-Type": "application/metalink4+xml"})

    @property
    def pool(self) -> str:
        return f"http://{HOST}:{self.nginx.port}/pool"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    place, port = tmp_path_factory.mktemp("catalogue"), free_port()
    (place / "root" / "pool" / "7").mkdir(parents=True)
    (place / "root" / "pool" / "7" / "xyz").write_text("data", encoding="utf-8")
    server = f"server {{ listen {HOST}:{port}; root {place}/root; }}"
    with DrunkServer() as catalogue, Nginx(place, server, port=port, name="nginx-pool") as nginx:
        text = CONFIGURATION.format(host=HOST, port=port, catalogue=catalogue.url)
        with Ugr(place, text, name="ugr-catalogue") as ugr:
            yield Site(ugr, catalogue, nginx)


def test_a_client_is_sent_to_the_named_copy(site: Site) -> None:
    site.name("/by-url", "https://elsewhere.example.org/f", f"{site.pool}/7/xyz")
    reply = site.ugr.ask("/fed/by-url")

    assert (reply.status, reply.location) == (302, f"{site.pool}/7/xyz")
    assert ask(reply.location).body == b"data"


def test_other_peoples_urls_of_a_storage_are_known(site: Site) -> None:
    site.name("/by-alias", "srm://se.example.org:8446/srm/managerv2?SFN=/dpm//7/xyz")

    assert site.ugr.ask("/fed/by-alias").location == f"{site.pool}/7/xyz"


def test_a_copy_that_is_gone_is_not_found_whatever_the_catalogue_says(site: Site) -> None:
    site.name("/gone", f"{site.pool}/7/gone")

    assert site.ugr.ask("/fed/gone").status == 404


def test_what_no_catalogue_names_is_not_asked_for(site: Site) -> None:
    before = len(site.nginx.requests)

    assert site.ugr.ask("/fed/7/xyz").status == 404
    assert [line for line in site.nginx.requests[before:] if "/7/xyz" in line] == []


def test_the_page_says_who_named_what(site: Site) -> None:
    site.name("/told", f"{site.pool}/7/xyz", "https://elsewhere.example.org/f")
    told = json.loads(site.ugr.ask("/-/locate?path=/told", headers={"Accept": "application/json"}).body)
    answers = {answer["endpoint"]: (answer["result"], answer["reason"]) for answer in told["answers"]}

    assert answers == {"pool": ("found", None), "catalogue": ("named", "copies on pool, and 1 elsewhere")}


def test_a_catalogue_that_is_drunk_makes_no_absence(site: Site) -> None:
    site.catalogue.behave("broken", path="/drunk")

    assert site.ugr.ask("/fed/drunk").status == 503
