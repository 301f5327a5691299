# SPDX-License-Identifier: Apache-2.0
"""Temporary key pairs with a session token, given out by the storage, and their renewal."""

from __future__ import annotations

import pytest

from tests.integration.opened import Fetched
from ugr.plugin import Intent, PermissionDenied, Secret, Unauthenticated


@pytest.fixture
def file(site):
    here = site()
    here.put("d/file 1", b"data")
    return here


def test_temporary_keys_ask_and_sign(site, file, ceph):
    access_key, secret_key, token = ceph.session_keys()
    here = site(
        url=ceph.session_gateway.url,
        container=file.container,
        access_key=access_key,
        secret_key=Secret(literal=secret_key),
        session_token=Secret(literal=token),
    )
    assert here.ask("stat", "/d/file 1").size == 4
    assert [info.name for info in here.list("/d")] == ["file 1"]
    here.ask("copy", "/d/file 1", "/d/file 2", False)
    assert Fetched(here.redirect("/d/file 2").url).body == b"data"
    assert Fetched(here.redirect("/new", Intent.PUT).url, "PUT", b"new").status == 200
    assert sorted(file.objects()) == ["d/file 1", "d/file 2", "new"]
    url = here.redirect("/d/file 1").url
    before, _, rest = url.partition("&X-Amz-Security-Token=")
    assert Fetched(f"{before}&{rest.partition('&')[2]}").status == 403


def test_a_pair_that_is_renewed_in_its_files_is_used_from_then_on(site, file, ceph, tmp_path):
    parts = {name: tmp_path / name for name in ("access_key_id", "secret_key", "session_token")}
    for part in parts.values():
        part.write_text("old")
    secrets = {name: Secret(file=str(part)) for name, part in parts.items()}
    here = site(url=ceph.session_gateway.url, container=file.container, access_key=None, **secrets)
    old = here.redirect("/d/file 1").url
    with pytest.raises((Unauthenticated, PermissionDenied)):
        here.ask("stat", "/d/file 1")
    for part, text in zip(parts.values(), ceph.session_keys(), strict=True):
        part.write_text(text)
    for secret in secrets.values():
        assert secret.reload()
    assert here.ask("stat", "/d/file 1").size == 4
    assert Fetched(old).status == 403
    assert Fetched(here.redirect("/d/file 1").url).body == b"data"


def test_a_session_token_that_the_storage_did_not_make_is_refused(site, file, ceph):
    access_key, secret_key, token = ceph.session_keys()
    keys = {"url": ceph.session_gateway.url, "access_key": access_key, "secret_key": Secret(literal=secret_key)}
    for wrong in (Secret(literal=f"{token[:-8]}AAAAAAA="), None):
        with pytest.raises((Unauthenticated, PermissionDenied)):
            site(container=file.container, **keys, session_token=wrong).ask("stat", "/d/file 1")
