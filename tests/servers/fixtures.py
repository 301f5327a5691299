# SPDX-License-Identifier: Apache-2.0
"""The servers that tests share, as pytest fixtures.

Knows: which servers live as long as the test run. Refuses to know: what is asked of them.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.apache import Apache
from tests.servers.azurite import Azurite
from tests.servers.ceph import Ceph
from tests.servers.pki import Pki
from tests.servers.swift import Swift
from tests.servers.tree import discard, public_directory
from tests.servers.xrootd import XRootD


@pytest.fixture(scope="session")
def ceph() -> Iterator[Ceph]:
    """Three S3 gateways of one Ceph cluster; each test makes its own buckets."""
    with Ceph(gateways=3) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """Azure Blob storage, as its emulator has it; each test makes its own containers."""
    with Azurite() as emulator:
        yield emulator


@pytest.fixture(scope="session")
def swift() -> Iterator[Swift]:
    """OpenStack Swift with one account; each test makes its own containers."""
    with Swift() as store:
        yield store


@pytest.fixture(scope="session")
def pki() -> Iterator[Pki]:
    """The certificates of a small grid, in a directory that every user may read."""
    place = public_directory("pki")
    yield Pki(place / "grid")
    discard(place)


@pytest.fixture(scope="session")
def apache(pki: Pki) -> Iterator[Apache]:
    """Apache with mod_dav: one directory, open, behind passwords, and behind certificates."""
    server = Apache(pki)
    try:
        with server:
            yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def xrootd(pki: Pki) -> Iterator[XRootD]:
    """XRootD over TLS, for holders of proxies of one VO."""
    server = XRootD(pki)
    try:
        with server:
            yield server
    finally:
        server.remove()
