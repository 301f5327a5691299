# SPDX-License-Identifier: Apache-2.0
"""Options that cannot work together are refused, all at once, with a remedy."""

from __future__ import annotations

import pytest
from ugr_dav import DavEndpoint, ugr_endpoint_types
from ugr_dav.options import DavOptions

from ugr.plugin import Call, ConfigError, Intent, IsADirectory, Secret, Transfer

SECRET = Secret(literal="secret")


def made(**options) -> DavEndpoint:
    return DavEndpoint("site", DavOptions(**{"url": "https://dav.example.org/data"} | options))


def test_the_type_is_dav():
    assert [cls.type for cls in ugr_endpoint_types()] == ["dav"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"user": "ugr"}, "write both"),
        ({"password": SECRET}, "write both"),
        ({"user": "ugr", "password": SECRET, "token": SECRET}, "leave one out"),
        ({"authentication": "digest"}, "write both, or leave it out"),
        ({"key": SECRET}, "write certificate_file too"),
        ({"certificate": SECRET, "url": "http://dav.example.org"}, "is not https"),
        ({"crls": True}, "write that too"),
        ({"trusted_hosts": ("https://pool.example.org",)}, "is not a host"),
        ({"trusted_hosts": ("*",)}, "is not a host"),
    ],
)
def test_a_fault_names_the_endpoint_and_the_remedy(options, says):
    with pytest.raises(ConfigError) as caught:
        made(**options)
    assert "[endpoint:site]" in caught.value.message
    assert says in caught.value.message
    assert "secret" not in caught.value.message.replace("secrets", "")


def test_all_faults_are_told_at_once():
    with pytest.raises(ConfigError) as caught:
        made(user="ugr", key=SECRET, crls=True)
    assert len(caught.value.message.splitlines()) == 3


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"user": "ugr", "password": SECRET, "authentication": "digest"},
        {"certificate": SECRET, "key": SECRET, "ca_directory": "/etc/grid-security/certificates", "crls": True},
        {"certificate": SECRET, "token": SECRET, "trusted_hosts": ("*.example.org", "10.0.0.1", "[2001:db8::1]")},
    ],
)
def test_what_can_work_together_is_taken(options):
    assert made(**options).options.url == "https://dav.example.org/data"


def test_copies_and_checksums_are_capabilities_that_can_be_taken_away():
    assert made(writable=True).capabilities()["copy"]
    assert not made(writable=False).capabilities()["copy"]
    assert not made(writable=True, copies=False).capabilities()["copy"]
    assert made().capabilities()["checksum"]
    assert not made(checksums=()).capabilities()["checksum"]


def test_clients_are_sent_to_the_public_url_of_that_very_name():
    endpoint = made(public_url="https://www.example.org/atlas")
    location = endpoint.redirect("/a b/100%?.root", Intent.PUT, Transfer(), Call.until(1))
    assert location.url == "https://www.example.org/atlas/a%20b/100%25%3F.root"
    assert (location.method, location.signed, location.expires, location.headers) == (Intent.PUT, False, None, ())
    with pytest.raises(IsADirectory):
        endpoint.redirect("/", Intent.GET, Transfer(), Call.until(1))
