# SPDX-License-Identifier: Apache-2.0
"""Options that cannot work together are refused at the start, all at once, with a remedy."""

from __future__ import annotations

import pytest
from ugr_s3 import S3Endpoint, ugr_endpoint_types
from ugr_s3.options import S3Options

from ugr.plugin import ConfigError, Secret


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
    with pytest.raises(ConfigError, match=r"\[endpoint:cern\]") as caught:
        S3Endpoint("cern", options(**written))
    assert fault in str(caught.value)


def test_all_faults_are_told_at_once():
    with pytest.raises(ConfigError) as caught:
        S3Endpoint("cern", options(bucket="a/b", region="!", access_key=None))
    assert len(caught.value.message.splitlines()) == 3


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


def test_no_secret_is_in_the_representation():
    assert "forty" not in repr(options(session_token=Secret(literal="a token of forty characters")))


def test_writing_must_be_allowed():
    assert not S3Endpoint("cern", options()).capabilities()["delete"]
    granted = S3Endpoint("cern", options(writable=True)).capabilities()
    assert {verb for verb, has in granted.items() if has} == {"delete", "mkdir", "move", "copy", "checksum", "health"}
