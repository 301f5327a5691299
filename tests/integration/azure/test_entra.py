# SPDX-License-Identifier: Apache-2.0
"""An application of Entra ID instead of the account's key: its delegation keys, checked by the emulator over TLS.

The emulator computes delegation keys and checks signatures with them as Azure does; the authority is
a stand-in that gives tokens with the claims that are looked at.
"""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from ugr_azure.endpoint import AzureEndpoint
from ugr_azure.options import AzureOptions

from tests.integration.opened import NAMES, Opened
from tests.servers.azurite import Azurite
from tests.servers.entra import CLIENT, OBJECT, TENANT, Entra
from tests.servers.pki import Pki
from ugr.plugin import EndpointError, Intent, NotFound, Refused, Secret, Unauthenticated

DATA = b"signed by delegation"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def azurite(pki: Pki) -> Iterator[Azurite]:
    with Azurite(pki) as emulator:
        emulator.connect(connection_verify=str(pki.bundle))
        emulator.container("data")
        yield emulator


@pytest.fixture
def entra(pki: Pki) -> Iterator[Entra]:
    with Entra(pki.host) as authority:
        yield authority


@pytest.fixture
def site(azurite: Azurite, entra: Entra, pki: Pki, loop: Any) -> Iterator[Any]:
    made: list[Opened] = []

    def make(**written: Any) -> Opened:
        given = {
            "url": azurite.url,
            "account": azurite.account,
            "container": "data",
            "tenant": TENANT,
            "client_id": CLIENT,
            "client_secret": Secret(literal=entra.secret),
            "authority": entra.url,
            "ca_file": str(pki.bundle),
            "writable": True,
        }
        made.append(Opened(AzureEndpoint("entra", AzureOptions(**(given | written))), loop))
        return made[-1]

    yield make
    for one in made:
        one.close()


def fetched(pki: Pki, location: Any, body: bytes | None = None) -> tuple[int, bytes]:
    """Use a location as a client would that trusts the test's authority."""
    request = urllib.request.Request(
        location.url, data=body, headers=dict(location.headers), method=location.method.value
    )
    try:
        context = ssl.create_default_context(cafile=str(pki.bundle))
        with urllib.request.urlopen(request, timeout=20, context=context) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_an_application_asks_writes_and_signs(site, entra, pki):
    here = site()
    here.ask("health")
    assert fetched(pki, here.redirect("/d/first", Intent.PUT), DATA)[0] == 201
    assert here.ask("stat", "/d/first").size == len(DATA)
    assert "first" in here.names("/d")
    location = here.redirect("/d/first")
    assert f"&skoid={OBJECT}&sktid={TENANT}&" in location.url
    assert fetched(pki, location) == (200, DATA)
    here.ask("copy", "/d/first", "/d/second", False)
    here.ask("store_checksum", "/d/second", "adler32", "0a1b2c3d")
    here.ask("move", "/d/second", "/d/third", False)
    assert here.ask("checksum", "/d/third", "adler32") == "0a1b2c3d"
    here.ask("mkdir", "/e")
    here.ask("delete", "/e")
    here.ask("delete", "/d/third")
    with pytest.raises(NotFound):
        here.ask("stat", "/d/third")
    assert entra.granted == 1


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_written_and_read_with_a_delegated_signature(site, pki, name):
    here = site()
    here.refresh()
    assert fetched(pki, here.redirect(f"/names/{name}", Intent.PUT), name.encode())[0] == 201
    assert fetched(pki, here.redirect(f"/names/{name}")) == (200, name.encode())


def test_a_url_that_was_tampered_with_is_refused(site, pki, azurite):
    azurite.client.get_container_client("data").upload_blob("secret", b"x", overwrite=True)
    here = site()
    here.refresh()
    location = here.redirect("/other")
    moved = type(location)(location.url.replace("/other?", "/secret?"))
    assert fetched(pki, moved)[0] == 403
    assert fetched(pki, type(location)(here.redirect("/secret").url.replace("skoid=1", "skoid=2")))[0] == 403


def test_the_key_is_renewed_in_the_background(site, entra):
    here = site(url_lifetime=3600.0)
    assert here.refresh() == pytest.approx(6 * 3600, abs=5)
    assert here.refresh() == pytest.approx(6 * 3600, abs=5)
    assert entra.granted == 1


def test_a_wrong_secret_is_told_and_not_shown(site):
    wrong = site(client_secret=Secret(literal="wrong"))
    with pytest.raises(Unauthenticated, match=r"401 invalid_client: check client_id and client_secret"):
        wrong.ask("health")
    with pytest.raises(Unauthenticated):
        wrong.refresh()


def test_a_token_for_another_service_is_refused_by_the_storage(site, entra):
    entra.audience = "https://graph.example.org"
    with pytest.raises(Unauthenticated, match="AuthenticationFailed"):
        site().ask("health")


def test_an_authority_that_nobody_vouches_for_is_not_told_the_secret(site, entra, pki, tmp_path):
    other = Pki(tmp_path / "other", "another CA")
    with pytest.raises(Refused):
        site(ca_file=str(other.bundle)).ask("health")
    assert entra.granted == 0


def test_an_authority_that_is_away_is_an_error_of_the_endpoint(site, entra):
    with pytest.raises(EndpointError):
        site(authority="https://127.0.0.1:9").ask("stat", "/f")
