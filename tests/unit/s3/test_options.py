# SPDX-License-Identifier: Apache-2.0
"""Options that cannot work together are refused at the start, all at once, with a remedy."""

from __future__ import annotations

import pytest
from ugr_s3 import S3Endpoint, ugr_endpoint_types
from ugr_s3.options import S3Options

from ugr.config.faults import Faults
from ugr.config.reader import parse
from ugr.plugin import Call, ConfigError, Duration, Intent, Secret, Transfer
from ugr.plugin.loader import build


def options(**written: object) -> S3Options:
    given = {
        "url": "https://s3.example.org",
        "bucket": "atlas",
        "access_key": "KEY",
        "secret_key": Secret(literal="a secret of forty characters"),
    }
    return S3Options(**(given | written))


def test_the_plugin_offers_one_type():
    assert [cls.type for cls in ugr_endpoint_types()] == ["s3"]


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ({"access_key": None}, "write either access_key or one of access_key_id_file"),
        ({"access_key_id": Secret(literal="KEY")}, "write either access_key or one of access_key_id_file"),
        ({"access_key": "A/B"}, "must not have spaces or slashes"),
        ({"bucket": "a/b"}, "bucket = a/b: is not a bucket's name"),
        ({"bucket": "https://x"}, "is not a bucket's name"),
        ({"region": "eu west"}, "region = eu west: is not a region"),
        ({"bucket": "Upper", "addressing": "virtual"}, "cannot be part of a host name; write addressing = path"),
        ({"bucket": "with.dots", "addressing": "virtual"}, "does not match wildcard certificates"),
        ({"prefix": "/a//b"}, "must not have empty, . or .. components"),
        ({"prefix": "/../b"}, "must not have empty, . or .. components"),
        ({"prefix": "/a\tb"}, "must not have control characters"),
        ({"url_lifetime": 604801.0}, "url_lifetime: must be between 1s and 7d"),
    ],
)
def test_options_that_cannot_work_are_refused_in_words(written, fault):
    with pytest.raises(ConfigError, match="endpoint=cern") as caught:
        S3Endpoint("cern", options(**written))
    assert fault in caught.value.message


def test_all_faults_are_told_at_once():
    with pytest.raises(ConfigError) as caught:
        S3Endpoint("cern", options(bucket="a/b", region="!", access_key=None))
    for option in ("access_key: ", "bucket = a/b: ", "region = !: "):
        assert option in caught.value.message


@pytest.mark.parametrize(
    "written",
    [
        {"prefix": "/"},
        {"prefix": "data/run 2"},
        {"bucket": "tenant:bucket"},
        {"bucket": "with.dots", "addressing": "virtual", "url": "http://s3.example.org"},
        {"access_key": None, "access_key_id": Secret(literal="KEY")},
        {"url_lifetime": 604800.0},
    ],
)
def test_sound_options_are_taken(written):
    assert S3Endpoint("cern", options(**written)).options.region == "us-east-1"


CONFIGURATION = """
[endpoint:cern]
type = s3
url = https://s3.example.org/
public_url = https://public.example.org
bucket = atlas
prefix = /data/run 1
access_key = KEY
secret_key_file = {directory}/secret
session_token_file = {directory}/token
region = eu-west-1
addressing = virtual
url_lifetime = 2h
ca_directory = /etc/grid-security/certificates
"""


def configured(text: str) -> tuple[S3Endpoint | None, list[str]]:
    faults = Faults()
    endpoints = build(parse(text), faults, Duration(600.0))
    return endpoints.get("cern"), faults.lines()


def test_the_options_are_what_was_written(tmp_path):
    (tmp_path / "secret").write_text("a secret of forty characters\n")
    (tmp_path / "token").write_text("a token of forty characters\n")
    endpoint, faults = configured(CONFIGURATION.format(directory=tmp_path))
    assert faults == []
    assert (endpoint.options.url, endpoint.options.prefix) == ("https://s3.example.org", "/data/run 1")
    assert (endpoint.options.secret_key.value, endpoint.options.url_lifetime) == (
        "a secret of forty characters",
        7200.0,
    )
    url = endpoint.redirect("/f", Intent.GET, Transfer(), Call.until(1)).url
    assert url.startswith("https://atlas.public.example.org/data/run%201/f?")
    assert "X-Amz-Expires=7200&" in url
    assert "%2Feu-west-1%2F" in url


def test_the_life_of_urls_is_that_of_the_federation_unless_written(tmp_path):
    (tmp_path / "secret").write_text("a secret of forty characters\n")
    (tmp_path / "token").write_text("a token of forty characters\n")
    text = CONFIGURATION.format(directory=tmp_path).replace("url_lifetime = 2h\n", "")
    endpoint, _ = configured(text)
    assert "X-Amz-Expires=600&" in endpoint.redirect("/f", Intent.GET, Transfer(), Call.until(1)).url


def test_a_secret_written_into_the_configuration_is_refused_and_not_repeated(tmp_path):
    text = CONFIGURATION.format(directory=tmp_path).replace("secret_key_file", "secret_key")
    _, faults = configured(text.replace(f"{tmp_path}/secret", "forty characters"))
    assert any("secret_key_file = /path" in fault for fault in faults)
    assert not any("forty" in fault for fault in faults)


def test_no_secret_is_in_the_representation():
    assert "forty" not in repr(options(session_token=Secret(literal="a token of forty characters")))


def test_writing_must_be_allowed():
    assert not S3Endpoint("cern", options()).capabilities()["delete"]
    granted = S3Endpoint("cern", options(writable=True)).capabilities()
    assert {verb for verb, has in granted.items() if has} == {
        *("delete", "mkdir", "move", "copy", "checksum", "store_checksum", "multipart", "health")
    }
