# SPDX-License-Identifier: Apache-2.0
"""Which memcached keeps what, for how long, and under which key."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.unit.federation.fakes import FakeRing, Store, Time
from ugr.federation.keys import Keys
from ugr.federation.memcached import Ring, expiry

DIGESTS = [os.urandom(16) for _ in range(3000)]


def homes(ring):
    return [ring.home(digest).address for digest in DIGESTS]


def made(count):
    return FakeRing([Store(Time()) for _ in range(count)])


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_every_server_keeps_about_as_much(count):
    found = Counter(homes(made(count)))
    assert len(found) == count
    assert all(0.8 * len(DIGESTS) / count < number < 1.2 * len(DIGESTS) / count for number in found.values())


def test_hosts_agree_in_whatever_order_the_servers_are_written():
    addresses = ["192.0.2.1:11211", "192.0.2.2:11211", "[2001:db8::1]:11211", "unix:/run/memcached.sock"]
    assert homes(Ring(addresses, 0.05)) == homes(Ring(addresses[::-1], 0.05))


def test_server_that_is_away_moves_only_its_own_names_and_gets_them_back():
    ring = made(3)
    before = homes(ring)
    lost = ring.servers[1]
    lost.silent = True
    during = homes(ring)
    assert all(old == new for old, new in zip(before, during, strict=True) if old != lost.address)
    moved = Counter(new for old, new in zip(before, during, strict=True) if old == lost.address)
    assert set(moved) == {"m0:1", "m2:1"}
    assert min(moved.values()) > 0.35 * sum(moved.values())
    lost.silent = False
    assert homes(ring) == before


def test_nobody_keeps_anything_when_all_are_away():
    ring = made(2)
    for server in ring.servers:
        server.silent = True
    assert ring.home(DIGESTS[0]) is None


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.0, 1), (0.2, 1), (1.0, 1), (1.2, 2), (600.0, 600), (-5.0, 1), (1e12, 30 * 86400 - 1)]
)
def test_nothing_is_kept_for_ever_or_until_a_year_in_the_past(seconds, told):
    assert expiry(seconds) == told


def test_keys_are_short_plain_and_different_whatever_the_path():
    keys, others = Keys("ugr"), Keys("another federation with a long name é")
    found = set()
    for own in (keys, others):
        for path in ("/", "/f", "/" + "x" * 8000, "/é ✓\t\n", "/\udcff"):
            digest = own.digest(path)
            found |= {own.name(digest), own.claim(digest), own.listing(digest), own.probe(digest), own.probing(digest)}
        found |= {own.head, own.record(7), own.piece(b"id", 0), own.piece(b"id", 1)}
    assert len(found) == 2 * (5 * 5 + 4)
    assert all(len(key) < 100 and key.isascii() and key.isprintable() and " " not in key for key in found)
