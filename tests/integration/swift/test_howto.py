# SPDX-License-Identifier: Apache-2.0
"""What the page about Swift containers says, on a real Swift: the ACL suffices, the answers are those that it shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.blocks import DOCS
from tests.docs.shell import Howto
from tests.servers.keystone import Keystone
from tests.servers.swift import STRANGER, STRANGER_KEY, Swift
from tests.servers.ugr import Ugr, ask

PAGE = DOCS / "howto/store-swift.rst"
CONTAINER = "howto-data"


class Storage:
    """The page's container, whose owner types what the page says, and a user of another account."""

    def __init__(self, swift: Swift, place: Path) -> None:
        self.swift = swift
        self.place = place
        swift.container(CONTAINER)
        swift.client.put_object(CONTAINER, "raw/run-1.dat", b"x" * 1000)
        self.temp_url_key = place / "swift-temp-url.key"
        self.temp_url_key.write_text("a key of the container's own", encoding="utf-8")
        self.password = place / "swift.password"
        self.password.write_text(STRANGER_KEY, encoding="utf-8")
        self.here = {
            "https://swift.example.org/v1/AUTH_atlas/data": f"{swift.storage_url}/{CONTAINER}",
            "https://swift.example.org/v1/AUTH_atlas": swift.storage_url,
            "container = data": f"container = {CONTAINER}",
            "atlas:ugr data": f"{STRANGER} {CONTAINER}",
            ')" data': f')" {CONTAINER}',
            "/etc/ugr": str(place),
        }
        # what cannot be had here is Keystone: the user whom the ACL names is one of Swift's own
        stand_in = {
            "auth = keystone": "auth = tempauth",
            "https://keystone.example.org:5000/v3": swift.auth_url,
            "user = ugr": f"user = {STRANGER}",
            "project = federation\n": "",
        }
        self.howto = Howto(PAGE, place, self.here | stand_in)
        owner = {"ST_AUTH": swift.auth_url, "ST_USER": swift.user, "ST_KEY": swift.key}
        self.howto.shell.env = {**self.howto.shell.env, **owner}


@pytest.fixture(scope="module")
def storage(swift: Swift, tmp_path_factory: pytest.TempPathFactory) -> Storage:
    """Make the container."""
    return Storage(swift, tmp_path_factory.mktemp("howto-swift"))


@pytest.fixture
def service(storage: Storage) -> Iterator[Ugr]:
    """Serve the page's configuration, where the page's shell asks."""
    with storage.howto.served() as ugr:
        storage.howto.shell.here = {**storage.howto.shell.here, ":8080": f":{ugr.port}"}
        yield ugr


def test_the_answers_are_those_that_the_page_shows(storage: Storage, service: Ugr) -> None:
    assert storage.howto.reason().startswith("403")
    assert storage.howto.follow({"the owner has done that": lambda: None}) == 5


def test_the_user_may_look_and_nothing_else(storage: Storage, service: Ugr) -> None:
    location = service.ask("/fed/atlas/raw/run-1.dat").location
    assert ask(location).body == b"x" * 1000
    assert ask(location, "DELETE").status == 401
    asked = ask(storage.swift.auth_url, headers={"X-Auth-User": STRANGER, "X-Auth-Key": STRANGER_KEY})
    token = {"X-Auth-Token": asked.headers["x-auth-token"]}
    url = f"{storage.swift.storage_url}/{CONTAINER}/raw/run-1.dat"
    assert ask(url, "HEAD", headers=token).status == 200
    assert ask(url, "DELETE", headers=token).status == 403


def test_a_wrong_key_for_temporary_urls_is_seen_by_clients_only(storage: Storage) -> None:
    right = storage.temp_url_key.read_text(encoding="utf-8")
    storage.temp_url_key.write_text("another", encoding="utf-8")
    with storage.howto.served() as ugr:
        assert ask(ugr.ask("/fed/atlas/raw/run-1.dat").location).status == 401
    assert storage.howto.reason() == ""
    storage.temp_url_key.write_text(right, encoding="utf-8")


def test_what_the_page_says_of_refusals_is_what_is_said(storage: Storage) -> None:
    said = [storage.howto.reason(url=storage.swift.storage_url.replace("AUTH_test", "AUTH_nobodys"))]
    storage.password.write_text("wrong", encoding="utf-8")
    said.append(storage.howto.reason())
    storage.password.write_text(storage.swift.key, encoding="utf-8")
    said.append(storage.howto.reason(user=storage.swift.user, container="missing"))
    storage.password.write_text(STRANGER_KEY, encoding="utf-8")

    assert [reason for reason in map(plain, said) if not reason or reason not in storage.howto.reasons] == []


def plain(reason: str) -> str:
    """Return a reason without its status where the page leaves that out, and without who said it."""
    return re.sub(r"^\d+: (?=nothing gives)|; this is the authentication service$", "", reason)


def test_keystone_is_asked_as_the_page_configures_it(storage: Storage, swift: Swift, tmp_path: Path) -> None:
    with Keystone(swift) as keystone:
        keystone.project = "federation"
        (tmp_path / "swift.password").write_text(keystone.password, encoding="utf-8")
        (tmp_path / "swift-temp-url.key").write_text("x", encoding="utf-8")
        here = storage.here | {"https://keystone.example.org:5000/v3": keystone.url, "/etc/ugr": str(tmp_path)}
        howto = Howto(PAGE, tmp_path, here)
        assert howto.reason() == ""
        assert plain(howto.reason(auth_url=f"{keystone.url}/nothing")) in howto.reasons
