# SPDX-License-Identifier: Apache-2.0
"""Our signatures are those of Microsoft's SDK, byte for byte, for any name, permission, key and URL."""

from __future__ import annotations

import base64
import datetime
import itertools
import threading
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.storage.blob import BlobSasPermissions, UserDelegationKey, generate_blob_sas, generate_container_sas
from azure.storage.blob._shared.constants import X_MS_VERSION
from hypothesis import given
from hypothesis import strategies as st
from ugr_azure.signing import DELETE, EARLIER, READ, VERSION, WRITE, Delegation, Key, Signer, iso_time

from tests.unit.objects.names import NAMES
from ugr.plugin.objects import Mac, encoded

TIME = 1_700_000_000
ACCOUNT = "ugratlas"
VALUE = base64.b64encode(bytes(range(64))).decode()
URL = f"https://{ACCOUNT}.blob.core.windows.net"
EMULATOR = f"http://127.0.0.1:10000/{ACCOUNT}"

ACCOUNT_KEY = Key(Mac(base64.b64decode(VALUE)))


def moment(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def delegation(start: float = TIME - 5000, expiry: float = TIME + 90000) -> tuple[Key, UserDelegationKey]:
    """Make a delegation key, ours and the SDK's."""
    theirs = UserDelegationKey()
    theirs.signed_oid = "11059fcc-5514-4800-b5f8-49808b9cfab6"
    theirs.signed_tid = "ab1f708d-50f6-404c-a006-d71b2ac7a606"
    theirs.signed_start, theirs.signed_expiry = iso_time(start), iso_time(expiry)
    theirs.signed_service, theirs.signed_version = "b", "2023-11-03"
    theirs.value = VALUE
    words = Delegation(theirs.signed_oid, theirs.signed_tid, iso_time(start), iso_time(expiry), "b", "2023-11-03")
    return Key(Mac(base64.b64decode(VALUE)), words, start, expiry), theirs


def signer(key: Key = ACCOUNT_KEY, url: str = URL, container: str = "data", lifetime: int = 3600) -> Signer:
    return Signer(url, ACCOUNT, container, lambda: key, lifetime=lifetime, clock=lambda: TIME + 0.75)


def theirs(permissions: str, name: str, *, url: str = URL, container: str = "data", lifetime: int = 3600, key=None):
    """Return the URL that the SDK makes; ``key`` is a delegation key, None the account's."""
    query = generate_blob_sas(
        ACCOUNT,
        container,
        name,
        account_key=None if key else VALUE,
        user_delegation_key=key,
        permission=BlobSasPermissions.from_string(permissions),
        start=moment(TIME - EARLIER),
        expiry=moment(TIME + lifetime),
        protocol="https" if url.startswith("https") else None,
    )
    return f"{url}/{container}/{encoded(name)}?{query}"


def test_the_version_is_the_one_that_the_reference_signs_for():
    assert VERSION == X_MS_VERSION


@pytest.mark.parametrize("container", ["data", "$web"])
@pytest.mark.parametrize("url", [URL, EMULATOR])
@pytest.mark.parametrize("permissions", [READ, WRITE, DELETE])
def test_urls_signed_with_the_accounts_key_equal_those_of_the_sdk(permissions, url, container):
    mine = signer(url=url, container=container, lifetime=1234)
    for name in NAMES:
        expected = theirs(permissions, name, url=url, container=container, lifetime=1234)
        assert mine.url(permissions, name)[0] == expected, name


@pytest.mark.parametrize("url", [URL, EMULATOR.replace("http:", "https:")])
@pytest.mark.parametrize("permissions", [READ, WRITE, DELETE])
def test_urls_signed_with_a_delegation_key_equal_those_of_the_sdk(permissions, url):
    ours, key = delegation()
    mine = signer(ours, url=url, lifetime=1234)
    for name in NAMES:
        assert mine.url(permissions, name)[0] == theirs(permissions, name, url=url, lifetime=1234, key=key), name


@given(
    name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=60),
    permissions=st.sampled_from([READ, WRITE, DELETE]),
    lifetime=st.integers(1, 604800),
    delegated=st.booleans(),
)
def test_urls_of_any_name_equal_those_of_the_sdk(name, permissions, lifetime, delegated):
    ours, key = delegation(expiry=TIME + 604800) if delegated else (ACCOUNT_KEY, None)
    url = signer(ours, lifetime=lifetime).url(permissions, name)[0]
    assert url == theirs(permissions, name, lifetime=lifetime, key=key)


@pytest.mark.parametrize("delegated", [False, True])
@pytest.mark.parametrize("url", [URL, EMULATOR])
def test_questions_to_the_container_are_signed_as_by_the_sdk(url, delegated):
    ours, key = delegation() if delegated else (ACCOUNT_KEY, None)
    expected = generate_container_sas(
        ACCOUNT,
        "data",
        account_key=None if delegated else VALUE,
        user_delegation_key=key,
        permission="l",
        start=moment(TIME - EARLIER),
        expiry=moment(TIME + 60),
        protocol="https" if url.startswith("https") else None,
    )
    assert signer(ours, url=url, lifetime=60).container("l") == expected


def test_a_url_says_when_it_expires():
    assert signer(lifetime=60).url(READ, "file")[1] == TIME + 60


def test_a_url_lives_no_longer_than_the_key_that_signs_it():
    ours, _ = delegation(expiry=TIME + 100)
    url, expires = signer(ours, lifetime=3600).url(READ, "file")
    assert expires == TIME + 100
    assert parse_qs(urlsplit(url).query)["se"] == [iso_time(TIME + 100)]


def test_a_url_begins_no_earlier_than_the_key_that_signs_it():
    ours, _ = delegation(start=TIME - 10)
    assert parse_qs(urlsplit(signer(ours).url(READ, "file")[0]).query)["st"] == [iso_time(TIME - 10)]


def test_no_key_is_in_a_representation():
    ours, _ = delegation()
    mine = signer(ours)
    mine.url(READ, "file")
    assert VALUE not in repr(mine._moment)
    assert repr(bytes(range(64)))[2:-1] not in repr(mine._moment)


def test_a_new_key_signs_from_the_next_url_on():
    keys = [ACCOUNT_KEY]
    mine = Signer(URL, ACCOUNT, "data", lambda: keys[0], lifetime=60, clock=lambda: TIME)
    before = mine.url(READ, "file")[0]
    keys[0] = Key(Mac(b"another"))
    assert mine.url(READ, "file")[0] != before
    keys[0] = ACCOUNT_KEY
    assert mine.url(READ, "file")[0] == before


def test_threads_that_sign_while_time_and_keys_change_get_only_right_signatures():
    keys = [Key(Mac(bytes([number]) * 64)) for number in range(3)]
    tick = itertools.count()
    shared = Signer(
        EMULATOR,
        ACCOUNT,
        "data",
        lambda: keys[next(tick) // 7 % 3],
        lifetime=60,
        clock=lambda: TIME + next(tick) // 11 % 100_000,
    )
    made: list[tuple[str, str, str]] = []

    def work(number: int) -> None:
        for i in range(300):
            permissions = (READ, WRITE, DELETE)[i % 3]
            made.append((permissions, f"{number}-{i}", shared.url(permissions, f"{number}-{i}")[0]))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1200
    for permissions, name, url in made:
        expiry = parse_qs(urlsplit(url).query)["se"][0]
        second = datetime.datetime.fromisoformat(expiry).timestamp() - 60
        alone = {
            Signer(EMULATOR, ACCOUNT, "data", lambda key=key: key, lifetime=60, clock=lambda second=second: second).url(
                permissions, name
            )[0]
            for key in keys
        }
        assert url in alone
