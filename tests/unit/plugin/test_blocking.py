# SPDX-License-Identifier: Apache-2.0
"""Blocking endpoints behind the contract: verbs, capabilities, errors."""


import pytest

from tests.unit.plugin.plain import Options, Plain, Whole, run, soon
from ugr.errors import Misbehaved, NotFound, Unsupported
from ugr.model import FileInfo, Intent, Location, Replica, Transfer, Usage
from ugr.plugin.blocking import Threaded
from ugr.plugin.endpoint import MultipartStep


def test_verbs_run_in_threads_of_the_endpoint():
    async def scenario():
        blocking = Plain("mine")
        endpoint = Threaded(blocking)
        assert await endpoint.stat("/a/b", soon()) == FileInfo("b", size=1)
        assert blocking.seen == [("/a/b", "mine-0")]
        await endpoint.close()

    run(scenario())


def test_every_verb_reaches_the_plain_method_with_its_arguments():
    async def scenario():
        blocking = Whole()
        endpoint = Threaded(blocking)
        call = soon()
        await endpoint.delete("/d", call)
        await endpoint.mkdir("/m", call)
        await endpoint.move("/s", "/t", True, call)
        await endpoint.copy("/s", "/t", False, call)
        await endpoint.store_checksum("/f", "md5", "00", call)
        await endpoint.health(call)
        assert blocking.seen == [
            ("delete", "/d"),
            ("mkdir", "/m"),
            ("move", "/s", "/t", True),
            ("copy", "/s", "/t", False),
            ("store_checksum", "/f", "md5", "00"),
            ("health",),
        ]
        assert await endpoint.checksum("/f", "md5", call) == "md5 of /f"
        assert await endpoint.usage("/", call) == Usage(1, 2)
        assert await endpoint.replicas("/f", call) == [Replica("https://elsewhere.test/f")]
        parts = await endpoint.multipart("/f", MultipartStep.PARTS, Transfer(), call, upload_id="u", parts=2)
        assert [location.url for location in parts.locations] == ["http://plain.test/f/0", "http://plain.test/f/1"]
        with await endpoint.data("/f", call) as stream:
            assert stream.read() == b"/f"
        assert endpoint.redirect("/f", Intent.GET, Transfer(), call) == Location("http://plain.test/f")
        assert await endpoint.refresh() is None
        await endpoint.open(None)
        await endpoint.close()

    run(scenario())


def test_verbs_that_are_not_overridden_are_unsupported():
    async def scenario():
        endpoint = Threaded(Plain())
        for question in (
            endpoint.delete("/f", soon()),
            endpoint.mkdir("/f", soon()),
            endpoint.move("/f", "/g", False, soon()),
            endpoint.copy("/f", "/g", False, soon()),
            endpoint.checksum("/f", "md5", soon()),
            endpoint.store_checksum("/f", "md5", "", soon()),
            endpoint.multipart("/f", MultipartStep.START, Transfer(), soon()),
            endpoint.usage("/", soon()),
            endpoint.data("/f", soon()),
            endpoint.replicas("/f", soon()),
        ):
            with pytest.raises(Unsupported):
                await question
        await endpoint.health(soon())
        await endpoint.close()

    run(scenario())


def test_capabilities_are_those_of_the_blocking_class():
    assert not any(Threaded(Plain()).capabilities().values())
    assert all(Threaded(Whole(options=Options(writable=True))).capabilities().values())
    masked = Threaded(Whole()).capabilities()
    assert [verb for verb, granted in masked.items() if granted] == ["checksum", "usage", "health", "data", "replicas"]


def test_the_facts_of_the_class_are_those_of_the_blocking_class():
    endpoint = Threaded(Plain("n"))
    assert (endpoint.name, endpoint.type, endpoint.Options, endpoint.delegates) == ("n", "plain", Options, False)


@pytest.mark.parametrize(
    "raised", [KeyError("s3cret"), StopIteration(), SystemExit(1), OSError(5, "s3cret"), TimeoutError()]
)
def test_whatever_plugin_code_raises_becomes_misbehaved_with_its_type(raised):
    class Faulty(Plain):
        def stat(self, path, call):
            raise raised

    async def scenario():
        endpoint = Threaded(Faulty())
        with pytest.raises(Misbehaved) as caught:
            await endpoint.stat("/f", soon())
        assert caught.value.message == f"its plugin failed: {type(raised).__name__}"
        assert "s3cret" not in str(caught.value)
        assert caught.value.__cause__ is raised
        assert (caught.value.endpoint, caught.value.verb, caught.value.path) == ("plain", "stat", "/f")
        await endpoint.close()

    run(scenario())


def test_errors_of_the_contract_pass_with_what_the_plugin_did_not_know():
    class Empty(Plain):
        def stat(self, path, call):
            raise NotFound("no such name")

        def redirect(self, path, intent, transfer, call):
            raise Unsupported("not this way")

    async def scenario():
        endpoint = Threaded(Empty("e"))
        with pytest.raises(NotFound) as caught:
            await endpoint.stat("/f", soon())
        assert str(caught.value) == "no such name (endpoint=e, verb=stat, path=/f)"
        with pytest.raises(Unsupported) as refused:
            endpoint.redirect("/f", Intent.PUT, Transfer(), soon())
        assert str(refused.value) == "not this way (endpoint=e, verb=redirect, path=/f)"
        await endpoint.close()

    run(scenario())


def test_a_bug_in_redirect_is_misbehaved_too():
    class Faulty(Plain):
        def redirect(self, path, intent, transfer, call):
            raise ZeroDivisionError

    with pytest.raises(Misbehaved, match="ZeroDivisionError"):
        Threaded(Faulty()).redirect("/f", Intent.GET, Transfer(), soon())


def test_closing_twice_closes_once():
    async def scenario():
        blocking = Plain()
        endpoint = Threaded(blocking)
        await endpoint.close()
        await endpoint.close()
        assert blocking.closed_in == ["closed"]

    run(scenario())
