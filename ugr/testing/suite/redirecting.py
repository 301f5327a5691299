# SPDX-License-Identifier: Apache-2.0
"""The clauses of ``redirect``."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import pytest

from ugr.errors import IsADirectory, NotFound, Unsupported
from ugr.model import REDIRECTED, Intent, Location, Transfer
from ugr.testing.store import Store
from ugr.testing.suite.clause import checks_clauses
from ugr.testing.suite.names import PREFIXES, every_name, possible, put_named, require_possible
from ugr.testing.suite.subject import Subject, trouble
from ugr.testing.suite.touches import touches

THREADS = 8

_URL = re.compile(r"https?://[A-Za-z0-9._~\[\]:-]+/(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*")

SIGNATURES = frozenset(
    {"x-amz-signature", "signature", "sig", "temp_url_sig", "authz", "access_token", "x-goog-signature", "token"}
)
"""Query parameters that make a URL a capability."""


@checks_clauses
class RedirectClauses:
    """REDIR-1 to REDIR-5."""

    def test_redir_1_no_input_or_output(self, subject: Subject, store: Store) -> None:
        paths = possible(store, "")
        with touches() as touched:
            for path in paths:
                subject.redirect(path)
        assert touched == []

    def test_redir_1_a_storage_that_is_down_makes_no_difference(self, subject: Subject, store: Store) -> None:
        before = _target(subject.redirect("/some/file"))
        with trouble(store, "down"):
            assert _target(subject.redirect("/some/file")) == before

    def test_redir_1_from_many_threads_at_once(self, subject: Subject, store: Store) -> None:
        paths = [path for number in range(2) for path in possible(store, f"/threads/{number}")]
        expected = {path: _target(subject.redirect(path)) for path in paths}
        wrong: list[tuple[str, object]] = []

        def compare() -> None:
            for path in paths:
                target = _target(subject.redirect(path))
                if target != expected[path]:
                    wrong.append((path, target))

        _at_once(compare, wrong)
        assert wrong == [], "locations depend on what other threads ask"

    @every_name
    def test_redir_2_the_url_is_absolute_and_encoded(self, subject: Subject, store: Store, name: str) -> None:
        require_possible(store, f"/{name}")
        check_url(subject.redirect(f"/{name}"))

    @pytest.mark.parametrize("intent", REDIRECTED, ids=[intent.value for intent in REDIRECTED])
    def test_redir_3_the_location_is_for_the_intent(self, subject: Subject, intent: Intent) -> None:
        try:
            location = subject.redirect("/file", intent, Transfer(size=4))
        except Unsupported:
            assert intent is not Intent.GET, "every endpoint must redirect reading clients"
            return
        assert location.method is intent

    @every_name
    def test_redir_4_the_url_gives_the_bytes(self, subject: Subject, store: Store, place: str, name: str) -> None:
        data = put_named(store, f"{place}/{name}")
        assert subject.read(store, f"{place}/{name}") == (200, data)

    def test_redir_4_the_url_gives_the_bytes_of_that_path_alone(
        self, subject: Subject, store: Store, place: str
    ) -> None:
        for name, data in PREFIXES.items():
            store.put(f"{place}/{name}", data)
        store.put(f"{place}/dir/a", b"another a")
        read = {name: subject.read(store, f"{place}/{name}") for name in (*PREFIXES, "dir/a")}
        assert read == {name: (200, data) for name, data in PREFIXES.items()} | {"dir/a": (200, b"another a")}

    def test_redir_4_the_url_of_a_missing_file_gives_no_bytes(
        self, subject: Subject, store: Store, place: str
    ) -> None:
        try:
            status, _ = subject.read(store, f"{place}/nothing")
        except (NotFound, IsADirectory):
            return
        assert status >= 300, "a missing file was read"

    def test_redir_4_the_url_for_head_is_good_for_head(self, subject: Subject, store: Store, place: str) -> None:
        store.put(f"{place}/file", b"here")
        try:
            location = subject.redirect(f"{place}/file", Intent.HEAD)
        except Unsupported:
            pytest.skip("the endpoint does not redirect HEAD")
        if location.served_here:
            return
        assert store.fetch(location) == (200, b"")

    @pytest.mark.parametrize("data", [b"", b"new bytes"], ids=["empty", "nine"])
    def test_redir_4_what_is_put_to_the_url_is_at_that_path(
        self, subject: Subject, store: Store, place: str, data: bytes
    ) -> None:
        if not subject.endpoint.options.writable:
            pytest.skip("the endpoint is not writable")
        try:
            location = subject.redirect(f"{place}/new file", Intent.PUT, Transfer(size=len(data)))
        except Unsupported:
            pytest.skip("the endpoint does not redirect PUT")
        status, _ = store.fetch(location, data)
        assert 200 <= status < 300
        assert subject.ask("stat", f"{place}/new file").size == len(data)
        assert subject.read(store, f"{place}/new file") == (200, data)

    @pytest.mark.parametrize("intent", REDIRECTED, ids=[intent.value for intent in REDIRECTED])
    def test_redir_5_a_signed_url_says_so_and_expires(self, subject: Subject, intent: Intent) -> None:
        try:
            location = subject.redirect("/file", intent, Transfer(size=4))
        except Unsupported:
            pytest.skip(f"the endpoint does not redirect {intent.value}")
        check_signature(location)


def check_signature(location: Location) -> None:
    """Assert that a location which is a capability says so, and until when."""
    query = {name.lower() for name, _ in parse_qsl(urlsplit(location.url).query, keep_blank_values=True)}
    authorization = [name for name, _ in location.headers if name.lower() == "authorization"]
    if query & SIGNATURES or authorization:
        assert location.signed, f"the location carries {sorted(query & SIGNATURES) or authorization}, not signed=True"
    if location.signed:
        assert location.expires is not None, "a signed location must say when it expires"
        assert location.expires > time.time() + 1, "the location has expired already"


def check_url(location: Location) -> None:
    """Assert that a URL is absolute and encoded, or that there is none for what is served here."""
    if location.served_here:
        assert location.url == "", "a location that is served here has no URL"
        return
    assert _URL.fullmatch(location.url), f"{location.url!r} is not an absolute, percent-encoded http(s) URL"
    assert "//" not in urlsplit(location.url).path, f"{location.url!r} has an empty component"


def _target(location: Location) -> tuple[object, ...]:
    """Return what must not change from one call to the next; a signature and its time may."""
    parts = urlsplit(location.url)
    return (parts.scheme, parts.netloc, parts.path, location.method, location.signed, location.served_here)


def _at_once(work: Callable[[], None], failures: list[tuple[str, object]]) -> None:
    """Do the same in many threads that start together."""
    start = threading.Barrier(THREADS)

    def run() -> None:
        start.wait(10)
        try:
            work()
        except Exception as error:  # whatever it is, it is this test's finding
            failures.append(("raised", error))

    threads = [threading.Thread(target=run, daemon=True) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
