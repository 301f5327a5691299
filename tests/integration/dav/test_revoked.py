# SPDX-License-Identifier: Apache-2.0
"""Revocation lists: a server whose certificate is on one is not asked."""

from __future__ import annotations

import pytest

from tests.servers.apache import Apache
from tests.servers.pki import Pki
from tests.servers.tree import discard, public_directory
from ugr.plugin import Refused


@pytest.fixture
def revoked():
    """Apache with a certificate that its authority has revoked, and that authority."""
    place = public_directory("pki")
    pki = Pki(place / "grid")
    server = Apache(pki, "apache-revoked")
    pki.revoke(pki.host)
    try:
        with server:
            yield server, pki
    finally:
        server.remove()
        discard(place)


def test_a_revoked_server_is_not_asked_when_lists_are_checked(revoked, site):
    apache, pki = revoked
    with pytest.raises(Refused, match="not accepted"):
        site(apache.certificate, ca_directory=str(pki.authorities), crls=True).ask("health")
