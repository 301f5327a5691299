# SPDX-License-Identifier: Apache-2.0
"""Options that cannot work together are refused at the start, all at once, with a remedy."""

from __future__ import annotations

import base64

import pytest
from ugr_azure import AzureEndpoint, ugr_endpoint_types
from ugr_azure.options import AzureOptions

from ugr.config.faults import Faults
from ugr.config.reader import parse
from ugr.plugin import Call, ConfigError, Duration, Intent, Secret, Transfer, Unauthenticated
from ugr.plugin.loader import build

KEY = base64.b64encode(b"sixty-four bytes of a key").decode()

ENTRA = {
    "account_key": None,
    "tenant": "a-tenant",
    "client_id": "a-client",
    "client_secret": Secret(literal="a secret of forty characters"),
}


def options(**written: object) -> AzureOptions:
    given = {
        "url": "https://atlas.blob.core.windows.net",
        "account": "atlas",
        "container": "data",
        "account_key": Secret(literal=KEY),
    }
    return AzureOptions(**(given | written))


def test_the_plugin_offers_one_type():
    assert [cls.type for cls in ugr_endpoint_types()] == ["azure"]


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ({"account": "At-las"}, "account = At-las: is not an account's name"),
        ({"container": "a/b"}, "container = a/b: is not a container's name"),
        ({"container": "Data"}, "is not a container's name"),
        ({"container": "a--b"}, "is not a container's name"),
        ({"container": "x" * 64}, "is not a container's name"),
        ({"account_key": None}, "account_key_file: is missing; write it, or tenant"),
        ({"tenant": "a"}, "write either it, or tenant, client_id and client_secret_file"),
        ({"account_key": None, "tenant": "a"}, "client_id and client_secret_file: must be written"),
        (ENTRA | {"tenant": "a/b"}, "tenant = a/b: is not an id"),
        (ENTRA | {"url": "http://127.0.0.1/atlas"}, "url = http://127.0.0.1/atlas: must be https"),
        (ENTRA | {"authority": "http://127.0.0.1"}, "authority = http://127.0.0.1: must be https"),
        (ENTRA | {"url_lifetime": 6.5 * 86400}, "url_lifetime: must be at most 6d with Entra ID"),
        ({"prefix": "/a//b"}, "must not have empty, . or .. components"),
    ],
)
def test_options_that_cannot_work_are_refused_in_words(written, fault):
    with pytest.raises(ConfigError, match="endpoint=ms") as caught:
        AzureEndpoint("ms", options(**written))
    assert fault in caught.value.message


def test_all_faults_are_told_at_once():
    with pytest.raises(ConfigError) as caught:
        AzureEndpoint("ms", options(account="!", container="!", account_key=None))
    for option in ("account = !: ", "container = !: ", "account_key_file: "):
        assert option in caught.value.message


@pytest.mark.parametrize("written", [{"container": "$web"}, {"prefix": "data/run 2"}, ENTRA, {"url_lifetime": 1e7}])
def test_sound_options_are_taken(written):
    assert AzureEndpoint("ms", options(**written)).options.account == "atlas"


CONFIGURATION = """
[endpoint:ms]
type = azure
url = https://atlas.blob.core.windows.net/
public_url = https://public.example.org
account = atlas
container = data
prefix = /data/run 1
account_key_file = {directory}/key
url_lifetime = 2h
ca_directory = /etc/grid-security/certificates
"""


def configured(text: str) -> tuple[AzureEndpoint | None, list[str]]:
    faults = Faults()
    endpoints = build(parse(text), faults, Duration(600.0))
    return endpoints.get("ms"), faults.lines()


def test_the_options_are_what_was_written(tmp_path):
    (tmp_path / "key").write_text(f"{KEY}\n")
    endpoint, faults = configured(CONFIGURATION.format(directory=tmp_path))
    assert faults == []
    assert (endpoint.options.url, endpoint.options.prefix) == ("https://atlas.blob.core.windows.net", "/data/run 1")
    location = endpoint.redirect("/f", Intent.PUT, Transfer(), Call.until(1))
    assert location.url.startswith("https://public.example.org/data/data/run%201/f?st=")
    assert "&sp=cw&spr=https&sv=" in location.url
    assert location.headers == (("x-ms-blob-type", "BlockBlob"),)
    assert location.signed


def test_a_secret_written_into_the_configuration_is_refused_and_not_repeated(tmp_path):
    (tmp_path / "key").write_text(KEY)
    text = CONFIGURATION.format(directory=tmp_path).replace("account_key_file", "account_key")
    _, faults = configured(text.replace(f"{tmp_path}/key", "forty characters"))
    assert any("account_key_file = /path" in fault for fault in faults)
    assert not any("forty" in fault for fault in faults)


def test_no_secret_is_in_the_representation():
    assert KEY not in repr(options())
    assert "forty" not in repr(options(**ENTRA))


def test_a_key_that_is_not_base64_signs_nothing_and_is_not_shown():
    endpoint = AzureEndpoint("ms", options(account_key=Secret(literal="not a key!")))
    with pytest.raises(Unauthenticated, match="account_key is not base64") as caught:
        endpoint.redirect("/f", Intent.GET, Transfer(), Call.until(1))
    assert "not a key!" not in str(caught.value)


def test_writing_must_be_allowed():
    assert not AzureEndpoint("ms", options()).capabilities()["delete"]
    granted = AzureEndpoint("ms", options(writable=True)).capabilities()
    assert {verb for verb, has in granted.items() if has} == {
        *("delete", "mkdir", "move", "copy", "checksum", "store_checksum", "health")
    }
