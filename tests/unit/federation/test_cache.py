# SPDX-License-Identifier: Apache-2.0
"""Lives, bounds and generations of the first-level cache, with a clock of our own."""

import pytest

from ugr.config.settings import CacheSettings
from ugr.federation.cache import Cache, CachedListing, Entry
from ugr.model import FileInfo


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def make(clock, **settings):
    return Cache(CacheSettings(**settings), clock)


def present(cache, **facts):
    now = cache.clock()
    return Entry(True, 1, now, now + cache.lifetime(True, False), size=1, holders=1, **facts)


def test_entry_is_found_until_it_expires(clock):
    cache = make(clock, ttl=60.0, max_ttl=600.0)
    cache.store("/f", present(cache))
    clock.now += 59
    assert cache.peek("/f").size == 1
    clock.now += 2
    assert cache.peek("/f") is None


def test_used_entry_lives_on_but_never_beyond_max_ttl_after_it_was_found(clock):
    cache = make(clock, ttl=60.0, max_ttl=150.0)
    cache.store("/f", present(cache))
    for _ in range(3):
        clock.now += 45
        assert cache.peek("/f") is not None
        cache.settle()
    clock.now = 1000.0 + 149
    assert cache.peek("/f") is not None
    cache.settle()
    clock.now = 1000.0 + 151
    assert cache.peek("/f") is None


def test_unused_entry_is_not_extended(clock):
    cache = make(clock, ttl=60.0, max_ttl=600.0)
    cache.store("/f", present(cache))
    clock.now += 50
    cache.settle()
    clock.now += 11
    assert cache.peek("/f") is None


def test_absence_and_partial_answers_live_shorter_and_are_not_extended(clock):
    cache = make(clock, ttl=60.0, max_ttl=600.0, negative_ttl=10.0, partial_ttl=5.0)
    assert cache.lifetime(False, False) == 10.0
    assert cache.lifetime(True, True) == 5.0
    assert cache.lifetime(False, True) == 5.0
    now = clock.now
    cache.store("/absent", Entry(False, 1, now, now + 10))
    cache.store("/partial", Entry(True, 1, now, now + 5, size=1, holders=1, silent=2))
    clock.now += 4
    assert cache.peek("/absent").present is False
    assert cache.peek("/partial").partial
    cache.settle()
    clock.now += 2
    assert cache.peek("/partial") is None
    clock.now += 5
    assert cache.peek("/absent") is None


def test_entries_are_bounded_and_the_used_ones_survive(clock):
    cache = make(clock, max_entries=100)
    for number in range(50):
        cache.store(f"/first/{number}", present(cache))
    for number in range(50):
        cache.store(f"/second/{number}", present(cache))
        assert cache.peek("/first/7") is not None
        cache.settle()
    for number in range(500):
        cache.store(f"/third/{number}", present(cache))
        cache.peek("/first/7")
        if number % 10 == 0:
            cache.settle()
    assert len(cache) <= 100
    assert cache.peek("/first/7") is not None
    assert cache.peek("/first/8") is None


def listing(count, clock, life=60.0):
    entries = tuple(FileInfo(f"n{number}", size=1) for number in range(count))
    return CachedListing(entries, (), {}, {}, clock.now, clock.now + life)


def test_listings_are_bounded_by_names_and_the_least_used_goes_first(clock):
    cache = make(clock, max_entries=100)
    cache.store_listing("/a", listing(40, clock))
    cache.store_listing("/b", listing(40, clock))
    assert cache.listing("/a") is not None
    cache.store_listing("/c", listing(40, clock))
    assert cache.listing("/b") is None
    assert len(cache.listing("/a").entries) == 40
    assert len(cache.listing("/c").entries) == 40


def test_listing_larger_than_the_cache_is_not_kept_and_drives_nothing_out(clock):
    cache = make(clock, max_entries=100)
    cache.store_listing("/a", listing(40, clock))
    cache.store_listing("/huge", listing(100, clock))
    assert cache.listing("/huge") is None
    assert cache.listing("/a") is not None


def test_listing_expires(clock):
    cache = make(clock)
    cache.store_listing("/a", listing(3, clock, life=5.0))
    clock.now += 6
    assert cache.listing("/a") is None


def test_forget_drops_the_path_its_listing_and_its_directory(clock):
    cache = make(clock)
    for path in ("/d/f", "/d/g"):
        cache.store(path, present(cache))
    for path in ("/d", "/d/f", "/other"):
        cache.store_listing(path, listing(2, clock))
    cache.forget("/d/f")
    assert cache.peek("/d/f") is None
    assert cache.peek("/d/g") is not None
    assert cache.listing("/d") is None
    assert cache.listing("/d/f") is None
    assert cache.listing("/other") is not None


def test_forget_of_a_name_in_the_root_drops_the_roots_listing(clock):
    cache = make(clock)
    cache.store_listing("/", listing(2, clock))
    cache.forget("/f")
    assert cache.listing("/") is None
