# SPDX-License-Identifier: Apache-2.0
"""Storages of every type as one namespace: any two are one directory, and each gives what it alone has."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from tests.clients.stores import ALL, PAIRS, SHARED, STORES, pairs

pytestmark = pytest.mark.timeout(180)  # the first test of a run waits for seven servers

TYPES = {"file", "s3", "azure", "swift", "dav", "http"}


def listed(stores, directory: str) -> list[str]:
    """Return the names that a listing shows, as often as it does."""
    answer = stores.ugr.ask(f"/fed/{quote(directory)}", headers={"Accept": "application/json"})
    shown = json.loads(answer.body)
    assert (answer.status, shown.get("missing"), shown.get("unasked")) == (200, {}, [])
    return sorted(entry["name"] for entry in shown["entries"])


def holders(stores, path: str) -> set[str]:
    """Return the storages on which a file was found."""
    answer = stores.ugr.ask(f"/-/locate?path=/{quote(path, safe='')}", headers={"Accept": "application/json"})
    return {holder["endpoint"] for holder in json.loads(answer.body)["found"]["holders"]}


def sent(stores, path: str, near: str) -> str:
    """Return the URL to which a client near one storage is sent."""
    answer = stores.ugr.ask(f"/fed/{quote(path)}", source=stores.near(near))
    assert answer.status == 302
    assert answer.headers["ugr-endpoint"] == near
    return answer.location


def test_the_federation_has_a_storage_of_every_type():
    assert {kind for kind, _ in STORES.values()} == TYPES


@pytest.mark.parametrize("pair", pairs(STORES), ids="-".join)
def test_two_storages_are_one_directory(stores, pair):
    directory = f"{PAIRS}/{'-'.join(pair)}"
    assert listed(stores, f"{directory}/") == sorted([SHARED, *(f"of {name}" for name in pair)])
    for name in pair:
        assert holders(stores, f"{directory}/of {name}") == {name}
        assert sent(stores, f"{directory}/of {name}", name).startswith(stores.target(name))
    assert holders(stores, f"{directory}/{SHARED}") == set(pair)
    for name in pair:
        assert sent(stores, f"{directory}/{SHARED}", name).startswith(stores.target(name))


def test_what_is_everywhere_is_one_file_of_all(stores):
    assert listed(stores, "").count(ALL) == 1
    assert holders(stores, ALL) == set(STORES)


@pytest.mark.parametrize("store", STORES)
def test_who_is_near_a_storage_is_sent_there(stores, store):
    assert sent(stores, ALL, store).startswith(stores.target(store))
