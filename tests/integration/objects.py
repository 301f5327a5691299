# SPDX-License-Identifier: Apache-2.0
"""What is the same on every object storage, as tests: derive ``Test...`` classes, with a fixture ``site``.

``site(**options)`` gives an ``ObjectSite`` with a container of its own, unless one is named.
"""

from __future__ import annotations

import hashlib
import itertools
import time
import zlib
from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest

from tests.integration.opened import NAMES, Fetched, Opened
from tests.servers.process import free_port
from tests.servers.relay import Relay
from ugr.plugin import (
    AlreadyExists,
    Conflict,
    EndpointError,
    FileInfo,
    Intent,
    IsADirectory,
    NotADirectory,
    NotFound,
    Refused,
    Timeout,
)

QUESTIONS = ["stat /", "stat /file", "stat /nothing", "list /", "list /nothing", "health", "delete /file"]
"""Questions that a storage in trouble is asked."""

DATA = bytes(range(256)) * 16

ODD = ["plain", "with space", "plus+per%20cent", "ü?#&=;:日本語"]
"""A few names that break careless URLs."""


class ObjectSite(Opened):
    """One open endpoint, and the container behind it by another door."""

    container: str
    url: str
    """Where the storage is, as the endpoint is told by default."""
    created: ClassVar[int] = 201
    """What a PUT to a location is answered with."""
    refused: ClassVar[int] = 403
    """What a URL is answered with that is not good."""

    @abstractmethod
    def put(self, name: str, data: bytes = b"x", **more: Any) -> None:
        """Make an object."""

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Return the bytes of an object."""

    @abstractmethod
    def objects(self) -> list[str]:
        """Return all names in the container."""

    def question(self, text: str, **how: float) -> None:
        """Ask one of ``QUESTIONS``."""
        verb, _, path = text.partition(" ")
        if verb == "list":
            self.list(path, **how)
        else:
            self.ask(verb, *([path] if path else []), **how)


_numbers = itertools.count()


def sites(fresh: Callable[[str], str], opened: Callable[..., ObjectSite]) -> Iterator[Callable[..., ObjectSite]]:
    """Yield what the fixture ``site`` gives; ``fresh`` makes a container, ``opened(container, **options)`` a site."""
    made: list[ObjectSite] = []

    def site(*, container: str | None = None, **options: Any) -> ObjectSite:
        name = container if container is not None else fresh(f"container-{next(_numbers)}")
        made.append(opened(name, **options))
        return made[-1]

    yield site
    for one in made:
        one.close()


class ReadingTests:
    """Files and directories, as the plugin sees them."""

    def test_a_file_has_size_time_and_md5(self, site):
        here = site()
        before = time.time()
        here.put("d/file", b"hello federation")
        info = here.ask("stat", "/d/file")
        assert (info.name, info.directory, info.size) == ("file", False, 16)
        assert info.mtime == pytest.approx(before, abs=3)
        assert info.mtime == int(info.mtime)
        assert info.checksums == {"md5": hashlib.md5(b"hello federation").hexdigest()}

    def test_stat_and_list_agree_on_size_and_time(self, site):
        here = site()
        here.put("file", b"12345")
        stat, (listed,) = here.ask("stat", "/file"), here.list("/")
        assert (listed.size, listed.mtime) == (stat.size, stat.mtime)

    def test_an_empty_container_is_an_empty_directory(self, site):
        assert site().list("/") == []

    def test_names_that_begin_like_others_are_not_mixed_up(self, site):
        here = site()
        for name in ("ab", "a.b", "a/b/c", "abc/d"):
            here.put(name)
        for missing in ("/a/b/c/d", "/a/bb", "/abcd", "/abc/d/e", "/A"):
            with pytest.raises(NotFound):
                here.ask("stat", missing)
        assert here.names() == {"a/", "a.b", "ab", "abc/"}

    def test_a_missing_name_is_not_found_and_a_file_is_not_a_directory(self, site):
        here = site()
        here.put("file")
        for verb in (here.list, lambda path: here.ask("stat", path)):
            with pytest.raises(NotFound):
                verb("/nothing")
        with pytest.raises(NotADirectory):
            here.list("/file")

    def test_directories_are_those_with_objects_in_them_and_those_with_a_marker(self, site):
        here = site()
        here.put("made/by/key")
        here.put("marked/", b"")
        assert here.ask("stat", "/made/by") == FileInfo("by", directory=True)
        assert here.ask("stat", "/marked") == FileInfo("marked", directory=True)
        assert here.ask("stat", "/") == FileInfo("", directory=True)
        assert here.list("/marked") == []
        assert here.names("/made") == {"by/"}

    def test_a_file_hides_a_directory_of_its_name(self, site):
        here = site(page=2)
        for name in ("both", "both/inside", "both-", "both.txt"):
            here.put(name)
        assert not here.ask("stat", "/both").directory
        assert [info.name for info in here.list("/")] == ["both", "both-", "both.txt"]

    def test_every_name_that_was_put_is_found_listed_and_read(self, site):
        here = site()
        for number, name in enumerate(NAMES):
            here.put(f"dir {name}/{name}", f"bytes {number}".encode())
        assert here.names() == {f"dir {name}/" for name in NAMES}
        for number, name in enumerate(NAMES):
            path, data = f"/dir {name}/{name}", f"bytes {number}".encode()
            assert here.ask("stat", path).size == len(data)
            assert here.names(f"/dir {name}") == {name}
            read = Fetched(here.redirect(path).url)
            assert (read.status, read.body) == (200, data), name

    def test_every_name_is_written_through_a_redirect(self, site):
        here = site()
        for name in NAMES:
            location = here.redirect(f"/new/{name}", Intent.PUT)
            put = Fetched(location.url, "PUT", name.encode(), **dict(location.headers))
            assert put.status == here.created
        assert sorted(here.objects()) == sorted(f"new/{name}" for name in NAMES)

    def test_a_prefix_is_the_root_of_the_endpoint(self, site):
        here = site()
        for name in ("data/run 1/f", "database", "other"):
            here.put(name)
        inside = site(container=here.container, prefix="/data/run 1")
        assert [(info.name, info.size) for info in inside.list("/")] == [("f", 1)]
        assert Fetched(inside.redirect("/f").url).body == b"x"
        with pytest.raises(NotFound):
            inside.ask("stat", "/other")
        with pytest.raises(NotFound):
            site(container=here.container, prefix="data").ask("stat", "/base")

    def test_a_question_costs_what_it_must(self, site):
        here = site()
        here.put("d/file")
        here.ask("health")
        asked = {}
        for path in ("/d/file", "/d", "/", "/nothing"):
            _ = here.methods
            try:
                here.ask("stat", path)
            except NotFound:
                pass
            asked[path] = here.methods
        assert asked == {"/d/file": ["HEAD"], "/d": ["HEAD", "GET"], "/": ["GET"], "/nothing": ["HEAD", "GET"]}
        here.redirect("/d/file")
        assert here.methods == []


class WritingTests:
    """What the plugin changes."""

    def test_the_root_cannot_be_deleted(self, site):
        with pytest.raises(Conflict):
            site().ask("delete", "/")

    def test_a_file_is_deleted_and_a_missing_one_is_not_found(self, site):
        here = site()
        for name in ODD:
            here.put(f"d/{name}")
            here.put(f"d/{name}.keep")
            here.ask("delete", f"/d/{name}")
            with pytest.raises(NotFound):
                here.ask("delete", f"/d/{name}")
        assert sorted(here.objects()) == sorted(f"d/{name}.keep" for name in ODD)

    def test_a_directory_is_made_once_and_deleted_when_it_is_empty(self, site):
        here = site()
        here.ask("mkdir", "/a/b c")
        assert here.objects() == ["a/b c/"]
        for taken in ("/a/b c", "/a", "/"):
            with pytest.raises(AlreadyExists):
                here.ask("mkdir", taken)
        here.put("a/b c/file")
        for full in ("/a/b c", "/a"):
            with pytest.raises(Conflict, match="not empty"):
                here.ask("delete", full)
        here.ask("delete", "/a/b c/file")
        here.ask("delete", "/a/b c")
        assert here.objects() == []

    @pytest.mark.parametrize("name", ODD)
    def test_a_copy_has_the_bytes_and_what_was_kept_and_leaves_the_original(self, site, name):
        here = site()
        here.put(f"from/{name}", name.encode())
        here.ask("store_checksum", f"/from/{name}", "adler32", "0a1b2c3d")
        here.ask("copy", f"/from/{name}", f"/to/{name}", False)
        assert sorted(here.objects()) == sorted([f"from/{name}", f"to/{name}"])
        assert here.read(f"to/{name}") == name.encode()
        assert here.ask("checksum", f"/to/{name}", "adler32") == "0a1b2c3d"

    @pytest.mark.parametrize("name", ODD)
    def test_a_move_leaves_nothing_behind(self, site, name):
        here = site()
        here.put(f"from/{name}", name.encode())
        here.ask("move", f"/from/{name}", f"/to/{name}", False)
        assert here.objects() == [f"to/{name}"]
        assert here.read(f"to/{name}") == name.encode()

    @pytest.mark.parametrize("verb", ["copy", "move"])
    def test_an_existing_target_is_replaced_only_on_demand(self, site, verb):
        here = site()
        here.put("new", b"new")
        here.put("old", b"old")
        with pytest.raises(AlreadyExists):
            here.ask(verb, "/new", "/old", False)
        assert here.read("old") == b"old"
        here.ask(verb, "/new", "/old", True)
        assert here.read("old") == b"new"

    @pytest.mark.parametrize("verb", ["copy", "move"])
    def test_what_cannot_be_copied_is_refused_and_nothing_changes(self, site, verb):
        here = site()
        here.put("file", b"file")
        here.put("dir/inside", b"inside")
        for source, target, error in (
            ("/nothing", "/new", NotFound),
            ("/dir", "/new", IsADirectory),
            ("/", "/new", IsADirectory),
            ("/file", "/dir", IsADirectory),
            ("/file", "/", IsADirectory),
            ("/file", "/file", Conflict),
        ):
            with pytest.raises(error):
                here.ask(verb, source, target, True)
        assert sorted(here.objects()) == ["dir/inside", "file"]

    def test_a_kept_checksum_goes_with_the_content(self, site):
        here = site()
        here.put("file", b"hello")
        adler32 = f"{zlib.adler32(b'hello'):08x}"
        here.ask("store_checksum", "/file", "adler32", adler32)
        assert here.ask("checksum", "/file", "adler32") == adler32
        here.put("file", b"other")
        assert set(here.ask("stat", "/file").checksums) == {"md5"}


class RedirectTests:
    """URLs that the plugin signs, used by clients that know nothing else."""

    @pytest.fixture
    def here(self, site):
        one = site()
        one.put("d/file 1", DATA)
        one.put("d/file 2", b"other")
        return one

    def test_a_url_gives_the_bytes_to_whoever_has_it(self, here):
        location = here.redirect("/d/file 1")
        assert Fetched(location.url).body == DATA
        assert (location.method, location.signed, location.headers) == (Intent.GET, True, ())

    def test_a_range_is_a_range(self, here):
        part = Fetched(here.redirect("/d/file 1").url, Range="bytes=10-19")
        assert (part.status, part.body) == (206, DATA[10:20])

    def test_a_url_for_one_object_opens_no_other(self, here):
        url = here.redirect("/d/file 1").url
        assert Fetched(url.replace("file%201", "file%202")).status == here.refused
        assert Fetched(url.partition("?")[0]).status in (here.refused, 404)

    def test_a_url_expires_an_hour_from_now_unless_told_otherwise(self, here, site):
        assert here.redirect("/d/file 1").expires == pytest.approx(time.time() + 3600, abs=2)
        short = site(container=here.container, url_lifetime=120.0)
        assert short.redirect("/d/file 1").expires == pytest.approx(time.time() + 120, abs=2)

    def test_a_url_is_refused_after_its_life(self, here, site):
        brief = site(container=here.container, url_lifetime=1.0)
        url = brief.redirect("/d/file 1").url
        assert Fetched(url).status == 200
        time.sleep(2.1)
        assert Fetched(url).status == here.refused

    def test_the_root_cannot_be_sent_to(self, here):
        with pytest.raises(IsADirectory):
            here.redirect("/", Intent.DELETE)


class FailingTests:
    """Storage that is misconfigured or not there: said in words, never as absence."""

    missing: ClassVar[str]
    """What is said of a container that is not there, as a regular expression."""
    account: ClassVar[str] = ""
    """What comes behind the host in the URL of an account."""

    @pytest.fixture
    def file(self, site):
        here = site()
        here.put("file")
        return here

    @pytest.mark.parametrize("question", QUESTIONS)
    def test_a_missing_container_is_a_misconfiguration_and_never_not_found(self, site, question):
        with pytest.raises(EndpointError, match=self.missing) as caught:
            site(container="no-such-container").question(question)
        assert not isinstance(caught.value, NotFound)
        assert not caught.value.retryable

    @pytest.mark.parametrize("question", QUESTIONS)
    def test_a_storage_that_is_not_there_is_a_refusal(self, site, question):
        with pytest.raises(Refused):
            site(container="any-container", url=f"http://127.0.0.1:{free_port()}{self.account}").question(question)

    @pytest.fixture
    def silenced(self, site, file):
        """Make sites whose storage falls silent when they have been healthy: ``silenced(**options)``."""
        parts = urlsplit(file.url)
        with Relay(parts.port) as relay:

            def silenced(**options):
                here = site(container=file.container, url=f"{relay.url}{parts.path}", **options)
                here.ask("health")
                relay.hang()
                return here

            yield silenced

    @pytest.mark.parametrize("question", QUESTIONS)
    def test_a_silent_storage_is_a_timeout_in_time(self, silenced, question):
        here = silenced()
        before = time.monotonic()
        with pytest.raises(Timeout):
            here.question(question, seconds=0.5)
        assert 0.4 < time.monotonic() - before < 0.75

    def test_the_endpoints_own_limit_ends_a_question_before_the_call_does(self, silenced):
        here = silenced(timeout=0.3)
        before = time.monotonic()
        with pytest.raises(Timeout):
            here.ask("stat", "/file", seconds=10.0)
        assert time.monotonic() - before < 0.6
