# SPDX-License-Identifier: Apache-2.0
"""Our temporary URLs are swiftclient's, byte for byte, for any name, method, key and digest."""

from __future__ import annotations

import threading
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from swiftclient.utils import generate_temp_url
from ugr_swift.signing import Signer

from tests.unit.objects.names import NAMES

TIME = 1_700_000_000
KEY = "temp/URL+key"
ROOT = "https://swift.example.org/v1/AUTH_atlas"
METHODS = ("GET", "HEAD", "PUT", "DELETE")
DIGESTS = ("sha1", "sha256", "sha512")


def signer(digest: str = "sha256", key: str = KEY, lifetime: int = 3600, container: str = "data") -> Signer:
    return Signer(container, lambda: key, digest=digest, lifetime=lifetime, clock=lambda: TIME + 0.75)


def theirs(root: str, method: str, name: str, *, digest: str, key: str = KEY, lifetime: int = 3600, container="data"):
    """Return swiftclient's URL; it signs a decoded path, and leaves encoding it to whoever calls."""
    parts = urlsplit(root)
    path = f"{parts.path}/{container}/{name}"
    signed = generate_temp_url(path, TIME + lifetime, key, method, absolute=True, digest=digest)
    assert signed.startswith(f"{path}?")
    return f"{parts.scheme}://{parts.netloc}{quote(path, safe='/~')}{signed[len(path) :]}"


@pytest.mark.parametrize("digest", DIGESTS)
@pytest.mark.parametrize("method", METHODS)
def test_urls_equal_those_of_swiftclient(method, digest):
    mine = signer(digest, lifetime=1234)
    for name in NAMES:
        assert mine.url(ROOT, method, name)[0] == theirs(ROOT, method, name, digest=digest, lifetime=1234), name


@given(
    name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=60),
    method=st.sampled_from(METHODS),
    digest=st.sampled_from(DIGESTS),
    key=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200),
    lifetime=st.integers(1, 10**9),
)
def test_urls_of_any_name_and_key_equal_those_of_swiftclient(name, method, digest, key, lifetime):
    url = signer(digest, key, lifetime).url(ROOT, method, name)[0]
    assert url == theirs(ROOT, method, name, digest=digest, key=key, lifetime=lifetime)


def test_the_path_is_signed_decoded():
    root = "https://swift.example.org/v1/KEY%3Aatlas"
    url = signer(container="a b").url(root, "GET", "file")[0]
    expected = theirs("https://swift.example.org/v1/KEY:atlas", "GET", "file", digest="sha256", container="a b")
    assert url == expected
    assert url.startswith("https://swift.example.org/v1/KEY%3Aatlas/a%20b/file?")


def test_a_url_says_when_it_expires():
    assert signer(lifetime=60).url(ROOT, "GET", "file")[1] == TIME + 60


def test_the_key_is_in_no_representation():
    mine = signer()
    mine.url(ROOT, "GET", "file")
    assert KEY not in repr(mine._place)


def test_a_new_key_and_a_new_account_sign_from_the_next_url_on():
    keys = ["old"]
    mine = Signer("data", lambda: keys[0], lifetime=60, clock=lambda: TIME)
    before = mine.url(ROOT, "GET", "file")[0]
    keys[0] = "new"
    assert mine.url(ROOT, "GET", "file")[0] != before
    keys[0] = "old"
    assert mine.url(ROOT, "GET", "file")[0] == before
    assert mine.url("https://other.example.org/v1/A", "GET", "file")[0].startswith("https://other.example.org/v1/A/")


def test_threads_that_sign_for_two_accounts_get_only_right_signatures():
    shared = signer()
    roots = (ROOT, "https://other.example.org/v1/AUTH_belle")
    made: list[tuple[str, str, str]] = []

    def work(number: int) -> None:
        for i in range(300):
            root = roots[i % 2]
            made.append((root, f"{number}-{i}", shared.url(root, "GET", f"{number}-{i}")[0]))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1200
    for root, name, url in made:
        assert url == theirs(root, "GET", name, digest="sha256")
