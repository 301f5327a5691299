# SPDX-License-Identifier: Apache-2.0
"""What storages really send becomes the entries of a directory, whatever the pieces it comes in."""

from __future__ import annotations

from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ugr_dav.hrefs import Spelling
from ugr_dav.listing import Listing

from tests.unit.dav.samples import SAMPLES, URL, Sample, file
from ugr.plugin import EndpointError, FileInfo, Misbehaved, NotADirectory, UgrError
from ugr.plugin.objects import encoded


def listed(data: bytes, size: int = 1 << 20, *, encodes: bool = True, url: str = URL) -> tuple[list[FileInfo], Listing]:
    spelling, listing, found = Spelling(), Listing(url), []
    spelling.encodes = encodes

    def take(inside):
        for raw, response in inside:
            info = listing.entry(spelling.read(raw), response)
            if info is not None:
                found.append(info)

    for start in range(0, len(data), size):
        take(listing.read(data[start : start + size]))
    take(listing.close())
    return found, listing


def document(*responses: str) -> bytes:
    return f'<multistatus xmlns="DAV:">{"".join(responses)}</multistatus>'.encode()


def response(href: str, properties: str = "<getcontentlength>1</getcontentlength>") -> str:
    status = "<status>HTTP/1.1 200 OK</status>"
    return f"<response><href>{href}</href><propstat><prop>{properties}</prop>{status}</propstat></response>"


SELF = response("/store/d/", "<resourcetype><collection/></resourcetype>")


@pytest.mark.parametrize("size", [1, 7, 100, 1 << 20])
@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES.keys())
def test_a_storages_answer_shows_what_it_means(sample: Sample, size: int) -> None:
    found, listing = listed(sample.text.encode(errors="surrogateescape"), size, encodes=sample.encodes)
    assert found == sample.shows
    assert listing.hidden == sample.hidden


@pytest.mark.parametrize("encoding", ["iso-8859-1", "windows-1252", "utf-16", "utf8"])
def test_other_encodings_are_read(encoding: str) -> None:
    text = document(SELF, response("/store/d/café")).decode()
    data = f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(encoding)
    assert listed(data)[0] == [file("café", 1, None)]


def test_an_empty_directory_has_no_entries_even_if_it_does_not_show_itself() -> None:
    assert listed(document(SELF))[0] == []
    assert listed(document())[0] == []


def test_a_file_is_not_a_directory_even_if_it_repeats_the_slash_it_was_asked_with() -> None:
    for href in ("/store/d", "/store/d/"):
        for properties in ("<getcontentlength>3</getcontentlength>", "<resourcetype/>"):
            with pytest.raises(NotADirectory):
                listed(document(response(href, properties)))


def test_a_refusal_of_the_directory_itself_is_kept() -> None:
    refused = "<response><href>/store/d/</href><status>HTTP/1.1 403 Forbidden</status></response>"
    found, listing = listed(document(refused, response("/store/d/f")))
    assert listing.refused == 403
    assert found == [file("f", 1, None)]


@pytest.mark.parametrize(
    "href",
    ["/other/d/f", "/store/f", "/store/d/deep/er", "/store/d2/f", "/", "https://dav.example.org", "../f", "/store"],
)
def test_what_was_not_asked_for_is_no_listing(href: str) -> None:
    with pytest.raises(EndpointError, match="other paths than it was asked for"):
        listed(document(SELF, response(href)))


def test_the_root_of_a_server_has_children_too() -> None:
    root = response("/", "<resourcetype><collection/></resourcetype>")
    for url in ("https://dav.example.org/", "https://dav.example.org"):
        assert listed(document(root, response("/f"), response("//g")), url=url)[0] == [
            file("f", 1, None),
            file("g", 1, None),
        ]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not well-formed"),
        (b"<html><body>It works!</body></html>", "a multistatus was expected, and <html> came"),
        (b"<multistatus/>", "a multistatus was expected"),
        (b'<multistatus xmlns="DAV:">', "not well-formed"),
        (b'<!DOCTYPE m [<!ENTITY a "b">]><multistatus xmlns="DAV:"/>', "document type"),
        (b'<multistatus xmlns="DAV:"><response/></multistatus>', "without href"),
        (document(response("x" * 20000)), "longer than"),
        (b'<multistatus xmlns="DAV:">' + b"<a>" * 100, "levels"),
        (b'<?xml version="1.0" encoding="zip"?>' + document(), "encoding"),
    ],
    ids=lambda value: str(value[:30]),
)
def test_an_unsound_document_is_refused_in_words(data: bytes, why: str) -> None:
    with pytest.raises(Misbehaved, match=why):
        listed(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_listing_or_an_error_of_ugr(data: bytes) -> None:
    for beginning in (b"", b'<multistatus xmlns="DAV:"><response><href>'):
        try:
            listed(beginning + data)
        except UgrError:
            continue


NAME = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\u2028\u2029\ufffe\uffff\ufffd"))


@given(NAME.filter(lambda name: name not in ("", ".", "..")))
def test_any_name_comes_through_encoded_or_as_it_is(name: str) -> None:
    assert listed(document(SELF, response(encoded(f"/store/d/{name}"))), 3)[0] == [file(name, 1, None)]
    if "?" not in name:
        plain = document(SELF, response(escape(f"/store/d/{name}")))
        assert listed(plain, 3, encodes=False)[0] == [file(name, 1, None)]
