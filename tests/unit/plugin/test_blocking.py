# SPDX-License-Identifier: Apache-2.0
"""Blocking endpoints in their threads: results, deadlines, threads that do not come back."""

import asyncio
import io
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from ugr.call import Call
from ugr.config.types import Duration
from ugr.errors import Busy, DeadlineExceeded, Misbehaved, NotFound, Timeout, UgrError, Unavailable, Unsupported
from ugr.model import FileInfo, Intent, Location, Transfer, Usage
from ugr.plugin.blocking import BlockingEndpoint, BlockingOptions, Threaded
from ugr.plugin.endpoint import Multipart, MultipartStep


@dataclass(frozen=True, kw_only=True)
class Options(BlockingOptions):
    pass


class Plain(BlockingEndpoint):
    """Every answer tells which thread gave it; ``gate`` holds questions until it is set."""

    type = "plain"
    Options = Options

    def __init__(self, name="plain", options=None):
        super().__init__(name, options or Options())
        self.gate = threading.Event()
        self.gate.set()
        self.seen = []
        self.closed_in = []
        self.entries = 3

    def stat(self, path, call):
        self.seen.append((path, threading.current_thread().name))
        self.gate.wait(10)
        return FileInfo(path.rpartition("/")[2], size=1)

    def list(self, path, call):
        thread = threading.current_thread().name
        try:
            for number in range(self.entries):
                self.seen.append((number, thread))
                yield FileInfo(f"{number}", size=number)
        finally:
            self.closed_in.append(threading.current_thread().name)

    def redirect(self, path, intent, transfer, call):
        return Location(f"http://plain.test{path}", intent)

    def close(self):
        self.closed_in.append("closed")


class Whole(Plain):
    """Has every verb."""

    def delete(self, path, call):
        self.seen.append(("delete", path))

    def mkdir(self, path, call):
        self.seen.append(("mkdir", path))

    def move(self, source, target, overwrite, call):
        self.seen.append(("move", source, target, overwrite))

    def copy(self, source, target, overwrite, call):
        self.seen.append(("copy", source, target, overwrite))

    def checksum(self, path, algorithm, call):
        return f"{algorithm} of {path}"

    def store_checksum(self, path, algorithm, value, call):
        self.seen.append(("store_checksum", path, algorithm, value))

    def multipart(self, path, step, transfer, call, *, upload_id=None, parts=1):
        return Multipart(upload_id, tuple(Location(f"http://plain.test{path}/{n}") for n in range(parts)))

    def usage(self, path, call):
        return Usage(1, 2)

    def health(self, call):
        self.seen.append(("health",))

    def data(self, path, call):
        self.gate.wait(10)
        self.stream = io.BytesIO(path.encode())
        return self.stream


def soon(seconds=5.0):
    return Call.until(seconds)


def run(scenario):
    return asyncio.run(scenario)


async def eventually(condition):
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "did not happen"
        await asyncio.sleep(0.002)


async def names_and_error(entries):
    names = []
    try:
        async for info in entries:
            names.append(info.name)
    except UgrError as error:
        return names, error
    return names, None


@contextmanager
def held(blocking):
    """Have every question wait."""
    blocking.gate.clear()
    try:
        yield
    finally:
        blocking.gate.set()


def threads_of(name):
    return [thread for thread in threading.enumerate() if thread.name.startswith(name)]


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
    assert [verb for verb, granted in masked.items() if granted] == ["checksum", "usage", "health", "data"]


def test_the_facts_of_the_class_are_those_of_the_blocking_class():
    endpoint = Threaded(Plain("n"))
    assert (endpoint.name, endpoint.type, endpoint.Options, endpoint.delegates) == ("n", "plain", Options, False)


def test_a_thread_that_is_late_is_abandoned_and_its_result_dropped():
    async def scenario():
        blocking = Plain()
        endpoint = Threaded(blocking)
        with held(blocking):
            started = time.monotonic()
            with pytest.raises(Timeout) as caught:
                await endpoint.stat("/f", soon(0.05))
            assert time.monotonic() - started < 0.3
            assert (caught.value.endpoint, caught.value.verb, caught.value.path) == ("plain", "stat", "/f")
            assert endpoint.abandoned == 1
        await eventually(lambda: endpoint.abandoned == 0)
        await endpoint.close()

    run(scenario())


def test_when_all_threads_are_abandoned_questions_fail_at_once_and_recover():
    async def scenario():
        blocking = Plain(options=Options(max_threads=2))
        endpoint = Threaded(blocking)
        with held(blocking):
            answers = await asyncio.gather(
                *(endpoint.stat(f"/{n}", soon(0.05)) for n in range(2)), return_exceptions=True
            )
            assert [type(answer) for answer in answers] == [Timeout, Timeout]
            assert endpoint.abandoned == 2
            started = time.monotonic()
            with pytest.raises(Timeout, match="all 2 threads"):
                await endpoint.stat("/at-once", soon(5))
            assert time.monotonic() - started < 0.2
        await eventually(lambda: endpoint.abandoned == 0)
        assert await endpoint.stat("/again", soon()) == FileInfo("again", size=1)
        assert "/at-once" not in [path for path, _ in blocking.seen]
        await endpoint.close()

    run(scenario())


def test_questions_that_wait_fail_when_the_last_thread_is_abandoned():
    async def scenario():
        blocking = Plain(options=Options(max_threads=1))
        endpoint = Threaded(blocking)
        with held(blocking):
            first = asyncio.create_task(endpoint.stat("/first", soon(0.05)))
            await asyncio.sleep(0)
            started = time.monotonic()
            with pytest.raises(Timeout):
                await endpoint.stat("/waiting", soon(5))
            assert time.monotonic() - started < 0.3
            with pytest.raises(Timeout):
                await first
        await endpoint.close()

    run(scenario())


def test_a_question_that_finds_no_thread_in_time_is_busy_not_silent():
    async def scenario():
        blocking = Plain(options=Options(max_threads=1))
        endpoint = Threaded(blocking)
        with held(blocking):
            first = asyncio.create_task(endpoint.stat("/first", soon(5)))
            await asyncio.sleep(0)
            with pytest.raises(Busy):
                await endpoint.stat("/second", soon(0.05))
            assert endpoint.abandoned == 0
        assert (await first).name == "first"
        await endpoint.close()

    run(scenario())


def test_waiting_questions_are_answered_in_order():
    async def scenario():
        blocking = Plain(options=Options(max_threads=1))
        endpoint = Threaded(blocking)
        names = [f"/{n}" for n in range(20)]
        answers = await asyncio.gather(*(endpoint.stat(name, soon()) for name in names))
        assert [f"/{info.name}" for info in answers] == names
        assert [path for path, _ in blocking.seen] == names
        await endpoint.close()

    run(scenario())


def test_no_more_threads_than_max_threads_and_none_before_they_are_needed():
    async def scenario():
        blocking = Plain("counted", Options(max_threads=3))
        endpoint = Threaded(blocking)
        assert threads_of("counted") == []
        for _ in range(5):
            await endpoint.stat("/one-at-a-time", soon())
        assert len(threads_of("counted")) == 1
        await asyncio.gather(*(endpoint.stat("/f", soon()) for _ in range(20)))
        assert len(threads_of("counted")) <= 3
        await endpoint.close()
        await eventually(lambda: threads_of("counted") == [])

    run(scenario())


def test_a_call_without_time_is_not_asked():
    async def scenario():
        blocking = Plain()
        endpoint = Threaded(blocking)
        with pytest.raises(DeadlineExceeded):
            await endpoint.stat("/f", soon(0))
        assert blocking.seen == []

    run(scenario())


def test_a_cancelled_question_gives_its_thread_back():
    async def scenario():
        blocking = Plain(options=Options(max_threads=1))
        endpoint = Threaded(blocking)
        with held(blocking):
            tasks = [asyncio.create_task(endpoint.stat("/f", soon())) for _ in range(3)]
            await eventually(lambda: blocking.seen)
            for task in tasks:
                task.cancel()
            assert [type(gone) for gone in await asyncio.gather(*tasks, return_exceptions=True)] == [
                asyncio.CancelledError
            ] * 3
        assert (await endpoint.stat("/next", soon())).name == "next"
        assert len(blocking.seen) == 2
        await endpoint.close()

    run(scenario())


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


def test_a_file_opened_too_late_is_closed_again():
    async def scenario():
        blocking = Whole()
        endpoint = Threaded(blocking)
        with held(blocking), pytest.raises(Timeout):
            await endpoint.data("/f", soon(0.05))
        await eventually(lambda: getattr(blocking, "stream", None) is not None and blocking.stream.closed)
        await endpoint.close()

    run(scenario())


def test_a_listing_is_produced_and_closed_in_one_thread():
    async def scenario():
        blocking = Plain("listed")
        blocking.entries = 2000
        endpoint = Threaded(blocking)
        found = [info.size async for info in endpoint.list("/", soon())]
        assert found == list(range(2000))
        await eventually(lambda: blocking.closed_in)
        assert {thread for _, thread in blocking.seen} == set(blocking.closed_in)
        await endpoint.close()

    run(scenario())


def test_a_listing_is_never_more_than_two_batches_ahead():
    async def scenario():
        blocking = Plain()
        blocking.entries = 100_000
        endpoint = Threaded(blocking)
        entries = endpoint.list("/", soon())
        await anext(entries)
        await asyncio.sleep(0.1)
        assert len(blocking.seen) <= 2 * 512 + 2
        produced = len(blocking.seen)
        await asyncio.sleep(0.05)
        assert len(blocking.seen) == produced
        await entries.aclose()
        await endpoint.close()

    run(scenario())


def test_closing_a_listing_early_closes_the_generator_in_its_thread():
    async def scenario():
        blocking = Plain()
        blocking.entries = 100_000
        endpoint = Threaded(blocking)
        entries = endpoint.list("/", soon())
        await anext(entries)
        await entries.aclose()
        await eventually(lambda: blocking.closed_in)
        assert blocking.closed_in == [blocking.seen[0][1]]
        await eventually(lambda: endpoint.abandoned == 0)
        await endpoint.close()

    run(scenario())


def test_a_slow_page_does_not_hold_back_what_came_before():
    class Paged(Plain):
        def list(self, path, call):
            yield FileInfo("first", size=1)
            self.gate.wait(10)
            yield FileInfo("second", size=2)

    async def scenario():
        blocking = Paged()
        endpoint = Threaded(blocking)
        with held(blocking):
            entries = endpoint.list("/", soon())
            assert (await asyncio.wait_for(anext(entries), 2)).name == "first"
        assert [info.name async for info in entries] == ["second"]
        await endpoint.close()

    run(scenario())


def test_a_listing_that_hangs_ends_with_its_call_and_is_counted():
    class Hanging(Plain):
        def list(self, path, call):
            yield FileInfo("first", size=1)
            self.gate.wait(10)

    async def scenario():
        blocking = Hanging()
        endpoint = Threaded(blocking)
        with held(blocking):
            names, error = await names_and_error(endpoint.list("/", soon(0.1)))
            assert (names, type(error)) == (["first"], Timeout)
            await eventually(lambda: endpoint.abandoned == 1)
        await eventually(lambda: endpoint.abandoned == 0)
        await endpoint.close()

    run(scenario())


def test_a_hanging_listing_that_was_closed_is_counted_after_the_timeout():
    class Hanging(Plain):
        def list(self, path, call):
            yield FileInfo("first", size=1)
            self.gate.wait(10)

    async def scenario():
        blocking = Hanging(options=Options(timeout=Duration(0.05)))
        endpoint = Threaded(blocking)
        with held(blocking):
            entries = endpoint.list("/", soon(60))
            await anext(entries)
            await entries.aclose()
            await eventually(lambda: endpoint.abandoned == 1)
        await eventually(lambda: endpoint.abandoned == 0)
        await endpoint.close()

    run(scenario())


def test_an_error_after_some_entries_comes_after_them():
    class Broken(Plain):
        def list(self, path, call):
            yield FileInfo("first", size=1)
            raise ValueError("nonsense")

    async def scenario():
        endpoint = Threaded(Broken())
        names, error = await names_and_error(endpoint.list("/", soon()))
        assert (names, error.message) == (["first"], "its plugin failed: ValueError")
        await endpoint.close()

    run(scenario())


def test_listings_do_not_keep_questions_waiting():
    async def scenario():
        blocking = Plain(options=Options(max_threads=1))
        blocking.entries = 100_000
        endpoint = Threaded(blocking)
        entries = endpoint.list("/", soon())
        await anext(entries)
        assert (await endpoint.stat("/f", soon(2))).name == "f"
        await entries.aclose()
        await endpoint.close()

    run(scenario())


def test_closing_does_not_wait_for_hanging_threads():
    async def scenario():
        blocking = Plain()
        endpoint = Threaded(blocking)
        with held(blocking):
            with pytest.raises(Timeout):
                await endpoint.stat("/f", soon(0.05))
            started = time.monotonic()
            await endpoint.close()
            assert time.monotonic() - started < 0.3
            assert blocking.closed_in == ["closed"]
            with pytest.raises(Unavailable):
                await endpoint.stat("/f", soon())
        await eventually(lambda: threads_of("plain-") == [])

    run(scenario())


def test_closing_twice_closes_once():
    async def scenario():
        blocking = Plain()
        endpoint = Threaded(blocking)
        await endpoint.close()
        await endpoint.close()
        assert blocking.closed_in == ["closed"]

    run(scenario())


def test_a_close_that_hangs_is_given_up():
    class Hanging(Plain):
        def close(self):
            self.gate.wait(10)

    async def scenario():
        blocking = Hanging(options=Options(timeout=Duration(0.05)))
        with held(blocking), pytest.raises(Timeout):
            await Threaded(blocking).close()

    run(scenario())


def test_a_thread_that_comes_back_after_the_loop_is_gone_ends_quietly():
    blocking = Plain("orphan")
    blocking.gate.clear()

    async def scenario():
        with pytest.raises(Timeout):
            await Threaded(blocking).stat("/f", soon(0.05))

    run(scenario())
    blocking.gate.set()
    deadline = time.monotonic() + 5
    while threads_of("orphan") and time.monotonic() < deadline:
        time.sleep(0.005)
    assert threads_of("orphan") == []


def test_a_thousand_questions_and_listings_leave_nothing_behind():
    async def scenario():
        blocking = Plain("busy", Options(max_threads=4))
        endpoint = Threaded(blocking)

        async def listing():
            return [info.name async for info in endpoint.list("/", soon(20))]

        questions = [endpoint.stat(f"/{n}", soon(20)) for n in range(900)]
        answers = await asyncio.gather(*questions, *(listing() for _ in range(100)))
        assert [info.name for info in answers[:900]] == [str(n) for n in range(900)]
        assert answers[900:] == [["0", "1", "2"]] * 100
        assert len(asyncio.all_tasks()) == 1
        await endpoint.close()
        await eventually(lambda: threads_of("busy") == [])

    run(scenario())
