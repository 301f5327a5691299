# SPDX-License-Identifier: Apache-2.0
"""XRootD over TLS: grid proxies, checksums, and names that it writes and reads as they are."""

from __future__ import annotations

import hashlib
import itertools
import zlib

import pytest

from ugr.plugin import (
    AlreadyExists,
    Conflict,
    IsADirectory,
    NotADirectory,
    NotFound,
    PermissionDenied,
    Unauthenticated,
    Unsupported,
    Usage,
)

_numbers = itertools.count()
MEMBER = ("/atlas/Role=NULL/Capability=NULL",)


@pytest.fixture(scope="module")
def proxy(pki):
    """The PEM of a proxy with the VO's attributes."""
    return pki.proxy(pki.user, MEMBER).read_text(encoding="ascii")


@pytest.fixture
def here(xrootd, pki, site, kept, proxy):
    return site(xrootd.url, certificate=kept(proxy).secret, ca_directory=str(pki.authorities), crls=True, copies=False)


@pytest.fixture
def place(xrootd):
    """A directory of the test's own."""
    path = f"/test-{next(_numbers)}"
    xrootd.tree.mkdir(path)
    yield path
    xrootd.tree.remove(path)


def test_a_proxy_without_attributes_is_denied_and_a_renewed_one_is_not(xrootd, pki, site, kept, proxy, place):
    xrootd.tree.put(f"{place}/f", b"x")
    file = kept(pki.proxy(pki.user).read_text(encoding="ascii"))
    here = site(xrootd.url, certificate=file.secret, ca_directory=str(pki.authorities))
    for ask in (lambda: here.ask("health"), lambda: here.ask("stat", f"{place}/f"), lambda: here.list(place)):
        with pytest.raises(PermissionDenied, match="a proxy may lack the attributes of its VO"):
            ask()
    file.renew(proxy)
    assert here.ask("stat", f"{place}/f").size == 1


def test_nobody_is_denied_and_told_what_to_write(xrootd, pki, site):
    with pytest.raises(PermissionDenied, match="write user, token or certificate"):
        site(xrootd.url, ca_directory=str(pki.authorities)).ask("health")


def test_an_expired_proxy_is_said_to_be_expired(xrootd, pki, site, kept):
    old = pki.proxy(pki.user, MEMBER, "-pastproxy", "30:00", "-hours", "1").read_text(encoding="ascii")
    with pytest.raises(Unauthenticated, match="expired"):
        site(xrootd.url, certificate=kept(old).secret, ca_directory=str(pki.authorities)).ask("health")


def test_a_proxy_that_is_about_to_expire_is_told_in_the_log(xrootd, pki, site, kept, caplog):
    short = pki.proxy(pki.user, MEMBER, "-pastproxy", "11:30", "-hours", "12").read_text(encoding="ascii")
    here = site(xrootd.url, certificate=kept(short).secret, ca_directory=str(pki.authorities))
    assert here.refresh() == 60.0
    assert [record.getMessage()[:47] for record in caplog.records] == [
        "[endpoint:site] the client certificate expires "
    ]
    here.ask("health")


@pytest.mark.parametrize("data", [b"", b"a", bytes(range(256)) * 1000])
def test_checksums_are_those_of_the_file(xrootd, here, place, data):
    xrootd.tree.put(f"{place}/a file", data)
    assert here.ask("checksum", f"{place}/a file", "adler32") == f"{zlib.adler32(data):08x}"
    assert here.ask("checksum", f"{place}/a file", "md5") == hashlib.md5(data).hexdigest()


def test_a_checksum_that_is_another_ones_is_not_taken(xrootd, pki, site, kept, proxy, place):
    xrootd.tree.put(f"{place}/f", b"x")
    options = {"certificate": kept(proxy).secret, "ca_directory": str(pki.authorities), "checksums": ("sha256",)}
    with pytest.raises(Unsupported, match="does not tell the sha256"):
        site(xrootd.url, **options).ask("checksum", f"{place}/f", "sha256")


def test_a_directory_has_no_checksum(here, place):
    with pytest.raises(IsADirectory):
        here.ask("checksum", place, "adler32")


def test_names_come_as_they_are_although_they_are_not_encoded(xrootd, here, place):
    names = ["a b", "100%", "%41", "a%20b", "a%2Fb", "run#7", "<b>&amp;", "so \"x\" it's", "café", "1+1", "a&b=c"]
    for name in names:
        xrootd.tree.put(f"{place}/{name}", name.encode())
    xrootd.tree.mkdir(f"{place}/sub dir %41")
    assert here.names(place) == {*names, "sub dir %41/"}
    for name in names:
        assert here.ask("stat", f"{place}/{name}").size == len(name.encode())


def test_a_name_that_is_not_text_does_not_cost_the_listing(xrootd, here, place):
    for name in (b"lat\xe9", b"bell\x07", b"what?"):
        with open(f"{xrootd.tree.root}{place}".encode() + b"/" + name, "wb"):
            pass
    xrootd.tree.put(f"{place}/good", b"")
    assert here.names(place) == {"good"}


def test_a_file_is_moved_to_a_name_with_spaces_and_percent_signs(xrootd, here, place):
    xrootd.tree.put(f"{place}/the file", b"x")
    here.ask("move", f"{place}/the file", f"{place}/50% of #1", False)
    assert xrootd.tree.read(f"{place}/50% of #1") == b"x"
    assert here.names(place) == {"50% of #1"}


@pytest.mark.parametrize("name", ["café", "at the end "])
def test_a_name_that_cannot_be_told_is_refused_before_anything_happens(xrootd, here, place, name):
    xrootd.tree.put(f"{place}/f", b"x")
    with pytest.raises(Unsupported, match="ASCII"):
        here.ask("move", f"{place}/f", f"{place}/{name}", False)
    assert here.names(place) == {"f"}


def test_a_target_is_not_overwritten_although_the_storage_would(xrootd, here, place):
    xrootd.tree.put(f"{place}/f", b"new")
    xrootd.tree.put(f"{place}/g", b"old")
    with pytest.raises(AlreadyExists):
        here.ask("move", f"{place}/f", f"{place}/g", False)
    assert (xrootd.tree.read(f"{place}/f"), xrootd.tree.read(f"{place}/g")) == (b"new", b"old")


def test_a_directory_that_is_there_is_not_made_again_although_the_storage_would(here, place):
    with pytest.raises(AlreadyExists):
        here.ask("mkdir", place)


def test_nothing_is_below_a_file(xrootd, here, place):
    xrootd.tree.put(f"{place}/f", b"x")
    for ask in (
        lambda: here.ask("stat", f"{place}/f/x/y"),
        lambda: here.list(f"{place}/f"),
        lambda: here.ask("mkdir", f"{place}/f/x"),
    ):
        with pytest.raises(NotADirectory):
            ask()


def test_a_name_that_is_too_long_is_not_there(here, place):
    for name in ("x" * 256, "ü" * 4000, "/".join(["x" * 200] * 40)):
        with pytest.raises(NotFound, match="longer than file systems allow"):
            here.ask("stat", f"{place}/{name}")
    with pytest.raises(NotFound):
        here.ask("stat", f"{place}/{'x' * 255}")


def test_a_directory_that_is_not_empty_stays(xrootd, here, place):
    xrootd.tree.put(f"{place}/d/f", b"x")
    with pytest.raises(Conflict):
        here.ask("delete", f"{place}/d")
    assert xrootd.tree.read(f"{place}/d/f") == b"x"


def test_copies_are_not_asked_for_and_space_is_not_told(here, place):
    assert not here.endpoint.capabilities()["copy"]
    assert here.ask("usage", "/") == Usage(None, None)


def test_a_copy_that_is_asked_for_nevertheless_changes_nothing(xrootd, pki, site, kept, proxy, place):
    xrootd.tree.put(f"{place}/f", b"x")
    here = site(xrootd.url, certificate=kept(proxy).secret, ca_directory=str(pki.authorities), copies=True)
    with pytest.raises(Exception, match="400"):
        here.ask("copy", f"{place}/f", f"{place}/g", False)
    assert here.names(place) == {"f"}
