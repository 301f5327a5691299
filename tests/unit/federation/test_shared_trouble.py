# SPDX-License-Identifier: Apache-2.0
"""Two hosts that remember together while memcached is away, emptied, mixed up, or asked by many at once."""

from __future__ import annotations

import asyncio
import os

import pytest

from tests.unit.federation.fakes import SharedWorld
from tests.unit.federation.several import absent, everywhere, home, hosts, known, silence
from tests.unit.federation.world import holders, on_loop
from ugr.errors import Unavailable


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
