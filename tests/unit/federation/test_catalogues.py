# SPDX-License-Identifier: Apache-2.0
"""Catalogues name copies; the endpoints that have them say whether they are there."""

import asyncio

import pytest

from tests.unit.federation.world import World, holders, on_loop
from ugr.errors import NotFound, Refused, Unavailable
from ugr.federation.answers import Target
from ugr.model import Intent, Replica, Result, Transfer

OPTIONS = {
    "cat": {"role": "catalogue"},
    "near": {"url": "http://near.test", "only_named": True},
    "far": {"url": "http://far.test"},
}


def world(**changes) -> World:
    """Return a catalogue, a near endpoint that is asked only for what it names, and a far one."""
    options = {name: {**written, **changes.get(name, {})} for name, written in OPTIONS.items()}
    return World(cat=1, near=1, far=50, options=options)


def names(w: World, path: str, *urls: str, **known) -> None:
    w.cat.names[path] = [Replica(url, **known) for url in urls]


def answers(located) -> dict[str, Result]:
    return {answer.endpoint: answer.result for answer in located.answers}


@on_loop
async def test_a_named_copy_is_found_where_it_was_named_and_clients_are_sent_there():
    w = world()
    w.near.put("/pool/7/xyz")
    names(w, "/f", "dav://near.test:80/pool/7/xyz")
    located = await w.locate("/f")

    assert located.holders == (Target("near", "/pool/7/xyz"),)
    assert answers(located) == {"near": Result.FOUND, "far": Result.ABSENT, "cat": Result.NAMED}
    url = w.federation.redirect(located, Intent.GET, Transfer(), w.call()).location.url
    assert url == "http://near.test/pool/7/xyz"


@on_loop
async def test_what_was_named_is_remembered_with_its_place():
    w = world()
    w.near.put("/pool/7/xyz")
    names(w, "/f", "http://near.test/pool/7/xyz")
    await w.locate("/f")
    await w.landed()

    assert w.peek("/f").holders == (Target("near", "/pool/7/xyz"),)
    assert w.questions("replicas")["cat"] == 1


@on_loop
async def test_an_endpoint_that_is_asked_only_for_named_copies_is_asked_for_nothing_else():
    w = world()
    w.near.put("/f")
    w.far.put("/f")
    located = await w.stat("/f")

    assert holders(located) == ["far"]
    assert w.questions() == {"cat": 0, "near": 0, "far": 1}
    assert answers(located) == {"far": Result.FOUND, "cat": Result.ABSENT}


@on_loop
async def test_a_named_copy_that_is_not_there_is_not_a_copy():
    w = world()
    names(w, "/f", "http://near.test/gone")
    with pytest.raises(NotFound):
        await w.locate("/f")
    assert w.questions() == {"cat": 0, "near": 1, "far": 1}


@on_loop
async def test_an_endpoint_that_does_not_have_it_where_its_mount_says_may_have_it_where_it_is_named():
    w = world()
    w.far.put("/elsewhere/f")
    names(w, "/f", "http://far.test/elsewhere/f")
    located = await w.locate("/f")

    assert located.holders == (Target("far", "/elsewhere/f"),)
    assert answers(located) == {"far": Result.FOUND, "cat": Result.NAMED}


@on_loop
async def test_an_endpoint_that_has_it_where_its_mount_says_is_not_asked_again():
    w = world()
    w.far.put("/f")
    w.cat.delay = 0.03
    names(w, "/f", "http://far.test/elsewhere/f")
    located = await w.stat("/f")
    await w.landed()

    assert located.holders == (Target("far", "/f"),)
    assert w.questions()["far"] == 1


@on_loop
async def test_a_nearer_copy_that_only_a_catalogue_knows_wins():
    w = world()
    w.near.put("/x")
    w.far.put("/f")
    w.cat.delay = 0.02
    names(w, "/f", "http://near.test/x")
    located = await w.locate("/f")

    assert w.federation.redirect(located, Intent.GET, Transfer(), w.call()).endpoint == "near"


@on_loop
async def test_nobody_waits_for_a_catalogue_when_nothing_could_be_nearer():
    w = World(cat=1, near=1, options={"cat": {"role": "catalogue"}, "near": {}})
    w.near.put("/f")
    w.cat.delay = 0.3
    started = asyncio.get_running_loop().time()

    assert holders(await w.locate("/f")) == ["near"]
    assert asyncio.get_running_loop().time() - started < 0.2


@on_loop
async def test_several_paths_on_one_endpoint_are_one_copy():
    w = world()
    w.near.put("/b")
    names(w, "/f", "http://near.test/a", "http://near.test/b", "http://near.test/b")
    located = await w.stat("/f")

    assert located.holders == (Target("near", "/b"),)
    assert w.questions()["near"] == 2


@on_loop
async def test_urls_of_nobody_are_counted_and_nothing_is_asked():
    w = world()
    names(w, "/f", "https://elsewhere.test/f", "srm://nowhere/f", "http://cat.test/f")
    told = await w.federation.explain("/f", w.mounts.eligible("/f"), w.call())

    assert isinstance(told.error, NotFound)
    assert [(answer.endpoint, answer.result, answer.reason) for answer in told.answers] == [
        ("far", Result.ABSENT, None),
        ("cat", Result.NAMED, "copies on no endpoint that could be asked, and 3 elsewhere"),
    ]
    assert w.questions() == {"cat": 0, "near": 0, "far": 1}


@on_loop
async def test_a_silent_catalogue_is_not_an_absence():
    w = world()
    w.cat.fail = Refused("connection refused")
    with pytest.raises(Unavailable, match="cat: connection refused"):
        await w.locate("/f")
    w.far.put("/g")
    assert holders(await w.locate("/g")) == ["far"]


@on_loop
async def test_a_catalogue_that_hangs_costs_no_more_than_the_deadline_and_hides_no_find():
    w = world()
    w.cat.hang = True
    w.far.put("/g")
    with pytest.raises(Unavailable):
        await w.locate("/f")
    assert holders(await w.stat("/g")) == ["far"]
    await w.landed()


@on_loop
async def test_a_named_endpoint_that_does_not_answer_is_not_an_absence():
    w = world()
    w.near.fail = Refused("connection refused")
    names(w, "/f", "http://near.test/x")
    with pytest.raises(Unavailable, match="near: connection refused"):
        await w.locate("/f")


@on_loop
async def test_a_named_endpoint_that_is_down_is_not_asked_and_is_told():
    w = world()
    w.down("near")
    w.far.put("/f")
    names(w, "/f", "http://near.test/x")
    names(w, "/g", "http://near.test/x")

    assert (await w.stat("/f")).unasked == ("near",)
    assert w.questions()["near"] == 0
    with pytest.raises(NotFound) as caught:
        await w.locate("/g")
    assert caught.value.unasked == ("near",)


@on_loop
async def test_a_catalogue_that_is_down_is_told():
    w = world()
    w.down("cat")
    with pytest.raises(NotFound) as caught:
        await w.locate("/f")
    assert caught.value.unasked == ("cat",)


@on_loop
async def test_a_catalogue_names_nothing_that_the_mount_does_not_show():
    w = world(near={"mount": ("/=/public",)})
    w.near.put("/private/f")
    w.near.put("/public/f")
    names(w, "/f", "http://near.test/private/f", "http://near.test/publications/f")
    with pytest.raises(NotFound):
        await w.locate("/f")
    names(w, "/g", "http://near.test/public/f")
    assert (await w.locate("/g")).holders == (Target("near", "/public/f"),)


@on_loop
async def test_a_catalogue_names_nothing_on_endpoints_that_are_mounted_elsewhere():
    w = world(near={"mount": ("/other",)})
    w.near.put("/x")
    names(w, "/f", "http://near.test/x")
    with pytest.raises(NotFound):
        await w.locate("/f")


@on_loop
async def test_checksums_of_the_catalogue_count_for_a_copy_of_its_size():
    w = world()
    w.near.put("/x", b"abc")
    names(w, "/f", "http://near.test/x", size=3, checksums={"adler32": "024d0127"})
    names(w, "/g", "http://near.test/x", size=4, checksums={"adler32": "00000001"})

    assert (await w.stat("/f")).info.checksums == {"adler32": "024d0127"}
    assert (await w.stat("/g")).info.checksums == {}


@on_loop
async def test_a_listing_of_a_catalogue_does_not_make_it_a_holder():
    w = world()
    w.cat.put("/d/f")
    w.near.put("/x")
    names(w, "/d/f", "http://near.test/x")

    assert await w.names("/d") == ["f"]
    await w.landed()
    assert holders(await w.locate("/d/f")) == ["near"]


@on_loop
async def test_without_catalogues_questions_are_what_they_were():
    w = World(near=1, far=50)

    assert w.mounts.eligible("/").catalogues == frozenset()
    assert w.mounts.eligible("/").asked == w.mounts.eligible("/").readers
    assert w.mounts.eligible("/").listing_tells
