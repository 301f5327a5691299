# SPDX-License-Identifier: Apache-2.0
"""Tokens: had, renewed before they end, and had anew when the storage refuses them.

The storage and its tempauth are real. Keystone is a stand-in, whose tokens the real storage takes.
"""

from __future__ import annotations

import time

import pytest

from tests.integration.opened import Fetched
from tests.servers.keystone import Keystone
from tests.servers.swift import HASTY
from ugr.plugin import EndpointError, Secret, Unauthenticated


@pytest.fixture
def file(site):
    here = site()
    here.put("file")
    return here


@pytest.fixture(scope="module")
def brief(swift):
    """Return the URL of a proxy whose tokens live for two seconds."""
    return swift.another_proxy(token_life=2)


@pytest.fixture
def keystone(swift):
    with Keystone(swift) as authority:
        yield authority


def by_keystone(keystone: Keystone, **more: object) -> dict[str, object]:
    return {
        "auth": "keystone",
        "auth_url": keystone.url,
        "user": keystone.user,
        "key": Secret(literal=keystone.password),
        "project": keystone.project,
        **more,
    }


def test_a_token_of_tempauth_is_renewed_before_it_ends(site, file, swift):
    here = site(container=file.container)
    assert 0 < here.refresh() <= 86400 - 300
    assert here.methods == ["GET"]
    assert here.ask("stat", "/file").size == 1
    assert here.methods == ["HEAD"]


def test_a_token_that_ended_is_had_anew_without_the_client_noticing(site, file, brief, swift):
    here = site(
        container=file.container,
        auth_url=f"{brief}/auth/v1.0",
        url=swift.storage_url.replace(swift.url, brief),
        user=HASTY,
    )
    for _ in range(3):
        assert here.ask("stat", "/file").size == 1
        time.sleep(1.1)
    assert here.methods.count("GET") >= 2


def test_the_storage_url_is_the_one_that_tempauth_names(site, file, swift):
    here = site(container=file.container, url=None)
    assert here.ask("stat", "/file").size == 1
    assert here.redirect("/file").url.startswith(f"{swift.storage_url}/{file.container}/file?")
    assert Fetched(here.redirect("/file").url).body == b"x"


def test_keystones_token_opens_the_storage_that_its_catalog_names(site, file, keystone, swift):
    here = site(container=file.container, **by_keystone(keystone, url=None))
    assert here.ask("stat", "/file").size == 1
    assert here.names() == {"file"}
    assert Fetched(here.redirect("/file").url).body == b"x"
    assert keystone.granted == 1


def test_keystones_token_is_renewed_by_the_length_of_its_life(site, file, keystone):
    here = site(container=file.container, **by_keystone(keystone))
    assert here.refresh() == pytest.approx(3300, abs=5)
    keystone.life = 50
    again = site(container=file.container, **by_keystone(keystone))
    assert again.refresh() == pytest.approx(40, abs=2)


def test_keystones_token_that_was_revoked_is_had_anew(site, file, keystone, swift, brief):
    # it says that it lives for an hour, and ends after two seconds
    with Keystone(swift, f"{brief}/auth/v1.0", HASTY) as lying:
        here = site(container=file.container, **by_keystone(lying))
        assert here.ask("stat", "/file").size == 1
        time.sleep(2.5)
        assert here.ask("stat", "/file").size == 1
        assert here.ask("stat", "/file").size == 1
        assert lying.granted == 2


def test_a_wrong_password_is_told_and_not_shown(site, file, keystone):
    wrong = site(container=file.container, **by_keystone(keystone, key=Secret(literal="not the password")))
    with pytest.raises(Unauthenticated, match="check user, key, project and their domains") as caught:
        wrong.ask("health")
    assert "not the password" not in str(caught.value)
    with pytest.raises(Unauthenticated):
        wrong.refresh()


def test_a_region_that_the_catalog_does_not_have_is_told(site, file, keystone):
    lost = site(container=file.container, **by_keystone(keystone, url=None, region="two"))
    with pytest.raises(EndpointError, match="no public object-store in region two"):
        lost.ask("health")
