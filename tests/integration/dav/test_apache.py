# SPDX-License-Identifier: Apache-2.0
"""Apache with mod_dav: what it does differently from what one would think, and who may ask it."""

from __future__ import annotations

import datetime
import itertools
import urllib.request

import pytest

from tests.integration.opened import NAMES
from tests.servers.apache import PASSWORD, USER
from tests.servers.pki import Pki
from tests.servers.process import wait_for
from ugr.plugin import (
    AlreadyExists,
    Conflict,
    IsADirectory,
    NotADirectory,
    NotFound,
    PermissionDenied,
    Refused,
    Secret,
    Unauthenticated,
    Usage,
)

_numbers = itertools.count()


@pytest.fixture
def place(apache):
    """A directory of the test's own."""
    path = f"/test-{next(_numbers)}"
    apache.tree.mkdir(path)
    yield path
    apache.tree.remove(path)


@pytest.fixture
def here(apache, site):
    return site(apache.open, checksums=())


def request(method: str, url: str, body: bytes = b"", **headers: str) -> int:
    made = urllib.request.Request(url, body, {k.replace("_", "-"): v for k, v in headers.items()}, method=method)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(made, timeout=10) as answer:
        return answer.status


def pem(holder) -> str:
    return holder.certificate.read_text() + holder.key.read_text()


# --- names and directories ---


def test_every_name_is_found_listed_moved_and_deleted(apache, here, place):
    for name in NAMES:
        apache.tree.put(f"{place}/{name}", name.encode())
    assert here.names(place) == set(NAMES)
    for name in NAMES:
        assert here.ask("stat", f"{place}/{name}").size == len(name.encode())
    here.ask("mkdir", f"{place}/moved & gone")
    for name in NAMES:
        here.ask("move", f"{place}/{name}", f"{place}/moved & gone/{name}", False)
    assert here.names(f"{place}/moved & gone") == set(NAMES)
    for name in NAMES:
        here.ask("delete", f"{place}/moved & gone/{name}")
    assert here.names(f"{place}/moved & gone") == set()


def test_names_that_are_not_text_are_left_out(apache, here, place):
    for name in (b"lat\xe9", b"line\nbreak", b"bell\x07"):
        with open(f"{apache.tree.root}{place}".encode() + b"/" + name, "wb"):
            pass
    apache.tree.put(f"{place}/good", b"")
    assert here.names(place) == {"good"}


def test_a_directory_costs_one_request_more_than_a_file(apache, here, place):
    apache.tree.put(f"{place}/f", b"x")
    assert not here.ask("stat", f"{place}/f").directory
    assert here.methods == ["PROPFIND"]
    assert here.ask("stat", place).directory
    assert len([line for line in apache.requests if line.endswith("301 -")]) > 0


def test_a_directory_has_its_time_and_no_size(apache, here, place):
    info = here.ask("stat", place)
    assert info.size is None
    assert info.mtime is not None


@pytest.mark.parametrize("below", ["x", "x/y", "x/y/z"])
def test_nothing_is_below_a_file(apache, here, place, below):
    apache.tree.put(f"{place}/f", b"x")
    for ask in (
        lambda: here.ask("stat", f"{place}/f/{below}"),
        lambda: here.list(f"{place}/f/{below}"),
        lambda: here.ask("mkdir", f"{place}/f/{below}"),
        lambda: here.ask("delete", f"{place}/f/{below}"),
    ):
        with pytest.raises(NotADirectory):
            ask()


# --- changes ---


def test_a_directory_that_is_not_empty_stays_whole(apache, here, place):
    apache.tree.put(f"{place}/d/e/f", b"precious")
    with pytest.raises(Conflict, match="not empty"):
        here.ask("delete", f"{place}/d")
    assert apache.tree.read(f"{place}/d/e/f") == b"precious"


def test_the_root_is_not_deleted(here):
    with pytest.raises(Conflict):
        here.ask("delete", "/")


def test_parents_are_made_from_the_top(apache, here, place):
    here.ask("mkdir", f"{place}/a/b c/d/e")
    assert here.names(f"{place}/a/b c/d") == {"e/"}
    with pytest.raises(AlreadyExists):
        here.ask("mkdir", f"{place}/a/b c")


def test_a_directory_never_takes_the_place_of_anything(apache, here, place):
    apache.tree.put(f"{place}/d/f", b"kept")
    apache.tree.put(f"{place}/f", b"file")
    for source, target in (("f", "d"), ("d", "f")):
        with pytest.raises(IsADirectory):
            here.ask("move", f"{place}/{source}", f"{place}/{target}", True)
    assert apache.tree.read(f"{place}/d/f") == b"kept"
    assert apache.tree.read(f"{place}/f") == b"file"


def test_a_directory_is_moved_with_what_is_in_it_and_not_into_itself(apache, here, place):
    apache.tree.put(f"{place}/d/f", b"x")
    with pytest.raises(Conflict, match="into itself"):
        here.ask("move", f"{place}/d", f"{place}/d/e", False)
    here.ask("move", f"{place}/d", f"{place}/new name", False)
    assert apache.tree.read(f"{place}/new name/f") == b"x"
    assert not apache.tree.exists(f"{place}/d")


def test_only_files_are_copied(apache, here, place):
    apache.tree.mkdir(f"{place}/d")
    with pytest.raises(IsADirectory):
        here.ask("copy", f"{place}/d", f"{place}/e", False)


def test_what_is_not_there_cannot_be_moved_and_a_missing_parent_is_a_conflict(apache, here, place):
    apache.tree.put(f"{place}/f", b"x")
    with pytest.raises(NotFound):
        here.ask("move", f"{place}/nothing", f"{place}/g", False)
    with pytest.raises(Conflict):
        here.ask("move", f"{place}/f", f"{place}/nowhere/f", False)
    assert apache.tree.read(f"{place}/f") == b"x"


def test_a_locked_file_is_a_conflict_and_stays(apache, here, place):
    apache.tree.put(f"{place}/f", b"x")
    lock = (
        b'<?xml version="1.0"?><lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype>'
        b"</lockinfo>"
    )
    assert request("LOCK", f"{apache.open}{place}/f", lock, Timeout="Second-60") == 200
    for change in (
        lambda: here.ask("delete", f"{place}/f"),
        lambda: here.ask("move", f"{place}/f", f"{place}/g", False),
    ):
        with pytest.raises(Conflict, match="locked"):
            change()
    assert apache.tree.read(f"{place}/f") == b"x"


def test_space_is_unknown_where_nobody_tells_and_known_where_somebody_does(apache, here, place):
    assert here.ask("usage", place) == Usage(None, None)
    told = (
        b'<?xml version="1.0"?><propertyupdate xmlns="DAV:"><set><prop><quota-available-bytes>1000'
        b"</quota-available-bytes><quota-used-bytes>24</quota-used-bytes></prop></set></propertyupdate>"
    )
    assert request("PROPPATCH", f"{apache.open}{place}/", told) == 207
    assert here.ask("usage", place) == Usage(24, 1000)


# --- who asks ---


@pytest.mark.parametrize("authentication", ["basic", "digest"])
def test_a_password_is_shown_in_the_way_that_the_server_wants(apache, site, place, authentication):
    url = getattr(apache, authentication)
    options = {"user": USER, "authentication": authentication, "checksums": ()}
    good = site(url, password=Secret(literal=PASSWORD), **options)
    apache.tree.put(f"{place}/f", b"x")
    assert good.ask("stat", f"{place}/f").size == 1
    assert {info.name for info in good.list(place)} == {"f"}
    wrong = site(url, password=Secret(literal="wrong password"), **options)
    for ask in (lambda: wrong.ask("stat", f"{place}/f"), lambda: wrong.list(place), lambda: wrong.ask("health")):
        with pytest.raises(Unauthenticated, match="user with this password is refused") as caught:
            ask()
        assert "wrong password" not in str(caught.value)
    with pytest.raises(Unauthenticated, match="write user, token or certificate"):
        site(url).ask("health")


def test_a_renewed_password_is_used(apache, site, kept):
    password = kept("wrong")
    here = site(apache.basic, user=USER, password=password.secret)
    with pytest.raises(Unauthenticated):
        here.ask("health")
    password.renew(PASSWORD)
    here.ask("health")


def test_a_certificate_is_shown_and_a_revoked_one_refused_in_words(apache, pki, site, kept):
    trust = {"ca_directory": str(pki.authorities), "crls": True}
    for url in (apache.certificate, apache.optional):
        site(url, certificate=kept(pem(pki.user)).secret, **trust).ask("health")
        with pytest.raises(PermissionDenied, match="client certificate does not have this right"):
            site(url, certificate=kept(pem(pki.other)).secret, **trust).ask("health")
    with pytest.raises(Unauthenticated, match="no client certificate is configured"):
        site(apache.certificate, **trust).ask("health")
    with pytest.raises(PermissionDenied, match="write user, token or certificate"):
        site(apache.optional, **trust).ask("health")


def test_a_certificate_of_a_stranger_is_refused_in_words(apache, pki, site, kept, tmp_path):
    stranger = Pki(tmp_path / "strange", "another CA").user
    here = site(apache.certificate, certificate=kept(pem(stranger)).secret, ca_file=str(pki.bundle))
    for ask in (lambda: here.ask("health"), lambda: here.list("/")):
        with pytest.raises(Unauthenticated, match="the client certificate is refused"):
            ask()


def test_a_certificate_that_expired_is_not_even_shown(apache, pki, site, kept):
    hour = datetime.timedelta(hours=1)
    old = pki.issue("Jane Tester", starts=-2 * hour, lasts=hour)
    before = len(apache.requests)
    with pytest.raises(Unauthenticated, match=r"expired .* renew it"):
        site(apache.certificate, certificate=kept(pem(old)).secret, ca_file=str(pki.bundle)).ask("health")
    assert len(apache.requests) == before


def test_a_renewed_certificate_means_a_new_connection(apache, pki, site, kept):
    both = kept(pem(pki.other))
    here = site(apache.optional, certificate=both.secret, ca_directory=str(pki.authorities))
    with pytest.raises(PermissionDenied):
        here.ask("health")
    both.renew(pem(pki.user))
    here.ask("health")
    # a line is written after its answer was sent
    assert wait_for(lambda: "Jane Tester" in apache.requests[-1], limit=2.0)
    assert "Bob Other" in apache.requests[-2]


def test_certificate_and_key_may_be_files_of_their_own(apache, pki, site):
    certificate, key = Secret(file=str(pki.user.certificate)), Secret(file=str(pki.user.key))
    site(apache.certificate, certificate=certificate, key=key, ca_directory=str(pki.authorities)).ask("health")


def test_a_server_whose_authority_is_not_trusted_is_not_asked(apache, site, pki, tmp_path):
    other = Pki(tmp_path / "other", "other CA")
    for trust in ({}, {"ca_file": str(other.bundle)}, {"ca_directory": str(other.authorities)}):
        with pytest.raises(Refused, match="certificate of the endpoint not accepted"):
            site(apache.optional, **trust).ask("health")
    with pytest.raises(PermissionDenied):
        site(apache.optional, verify=False).ask("health")
