# SPDX-License-Identifier: Apache-2.0
"""The permit in a data URL: what it allows, and that nothing else passes."""

from __future__ import annotations

import timeit
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ugr.errors import BadRequest, ConfigError, PermissionDenied, UgrError
from ugr.frontend.data import DATA_PREFIX, DataSigner, Known, split
from ugr.model import Intent

KEY = "0123456789abcdef0123456789abcdef"
OTHER_KEY = "fedcba9876543210fedcba9876543210"
NOW = 1_700_000_000.0
SIGNER = DataSigner(lambda: KEY)

TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
ENDPOINTS = TEXT.filter(lambda name: "/" not in name)
PATHS = TEXT.map(lambda path: "/" + path)


def verify(signer: DataSigner, url: str, method: str = "GET", now: float = NOW) -> None:
    """Take a URL apart as a server does, and verify it."""
    raw_path, _, query = url.partition("?")
    endpoint, path = split(unquote(raw_path, errors="surrogateescape"))
    signer.verify(endpoint, path, method, query, now)


@given(ENDPOINTS, PATHS, st.sampled_from(Intent), st.integers(1, 10**11))
def test_a_signed_url_verifies_whatever_the_names_are(endpoint: str, path: str, method: Intent, expires: int) -> None:
    url = SIGNER.url_path(endpoint, path, method, expires)
    assert url.isascii()
    assert " " not in url
    raw_path, _, query = url.partition("?")
    assert split(unquote(raw_path)) == (endpoint, path)
    SIGNER.verify(endpoint, path, method.value, query, expires)


@given(ENDPOINTS, PATHS, st.data())
def test_a_url_with_any_one_byte_changed_is_refused(endpoint: str, path: str, data: st.DataObject) -> None:
    url = SIGNER.url_path(endpoint, path, Intent.GET, NOW + 60)
    position = data.draw(st.integers(0, len(url) - 1))
    byte = data.draw(st.integers(0x21, 0x7E).map(chr).filter(lambda byte: byte != url[position]))
    changed = url[:position] + byte + url[position + 1 :]
    raw_path, mark, _ = changed.partition("?")
    if mark and unquote(raw_path) == unquote(url.partition("?")[0]):
        return  # another spelling of the same path, as %2f is of %2F
    with pytest.raises((PermissionDenied, BadRequest)):
        verify(SIGNER, changed)


@given(ENDPOINTS, PATHS, st.data())
def test_no_other_file_endpoint_method_or_time_is_allowed(endpoint: str, path: str, data: st.DataObject) -> None:
    _, _, query = SIGNER.url_path(endpoint, path, Intent.GET, NOW + 60).partition("?")
    with pytest.raises(PermissionDenied, match="signature"):
        SIGNER.verify(endpoint, data.draw(PATHS.filter(lambda other: other != path)), "GET", query, NOW)
    with pytest.raises(PermissionDenied, match="signature"):
        SIGNER.verify(data.draw(ENDPOINTS.filter(lambda other: other != endpoint)), path, "GET", query, NOW)
    with pytest.raises(PermissionDenied, match="signature"):
        SIGNER.verify(endpoint, path, "PUT", query.replace("m=GET", "m=PUT"), NOW)
    with pytest.raises(PermissionDenied, match="signature"):
        SIGNER.verify(endpoint, path, "GET", query.replace("e=1", "e=2"), NOW)


@pytest.mark.parametrize(("signed", "used"), [("GET", "HEAD"), ("HEAD", "GET"), ("GET", "PUT"), ("PUT", "GET")])
def test_a_url_for_one_method_refuses_the_others(signed: str, used: str) -> None:
    url = SIGNER.url_path("cern", "/f", Intent(signed), NOW + 60)
    with pytest.raises(PermissionDenied, match=f"signed for another method: {signed}, not {used}"):
        verify(SIGNER, url, used)


def test_a_url_is_good_until_its_second_has_passed() -> None:
    url = SIGNER.url_path("cern", "/f", Intent.GET, NOW + 0.2)
    verify(SIGNER, url, now=NOW + 1.0)
    with pytest.raises(PermissionDenied, match="expired"):
        verify(SIGNER, url, now=NOW + 1.1)


def test_a_forged_url_learns_neither_its_method_nor_its_age() -> None:
    url = DataSigner(lambda: OTHER_KEY).url_path("cern", "/f", Intent.GET, NOW - 60)
    with pytest.raises(PermissionDenied, match="signature of the data URL is wrong"):
        verify(SIGNER, url, "HEAD")


GOOD = SIGNER.url_path("cern", "/f", Intent.GET, NOW + 60).partition("?")[2]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "e=1",
        GOOD + "&x=1",
        GOOD + "&e=1",
        GOOD.replace("e=", "E="),
        GOOD.replace("e=1", "e=01"),
        GOOD.replace("e=1", "e=-1"),
        GOOD.replace("e=1", "e=\u0661"),
        GOOD.replace("m=GET", "m=get"),
        GOOD.replace("m=GET", "m="),
        GOOD[:-1],
        GOOD + "=",
        GOOD[:-1] + "%",
        GOOD[:-1] + "\u00e9",
    ],
)
def test_a_malformed_query_is_a_bad_request(query: str) -> None:
    with pytest.raises(BadRequest, match="data URL"):
        SIGNER.verify("cern", "/f", "GET", query, NOW)


@pytest.mark.parametrize(
    "path", ["/-/data/", "/-/data/cern", "/-/data/cern/", "/-/data//f", "/fed/cern/f", "cern/f", ""]
)
def test_a_path_of_another_shape_is_a_bad_request(path: str) -> None:
    with pytest.raises(BadRequest, match="/-/data/ENDPOINT/PATH"):
        split(path)


def test_doubled_slashes_are_another_path() -> None:
    assert split(f"{DATA_PREFIX}cern//f") == ("cern", "//f")
    url = SIGNER.url_path("cern", "/f", Intent.GET, NOW + 60).replace("/f?", "//f?")
    with pytest.raises(PermissionDenied):
        verify(SIGNER, url)


def test_text_that_is_not_utf8_is_a_bad_request() -> None:
    with pytest.raises(BadRequest, match="UTF-8"):
        SIGNER.url_path("cern", "/\udcff", Intent.GET, NOW)
    with pytest.raises(BadRequest, match="UTF-8"):
        SIGNER.verify("cern", "/\udcff", "GET", GOOD, NOW)


def test_a_new_key_signs_while_the_old_one_still_verifies() -> None:
    text = KEY
    signer = DataSigner(lambda: text)
    before = signer.url_path("cern", "/f", Intent.GET, NOW + 60)
    text = f"\n {OTHER_KEY} \n\n{KEY}\n"
    verify(signer, before)
    after = signer.url_path("cern", "/f", Intent.GET, NOW + 60)
    verify(DataSigner(lambda: OTHER_KEY), after)
    text = OTHER_KEY
    verify(signer, after)
    with pytest.raises(PermissionDenied, match="signature"):
        verify(signer, before)


def test_a_key_file_that_becomes_unusable_leaves_the_old_keys_in_use() -> None:
    text = KEY
    signer = DataSigner(lambda: text)
    url = signer.url_path("cern", "/f", Intent.GET, NOW + 60)
    text = ""
    verify(signer, url)
    text = "short"
    assert signer.url_path("cern", "/f", Intent.GET, NOW + 60) == url


@pytest.mark.parametrize("text", ["", " \n ", "short", f"{KEY}\nshort"])
def test_a_weak_or_missing_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ConfigError, match="32") as caught:
        DataSigner(lambda: text)
    assert "short" not in str(caught.value)


def test_errors_and_repr_never_show_the_key() -> None:
    with pytest.raises(UgrError) as caught:
        SIGNER.verify("cern", "/g", "GET", GOOD, NOW)
    assert KEY not in repr(SIGNER) + str(caught.value) + repr(caught.value)


def test_signing_takes_microseconds() -> None:
    path = "/atlas/mc16_13TeV/DAOD_PHYS/e6337_s3681_r13144_p5855/DAOD_PHYS.34865530._000142.pool.root.1"
    best = min(timeit.repeat(lambda: SIGNER.url_path("cern", path, Intent.GET, NOW), number=500, repeat=5)) / 500
    assert best < 50e-6


@given(ENDPOINTS, PATHS, st.from_regex(r"ugr-[0-9a-f]{20}", fullmatch=True), st.integers(1, 10**11))
def test_entity_tag_travels_with_the_url_and_cannot_be_exchanged(
    endpoint: str, path: str, tag: str, since: int
) -> None:
    known = Known(f'"{tag}"', since)
    url = SIGNER.url_path(endpoint, path, Intent.GET, NOW + 60, known)
    query = url.partition("?")[2]
    assert SIGNER.verify(endpoint, path, "GET", query, NOW) == known
    for changed in (query.replace(f"&v={tag}.{since}", ""), query.replace(f".{since}&", f".{since + 1}&")):
        with pytest.raises(PermissionDenied, match="signature"):
            SIGNER.verify(endpoint, path, "GET", changed, NOW)
