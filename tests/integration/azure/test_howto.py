# SPDX-License-Identifier: Apache-2.0
"""What the page about Azure containers says, on the emulator, over TLS, with a stand-in for Entra ID."""

from __future__ import annotations

import ssl
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.blocks import DOCS
from tests.docs.shell import Howto
from tests.servers.azurite import Azurite
from tests.servers.entra import CLIENT, TENANT, Entra
from tests.servers.pki import Pki

PAGE = DOCS / "howto/store-azure.rst"


class Storage:
    """The page's container and application."""

    def __init__(self, place: Path, azurite: Azurite, entra: Entra, pki: Pki) -> None:
        self.azurite = azurite
        self.entra = entra
        self.pki = pki
        self.secret = place / "azure-client.secret"
        azurite.container("data")
        azurite.client.get_blob_client("data", "raw/run-1.dat").upload_blob(b"x" * 1000)
        here = {
            "https://atlas.blob.core.windows.net": azurite.url,
            "account = atlas": f"account = {azurite.account}",
            "11111111-2222-3333-4444-555555555555": TENANT,
            "66666666-7777-8888-9999-000000000000": CLIENT,
            "/etc/ugr": str(place),
        }
        self.known()
        self.howto = Howto(PAGE, place, here)
        # what a real account needs nobody to say
        self.howto.configuration += f"authority = {entra.url}\nca_file = {pki.bundle}\n"
        self.howto.file.write_text(self.howto.configuration, encoding="utf-8")

    def known(self) -> None:
        """Use the right secret."""
        self.secret.write_text(self.entra.secret, encoding="utf-8")

    def read(self, url: str) -> bytes:
        """Read a URL as a client does."""
        context = ssl.create_default_context(cafile=str(self.pki.bundle))
        with urllib.request.urlopen(url, timeout=20, context=context) as answer:
            data: bytes = answer.read()
        return data


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    """Start the emulator, and the authority."""
    pki = Pki(tmp_path_factory.mktemp("pki"))
    with Azurite(pki) as azurite, Entra(pki.host) as entra:
        azurite.connect(connection_verify=str(pki.bundle))
        yield Storage(tmp_path_factory.mktemp("howto-azure"), azurite, entra, pki)


def test_the_answers_are_those_that_the_page_shows(storage: Storage) -> None:
    assert storage.howto.follow({"the roles are given": storage.known}, elsewhere=("az ", "ACCOUNT=")) == 2


def test_clients_need_nothing_but_the_url(storage: Storage) -> None:
    with storage.howto.served() as ugr:
        location = ugr.ask("/fed/atlas/raw/run-1.dat").location
    assert storage.read(location) == b"x" * 1000


def test_what_the_page_says_of_refusals_is_what_is_said(storage: Storage) -> None:
    application = {"tenant": None, "client_id": None, "client_secret_file": None}
    key = storage.secret.with_name("azure.key")
    key.write_text("d3Jvbmc=", encoding="utf-8")
    said = [
        storage.howto.reason(container="missing"),
        storage.howto.reason(account_key_file=key, **application),
    ]
    key.write_text(storage.azurite.key, encoding="utf-8")
    assert storage.howto.reason(account_key_file=key, **application) == ""
    storage.secret.write_text("wrong", encoding="utf-8")
    said.append(storage.howto.reason())
    storage.known()

    assert [reason for reason in said if not reason or reason not in storage.howto.reasons] == []
