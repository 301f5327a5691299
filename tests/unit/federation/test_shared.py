# SPDX-License-Identifier: Apache-2.0
"""Two hosts that remember together: what one asked, the other need not ask; what changed, nobody believes."""

from __future__ import annotations

import asyncio
import os

import pytest

from tests.unit.federation.fakes import SharedWorld, Store, Time
from tests.unit.federation.world import holders, on_loop
from ugr.errors import NotFound, Unavailable
from ugr.federation import shared


async def hosts(count=2, servers=2, key="", **options):
    """Return hosts with the same endpoints and memcached servers, that have read the journals once."""
    time = Time()
    stores = [Store(time) for _ in range(servers)]
    first = SharedWorld(stores, time, key=key, near=1, far=50, **options)
    made = [first, *(SharedWorld(stores, time, key=key, like=first, near=1, far=50) for _ in range(count - 1))]
    for host in made:
        await host.news.poll()
    return made


async def known(host, path):
    """Have a host ask for a path and remember the answer."""
    await host.locate(path)
    await host.landed()


async def absent(host, path):
    with pytest.raises(NotFound) as told:
        await host.locate(path)
    await host.landed()
    return told.value


def everywhere(host):
    """Return the stores of all servers."""
    return [server.store for server in host.ring.servers]


# --- what is shared ---


@on_loop
async def test_file_that_one_host_found_is_not_asked_for_by_the_other():
    a, b = await hosts()
    a.put("/f", b"1234567", mtime=5.0, adler32="0a0b0c0d")
    await known(a, "/f")
    before = a.questions()
    found = await b.locate("/f")
    assert a.questions() == before
    assert (found.cached, found.level) == (True, "L2")
    assert (holders(found), found.info.size, found.info.mtime) == (["far", "near"], 7, 5.0)
    assert found.info.checksums == {"adler32": "0a0b0c0d"}
    assert found.etag == (await a.locate("/f")).etag
    assert (await b.locate("/f")).level == "L1"


@on_loop
async def test_absence_that_one_host_found_is_not_asked_for_by_the_other():
    a, b = await hosts()
    await absent(a, "/f")
    before = a.questions()
    told = await absent(b, "/f")
    assert a.questions() == before
    assert (told.level, told.answers) == ("L2", ())


@on_loop
async def test_age_goes_on_from_one_host_to_the_other():
    a, b = await hosts()
    a.put("/f")
    await known(a, "/f")
    a.time.now += 100.0
    assert (await b.locate("/f")).age == pytest.approx(100.0)
    b.time.now += 50.0
    assert b.peek("/f").age == pytest.approx(150.0)


@on_loop
async def test_absence_is_remembered_no_longer_for_being_shared():
    a, b = await hosts()
    await absent(a, "/f")
    a.time.now += b.settings.cache.negative_ttl - 1.0
    assert (await absent(b, "/f")).level == "L2"
    b.time.now += 1.5
    before = b.questions()
    await absent(b, "/f")
    assert b.questions() != before


@on_loop
async def test_used_file_is_remembered_until_max_ttl_after_it_was_found_and_no_longer():
    a, b = await hosts()
    a.put("/f")
    await known(a, "/f")
    found = a.time.now
    levels = []
    while a.time.now < found + a.settings.cache.max_ttl + 400.0:
        a.time.now += 400.0
        await a.news.poll()
        await b.news.poll()
        b.fresh()
        levels.append((await b.locate("/f")).level)
        await b.landed()
    assert levels[:8] == ["L2"] * 8, "it was used all the time, and ttl is 600 s"
    assert None in levels[8:], "it was found more than an hour ago"


@on_loop
async def test_answer_that_misses_an_endpoint_is_shared_for_a_short_time():
    a, b = await hosts()
    a.put("/f")
    a.down("far")
    await known(a, "/f")
    found = await b.locate("/f")
    assert (found.level, found.unasked) == ("L2", ("far",))
    a.time.now += a.settings.cache.partial_ttl + 1.0
    b.fresh()
    assert (await b.locate("/f")).level is None


@on_loop
async def test_silence_is_not_shared():
    a, _ = await hosts()
    a.far.delay = 5.0
    with pytest.raises(Unavailable):
        await a.locate("/f")
    await a.landed()
    assert [store.begin("n") for store in everywhere(a)] == [[], []]


@on_loop
async def test_host_with_an_endpoint_more_asks_for_itself():
    a, _ = await hosts()
    a.put("/f")
    await known(a, "/f")
    time = a.time
    c = SharedWorld(everywhere(a), time, near=1, far=50, new=9, labels={n: f"{n} 00" for n in ("near", "far", "new")})
    c.endpoints |= a.endpoints
    c.build()
    await c.news.poll()
    c.new.put("/f", b"x")
    assert (await c.stat("/f")).level is None
    assert c.questions()["new"] == 1


@on_loop
async def test_host_that_knows_an_endpoint_by_other_options_asks_for_itself():
    a, _ = await hosts()
    a.put("/f")
    await known(a, "/f")
    c = SharedWorld(everywhere(a), a.time, like=a, near=1, far=50, labels={"near": "near 00", "far": "far 01"})
    await c.news.poll()
    assert (await c.locate("/f")).level is None


@on_loop
async def test_path_of_any_length_and_any_characters_is_shared():
    a, b = await hosts()
    for path in ("/" + "x" * 8000, "/with space\tand é ✓", "/n\u2029"):
        a.put(path)
        await known(a, path)
        assert (await b.locate(path)).level == "L2"


# --- what changed ---


@on_loop
async def test_what_one_host_changed_no_host_believes_any_more_without_waiting():
    a, b = await hosts()
    a.put("/d/f")
    await known(a, "/d/f")
    for name in ("near", "far"):
        await a.endpoints[name].delete("/d/f", a.call())
    assert (await b.locate("/d/f")).level == "L2", "nobody has said so yet"
    b.fresh()
    await a.federation.forget("/d/f")
    await absent(b, "/d/f")
    await absent(a, "/d/f")


@on_loop
async def test_what_a_host_itself_remembers_is_forgotten_when_it_hears_of_the_change():
    a, b = await hosts()
    a.put("/d/f")
    await known(a, "/d/f")
    await b.locate("/d/f")
    await a.federation.forget("/d/f")
    assert b.peek("/d/f") is not None
    await b.news.poll()
    assert b.peek("/d/f") is None


@on_loop
async def test_new_file_is_not_hidden_by_an_absence_that_another_host_found():
    a, b = await hosts()
    await absent(b, "/f")
    a.put("/f")
    await a.federation.forget("/f")
    await b.news.poll()
    assert holders(await b.locate("/f")) == ["far", "near"]


@on_loop
async def test_answer_asked_for_before_a_change_and_kept_after_it_is_believed_by_nobody():
    a, b, c = await hosts(3)
    a.put("/f")
    a.near.delay = a.far.delay = 0.1
    asking = asyncio.create_task(b.stat("/f"))
    await asyncio.sleep(0.03)
    a.near.delay = a.far.delay = 0.0
    await a.endpoints["near"].delete("/f", a.call())
    await a.endpoints["far"].delete("/f", a.call())
    await a.federation.forget("/f")
    await asyncio.gather(asking, return_exceptions=True)
    await b.landed()
    await absent(c, "/f")
    await absent(a, "/f")


@on_loop
async def test_everything_is_forgotten_at_one_word():
    a, b = await hosts()
    for path in ("/f", "/g"):
        a.put(path)
        await known(a, path)
        await b.locate(path)
    await a.news.announce(None)
    await b.news.poll()
    assert b.peek("/f") is b.peek("/g") is None
    assert (await b.locate("/f")).level is None


@on_loop
async def test_worker_that_comes_later_knows_what_changed_before():
    a, _ = await hosts()
    a.put("/d/f")
    a.put("/d/g")
    await known(a, "/d/f")
    await known(a, "/d/g")
    await a.federation.forget("/d/f")
    late = SharedWorld(everywhere(a), a.time, like=a, near=1, far=50)
    await late.news.poll()
    assert (await late.locate("/d/f")).level is None
    assert (await late.locate("/d/g")).level == "L2"


@on_loop
async def test_worker_that_has_not_read_the_journals_believes_nothing():
    a, _ = await hosts()
    a.put("/f")
    await known(a, "/f")
    late = SharedWorld(everywhere(a), a.time, like=a, near=1, far=50)
    late.news.current = lambda server, head: asyncio.sleep(0, False)
    assert (await late.locate("/f")).level is None


# --- servers that go and come ---


def home(host, path):
    """Return the server that keeps a path."""
    return host.ring.home(host.keys.digest(path))


def silence(worlds, address, silent=True):
    for world in worlds:
        for server in world.ring.servers:
            if server.address == address:
                server.silent = silent


@on_loop
async def test_server_that_was_away_during_a_change_is_not_believed_when_it_is_back():
    a, b = await hosts()
    a.put("/f")
    await known(a, "/f")
    lost = home(a, "/f").address
    silence((a, b), lost)
    await a.endpoints["near"].delete("/f", a.call())
    await a.endpoints["far"].delete("/f", a.call())
    await a.federation.forget("/f")
    await b.news.poll()
    b.fresh()
    silence((a, b), lost, silent=False)
    await absent(b, "/f")
    b.fresh()
    await a.news.poll()
    await absent(b, "/f")


@on_loop
async def test_server_that_only_the_changing_host_cannot_reach_is_not_believed_by_the_others():
    a, b = await hosts()
    a.put("/f")
    await known(a, "/f")
    silence((a,), home(a, "/f").address)
    await a.federation.forget("/f")
    await b.news.poll()
    b.fresh()
    assert (await b.locate("/f")).level is None


@on_loop
async def test_server_is_told_when_it_is_back_and_believed_about_what_was_asked_since():
    a, b = await hosts()
    a.put("/f")
    await known(a, "/f")
    lost = home(a, "/f").address
    silence((a,), lost)
    assert await a.news.announce("/f") == [lost]
    silence((a,), lost, silent=False)
    await a.news.poll()
    assert await a.news.deliver() == []
    for host in (a, b):
        await host.news.poll()
        host.fresh()
    await known(a, "/f")
    assert (await b.locate("/f")).level == "L2"


@on_loop
async def test_changes_that_cannot_be_told_to_a_server_become_one_about_everything():
    a, b = await hosts(servers=1)
    a.put("/f")
    await known(a, "/f")
    await b.locate("/f")
    silence((a,), "m0:1")
    for number in range(1001):
        await a.news.announce(f"/{number}")
    silence((a,), "m0:1", silent=False)
    await a.news.poll()
    await b.news.poll()
    assert b.peek("/f") is None
    assert len(everywhere(a)[0].begin("j")) == 1


@on_loop
async def test_while_a_server_is_away_the_other_keeps_its_names():
    a, b = await hosts()
    a.put("/f")
    silence((a, b), home(a, "/f").address)
    await known(a, "/f")
    assert (await b.locate("/f")).level == "L2"


@on_loop
async def test_without_any_server_the_endpoints_are_asked_at_once():
    a, b = await hosts()
    a.put("/f")
    silence((a, b), "m0:1")
    silence((a, b), "m1:1")
    await known(a, "/f")
    assert (await b.locate("/f")).level is None


# --- servers that lose, mix up and lie ---


@on_loop
async def test_flushed_servers_are_filled_again():
    a, b = await hosts()
    a.put("/f")
    await known(a, "/f")
    for store in everywhere(a):
        store.items.clear()
    assert (await b.locate("/f")).level is None
    await b.landed()
    for host in (a, b):
        await host.news.poll()
        host.fresh()
    await known(a, "/f")
    assert (await b.locate("/f")).level == "L2"


@on_loop
async def test_lost_journal_makes_a_host_forget_all_unless_the_other_told_everything():
    for servers, remembered in ((1, False), (2, True)):
        a, b = await hosts(servers=servers)
        a.put("/f")
        await known(b, "/f")
        everywhere(a)[0].items.clear()
        await b.news.poll()
        assert (b.peek("/f") is not None) is remembered


@on_loop
async def test_all_journals_lost_at_once_make_a_host_forget_all():
    a, b = await hosts()
    a.put("/f")
    await known(b, "/f")
    for store in everywhere(a):
        store.items.clear()
    b.time.now += 0.3
    await b.news.poll()
    assert b.peek("/f") is None


@on_loop
async def test_record_that_was_evicted_before_it_was_read_makes_a_host_forget_all():
    a, b = await hosts(servers=1)
    a.put("/f")
    await known(b, "/f")
    await a.federation.forget("/g")
    store = everywhere(a)[0]
    for key in store.begin("j"):
        del store.items[key]
    await b.news.poll()
    assert b.peek("/f") is not None, "it may still be on its way"
    b.fresh()
    assert (await b.locate("/f")).level is None, "meanwhile the server is not believed"
    await b.landed()
    b.time.now += 0.5
    await b.news.poll()
    assert b.peek("/f") is None


@on_loop
async def test_every_journal_can_be_begun_anew_whatever_stands_in_its_place():
    a, b = await hosts(servers=1)
    store = everywhere(a)[0]
    for garbage in (b"", b"garbage", b"-5", b"7", b"99999999999999999999999", os.urandom(100)):
        store.set(a.keys.head, garbage, 600)
        await a.federation.forget("/x")
        await a.news.poll()
        await b.news.poll()
        a.put("/f")
        a.fresh()
        b.fresh()
        await known(a, "/f")
        assert (await b.locate("/f")).level == "L2", garbage
        await a.federation.forget("/f")
        await b.news.poll()
        assert b.peek("/f") is None, garbage


@on_loop
async def test_garbage_under_every_key_is_never_an_answer():
    a, b = await hosts()
    a.put("/f", b"1234567")
    await known(a, "/f")
    await absent(a, "/g")
    assert await a.names("/") == ["f"]
    await asyncio.sleep(0.05)
    for garbage in (b"", b"x", os.urandom(300), b"u1n" + os.urandom(200)):
        for store in everywhere(a):
            for key in list(store.items):
                store.set(key, garbage, 600)
        b.fresh()
        assert (await b.locate("/f")).info.size == 7
        await absent(b, "/g")
        assert await b.names("/") == ["f"]


@on_loop
async def test_values_under_each_others_keys_are_never_an_answer():
    a, b = await hosts(servers=1)
    a.put("/f", b"1234567")
    await known(a, "/f")
    await absent(a, "/g")
    store = everywhere(a)[0]
    one, other = store.begin("n")
    store.items[one], store.items[other] = store.items[other], store.items[one]
    assert (await b.locate("/f")).info.size == 7
    await absent(b, "/g")


@on_loop
async def test_old_value_that_comes_back_after_a_change_is_not_believed():
    a, b = await hosts(servers=1)
    await absent(a, "/f")
    store = everywhere(a)[0]
    old = {key: store.items[key] for key in store.begin("n")}
    a.put("/f")
    await a.federation.forget("/f")
    await known(a, "/f")
    store.items |= old
    assert holders(await b.locate("/f")) == ["far", "near"]


@on_loop
async def test_hosts_with_different_keys_share_nothing_and_answer_rightly():
    a, _ = await hosts(key="one")
    b = SharedWorld(everywhere(a), a.time, like=a, key="another", near=1, far=50)
    await b.news.poll()
    a.put("/f")
    await known(a, "/f")
    assert (await b.locate("/f")).level is None


# --- one question in the cluster ---


@on_loop
async def test_one_cold_name_is_asked_for_once_by_all_hosts():
    a, b = await hosts()
    a.put("/f")
    a.near.delay = a.far.delay = 0.08
    found = await asyncio.gather(*(host.stat("/f") for host in (a, b) for _ in range(25)))
    assert {tuple(holders(located)) for located in found} == {("far", "near")}
    assert a.questions() == {"near": 1, "far": 1}
    await a.landed()
    assert [store.begin("c") for store in everywhere(a)] == [[], []]


@on_loop
async def test_who_waits_for_somebody_that_died_asks_soon():
    a, b = await hosts()
    a.put("/f")
    server = home(a, "/f")
    server.store.add(a.keys.claim(a.keys.digest("/f")), f"{a.time():.3f}", expire=3)
    began = asyncio.get_running_loop().time()
    assert (await b.locate("/f")).level is None
    assert 0.15 < asyncio.get_running_loop().time() - began < 0.4


@on_loop
async def test_nobody_waits_longer_than_the_call_has_time():
    a, b = await hosts()
    a.put("/f")
    a.near.delay = a.far.delay = 0.3
    server = home(a, "/f")
    server.store.add(a.keys.claim(a.keys.digest("/f")), f"{a.time():.3f}", expire=3)
    began = asyncio.get_running_loop().time()
    with pytest.raises(Unavailable):
        await b.locate("/f", seconds=0.05)
    assert asyncio.get_running_loop().time() - began < 0.15


@on_loop
async def test_answer_that_is_not_worth_remembering_lets_those_go_who_wait():
    a, _ = await hosts()
    a.near.delay, a.far.delay = 0.02, 5.0
    asking = asyncio.create_task(a.locate("/f", seconds=0.1))
    await asyncio.sleep(0.01)
    assert home(a, "/f").store.begin("c") != []
    with pytest.raises(Unavailable):
        await asking
    await a.landed()
    assert home(a, "/f").store.begin("c") == []


# --- listings ---


async def listed(host, path):
    """Return the names in a directory, and wait until the listing is kept."""
    names = await host.names(path)
    await asyncio.sleep(0.05)
    return names


@on_loop
async def test_listing_that_one_host_read_is_not_read_by_the_other():
    a, b = await hosts()
    for number in range(3):
        a.put(f"/d/n{number}")
    assert await listed(a, "/d") == ["n0", "n1", "n2"]
    before = a.questions("list")
    assert await listed(b, "/d") == ["n0", "n1", "n2"]
    assert a.questions("list") == before


@on_loop
async def test_listing_of_any_size_is_kept_in_pieces_or_not_at_all(monkeypatch):
    monkeypatch.setattr(shared, "INLINE", 100)
    monkeypatch.setattr(shared, "PIECE", 500)
    a, b = await hosts()
    for number in range(500):
        a.put(f"/d/{os.urandom(8).hex()}{number}")
    names = await listed(a, "/d")
    assert sum(len(store.begin("p")) for store in everywhere(a)) > 5
    before = a.questions("list")
    assert await listed(b, "/d") == names
    assert a.questions("list") == before
    for store in everywhere(a):
        for key in store.begin("p")[:1]:
            del store.items[key]
    b.fresh()
    b.cache.clear_listings()
    assert await listed(b, "/d") == names
    assert a.questions("list") != before, "a piece was missing"


@on_loop
async def test_listing_is_not_believed_after_a_change_inside():
    a, b = await hosts()
    a.put("/d/f")
    assert await listed(a, "/d") == ["f"]
    a.put("/d/g")
    await a.federation.forget("/d/g")
    assert await listed(b, "/d") == ["f", "g"]


@on_loop
async def test_listing_that_misses_an_endpoint_says_so_on_the_other_host():
    a, b = await hosts()
    a.put("/d/f")
    a.down("far")
    assert await listed(a, "/d") == ["f"]
    listing = await b.listing("/d")
    assert listing.unasked == ("far",)
    a.time.now += a.settings.cache.partial_ttl + 1.0
    b.up("far")
    before = a.questions("list")
    b.cache.clear_listings()
    assert await listed(b, "/d") == ["f"]
    assert a.questions("list") != before
