# SPDX-License-Identifier: Apache-2.0
"""Two hosts that remember together: what one asked, the other need not ask; what changed, nobody believes."""

from __future__ import annotations

import asyncio
import os

import pytest

from tests.unit.federation.fakes import SharedWorld
from tests.unit.federation.several import absent, everywhere, hosts, known, listed
from tests.unit.federation.world import holders, on_loop
from ugr.errors import Unavailable
from ugr.federation import shared

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


# --- listings ---


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
