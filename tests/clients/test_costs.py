# SPDX-License-Identifier: Apache-2.0
"""What a directory costs: one listing of each storage, however many files it has; told by the storages' own logs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.clients.matrix import CROWDED, rclone
from tests.clients.running import Ran
from tests.clients.stores import Stores
from tests.servers.process import wait_for
from tests.servers.ugr import ask

pytestmark = pytest.mark.timeout(180)  # the first test of a run waits for seven servers

WATCHED = ("ceph", "apache", "nginx")
"""The storages that keep a log of requests."""

BY_UGR = {"ceph": r'"ugr/', "apache": r" PROPFIND ", "nginx": r'"ugr/'}
"""How a line looks that is a question of ugr, not a client's."""

LISTING = {"ceph": r"[?&]delimiter=", "apache": r" PROPFIND \S+/  1 ", "nginx": r'"GET \S+/ HTTP'}
"""How one looks that asks for the names in a directory."""


@dataclass(frozen=True)
class Asked:
    """What a storage was asked: for the names in a directory, about single files, about the directory itself."""

    listings: int
    files: int
    others: int


def asked(store: str, lines: list[str]) -> Asked:
    """Read the lines of a storage's log."""
    ours = [line for line in lines if re.search(BY_UGR[store], line)]
    listings = [line for line in ours if re.search(LISTING[store], line)]
    files = [line for line in ours if ".root" in line]
    return Asked(len(listings), len(files), len(ours) - len(listings) - len(files))


def logged(stores: Stores, directory: str, work: Callable[[], Ran]) -> dict[str, Asked]:
    """Do something with a directory; return what ugr asked of each storage about it."""
    logs = {name: stores.stores[name] for name in WATCHED}
    before = {name: len(store.requests()) for name, store in logs.items()}
    work()
    found = {}
    for name, store in logs.items():
        last = f"end-of-{directory}"
        ask(f"{store.public}{last}")
        assert wait_for(lambda store=store, last=last: last in store.requests()[-1], limit=5.0)
        lines = store.requests()[before[name] : -1]
        found[name] = asked(name, [line for line in lines if directory in line])
    return found


@pytest.mark.parametrize("command", CROWDED)
def test_a_directory_costs_one_listing_of_each_storage_and_no_question_about_a_file(
    stores, run, found, tmp_path, command
):
    directory = f"crowd-{command.replace(' ', '-')}"
    files = stores.crowd(directory)
    for name, body in files.items():
        (tmp_path / name).write_bytes(body)
    questions = logged(stores, directory, lambda: CROWDED[command](run, stores, directory, tmp_path))
    assert {name: (one.listings, one.files) for name, one in questions.items()} == dict.fromkeys(WATCHED, (1, 0))
    assert max(one.others for one in questions.values()) <= 2
    found.costs[command] = len(files)


def test_without_a_listing_every_storage_is_asked_about_the_file(stores, run):
    directory = "crowd-unlisted"
    stores.crowd(directory)
    head = ("curl", "-sSfI", stores.url(f"{directory}/nginx-0.root"))
    questions = logged(stores, directory, lambda: run(*head, package="curl"))
    assert {name: one.listings for name, one in questions.items()} == dict.fromkeys(WATCHED, 0)
    assert min(one.files for one in questions.values()) >= 1


def test_rclone_check_misses_nothing_and_sees_what_differs(stores, run, tmp_path):
    files = stores.crowd("crowd-differing")
    for name, body in files.items():
        (tmp_path / name).write_bytes(body)
    (tmp_path / "ceph-0.root").write_bytes(b"longer than it is there")
    (tmp_path / "azure-0.root").unlink()
    said = rclone(run, stores, "check", tmp_path, ":webdav:crowd-differing", check=False).error
    assert "ceph-0.root: sizes differ" in said
    assert "azure-0.root: file not in Local" in said
    assert "2 differences found" in said
    assert f"{len(files) - 2} hashes could not be checked" in said
    assert f"{len(files) - 2} matching files" in said
