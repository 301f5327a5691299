# SPDX-License-Identifier: Apache-2.0
"""Options that cannot work together are refused at the start, all at once, with a remedy."""

from __future__ import annotations

import pytest
from ugr_swift import SwiftEndpoint, ugr_endpoint_types
from ugr_swift.options import SwiftOptions

from ugr.config.faults import Faults
from ugr.config.reader import parse
from ugr.plugin import (
    BadRequest,
    Call,
    ConfigError,
    Duration,
    Intent,
    IsADirectory,
    Secret,
    Transfer,
    Unavailable,
    Unsupported,
)
from ugr.plugin.loader import build

URL = "https://swift.example.org/v1/AUTH_atlas"
TEMPAUTH = {
    "auth": "tempauth",
    "auth_url": "https://swift.example.org/auth/v1.0",
    "user": "atlas:ugr",
    "key": Secret(literal="a key of forty characters"),
}
KEYSTONE = TEMPAUTH | {"auth": "keystone", "auth_url": "https://keystone.example.org/v3", "project": "atlas"}


def options(**written: object) -> SwiftOptions:
    return SwiftOptions(**({"url": URL, "container": "data"} | written))


def redirect(written: dict[str, object], intent: Intent = Intent.GET, path: str = "/d/a b"):
    return SwiftEndpoint("os", options(**written), clock=lambda: 1000.0).redirect(
        path, intent, Transfer(), Call.until(1)
    )


def test_the_plugin_offers_one_type():
    assert [cls.type for cls in ugr_endpoint_types()] == ["swift"]


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ({"container": "a/b"}, "container = a/b: is not a container's name"),
        ({"container": ""}, "is not a container's name"),
        ({"container": "ü" * 129}, "is not a container's name"),
        ({"url": None}, "url: must be written when auth = none"),
        ({"user": "ugr"}, "write auth = tempauth or auth = keystone"),
        ({"auth": "tempauth"}, "auth = tempauth: needs auth_url, user, key_file too"),
        (TEMPAUTH | {"key": None}, "auth = tempauth: needs key_file too"),
        (KEYSTONE | {"project": None}, "auth = keystone: needs project too"),
        (TEMPAUTH | {"user": "a\tb"}, "user: must be printable ASCII"),
        ({"prefix": "/a//b"}, "must not have empty, . or .. components"),
    ],
)
def test_options_that_cannot_work_are_refused_in_words(written, fault):
    with pytest.raises(ConfigError, match="endpoint=os") as caught:
        SwiftEndpoint("os", options(**written))
    assert fault in caught.value.message


def test_all_faults_are_told_at_once():
    with pytest.raises(ConfigError) as caught:
        SwiftEndpoint("os", options(container="/", url=None, prefix="/.."))
    for option in ("container = /: ", "url: ", "prefix = /..: "):
        assert option in caught.value.message


@pytest.mark.parametrize("written", [{}, TEMPAUTH, KEYSTONE, TEMPAUTH | {"url": None}, {"prefix": "data/run 2"}])
def test_sound_options_are_taken(written):
    assert SwiftEndpoint("os", options(**written)).options.container == "data"


CONFIGURATION = """
[endpoint:os]
type = swift
url = https://inside.example.org/v1/AUTH_atlas/
public_url = https://public.example.org/v1/AUTH_atlas
container = data
prefix = /data/run 1
auth = keystone
auth_url = https://keystone.example.org:5000/v3
user = ugr
key_file = {directory}/key
project = atlas
temp_url_key_file = {directory}/temp-url
temp_url_digest = sha512
url_lifetime = 2h
ca_directory = /etc/grid-security/certificates
"""


def test_the_options_are_what_was_written(tmp_path):
    for name in ("key", "temp-url"):
        (tmp_path / name).write_text("a key of forty characters\n")
    faults = Faults()
    endpoint = build(parse(CONFIGURATION.format(directory=tmp_path)), faults, Duration(600.0))["os"]
    assert faults.lines() == []
    location = endpoint.redirect("/f", Intent.GET, Transfer(), Call.until(1))
    start = "https://public.example.org/v1/AUTH_atlas/data/data/run%201/f?temp_url_sig=sha512:"
    assert location.url.startswith(start)
    assert "forty" not in repr(endpoint.options)


def test_clients_are_sent_to_a_temporary_url_that_says_when_it_expires():
    location = redirect({"temp_url_key": Secret(literal="k"), "url_lifetime": 60.0}, Intent.PUT)
    assert location.url.startswith(f"{URL}/data/d/a%20b?temp_url_sig=")
    assert location.url.endswith("&temp_url_expires=1060")
    assert (location.method, location.expires, location.signed) == (Intent.PUT, 1060.0, True)


def test_without_a_key_clients_are_sent_to_a_plain_url_to_read():
    location = redirect({}, Intent.HEAD)
    assert (location.url, location.signed, location.expires) == (f"{URL}/data/d/a%20b", False, None)
    for intent in (Intent.PUT, Intent.DELETE):
        with pytest.raises(Unsupported, match="temp_url_key"):
            redirect({}, intent)


def test_what_cannot_be_sent_anywhere_is_refused():
    for path, intent, error in (
        ("/", Intent.GET, IsADirectory),
        ("/f", Intent.POST, Unsupported),
        ("/" + "x" * 1025, Intent.GET, BadRequest),
    ):
        with pytest.raises(error):
            redirect({"temp_url_key": Secret(literal="k")}, intent, path)


def test_clients_are_sent_nowhere_before_the_storage_url_is_known():
    with pytest.raises(Unavailable, match="write url"):
        redirect(TEMPAUTH | {"url": None})
    assert redirect(TEMPAUTH | {"url": None, "public_url": URL}).url == f"{URL}/data/d/a%20b"


def test_writing_must_be_allowed():
    assert not SwiftEndpoint("os", options()).capabilities()["delete"]
    granted = SwiftEndpoint("os", options(writable=True)).capabilities()
    assert {verb for verb, has in granted.items() if has} == {
        *("delete", "mkdir", "move", "copy", "checksum", "store_checksum", "usage", "health")
    }
