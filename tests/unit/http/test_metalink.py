# SPDX-License-Identifier: Apache-2.0
"""Metalinks of version 3 and 4, and what pretends to be one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ugr_http.metalink import MAX_FILES, MAX_URLS, Metalink, MetalinkReader, described_by, is_metalink

from ugr.plugin import Misbehaved

SHA256 = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"

FOUR = f"""<?xml version="1.0" encoding="UTF-8"?>
<metalink xmlns="urn:ietf:params:xml:ns:metalink">
  <generator>any</generator>
  <file name="f">
    <size>1</size>
    <hash type="sha-256">{SHA256}</hash>
    <hash type="adler32">790079</hash>
    <pieces length="1" type="sha-1"><hash>11f6ad8ec52a2984abaafd7c3b516503785c2072</hash></pieces>
    <url location="ch" priority="1">https://a.example.org/f</url>
    <url priority="2"> https://b.example.org/f </url>
    <metaurl mediatype="torrent">https://c.example.org/f.torrent</metaurl>
  </file>
</metalink>"""

THREE = f"""<metalink version="3.0" xmlns="http://www.metalinker.org/" xmlns:lcgdm="LCGDM:" generator="lcgdm-dav">
<files><file name="/atlas/f"><size>1</size>
<verification><hash type="sha256">{SHA256}</hash><hash type="adler32">00790079</hash>
<pieces type="sha1" length="1"><hash piece="0">11f6ad8ec52a2984abaafd7c3b516503785c2072</hash></pieces></verification>
<resources><url type="https">https://a.example.org/f</url><url type="https">https://b.example.org/f</url></resources>
</file></files></metalink>"""


def read(document: str, size: int = 11) -> Metalink:
    reader, data = MetalinkReader(), document.encode()
    for start in range(0, len(data), size):
        reader.feed(data[start : start + size])
    reader.close()
    return reader.file("f")


def file(inside: str) -> str:
    return f'<metalink xmlns="urn:ietf:params:xml:ns:metalink">{inside}</metalink>'


@pytest.mark.parametrize("document", [THREE, FOUR], ids=["3", "4"])
@given(size=st.integers(1, 200))
def test_both_versions_say_the_same(document, size):
    found = read(document, size)

    assert found.size == 1
    assert found.checksums == {"sha256": SHA256, "adler32": "00790079"}
    assert found.urls == ["https://a.example.org/f", "https://b.example.org/f"]


def test_the_file_of_the_name_is_taken_among_several():
    found = read(file('<file name="g"><size>2</size></file><file name="dir/f"><size>3</size></file>'))

    assert found.size == 3


def test_the_only_file_is_taken_whatever_its_name():
    assert read(file('<file name="whatever"><size>3</size></file>')).size == 3


def test_elements_of_other_namespaces_mean_nothing():
    found = read(file('<file name="f"><size xmlns="urn:other">9</size><x xmlns=""><url>http://h/f</url></x></file>'))

    assert found == Metalink("f")


def test_unknown_and_impossible_checksums_are_left_out():
    hashes = '<hash type="whirlpool">00</hash><hash type="md5">nonsense</hash><hash>00</hash><hash type="md5"/>'

    assert read(file(f'<file name="f">{hashes}</file>')).checksums == {}


def test_copies_beyond_the_bound_are_not_read():
    urls = "".join(f"<url>http://h/{number}</url>" for number in range(MAX_URLS + 10))

    assert len(read(file(f'<file name="f">{urls}</file>')).urls) == MAX_URLS


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("<html/>", "<html> came"),
        ("<metalink/>", "<metalink> came"),
        (file(""), "does not describe the one file"),
        (file('<file name="a"/><file name="b"/>'), "does not describe the one file"),
        (file('<file name="f"><size>many</size></file>'), "no number"),
        (file("<file/>" * (MAX_FILES + 1)), "more than"),
        ("<!DOCTYPE metalink [<!ENTITY a 'b'>]>" + file(""), "document type"),
        (file("<file>"), "not well-formed"),
        (file("")[:-1], "not well-formed"),
        ("", "not well-formed"),
    ],
)
def test_what_is_no_metalink_is_refused(document, message):
    with pytest.raises(Misbehaved, match=message):
        read(document)


def test_the_media_types_of_both_versions():
    assert is_metalink("application/metalink4+xml; charset=utf-8")
    assert is_metalink("Application/Metalink+XML")
    assert not is_metalink("application/xml")
    assert not is_metalink(None)


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        (['</f?metalink>; rel=describedby; type="application/metalink+xml"'], "/f?metalink"),
        (['<f.meta4>; rel="describedby"; type="application/metalink4+xml"'], "f.meta4"),
        (["<http://b/f>; rel=duplicate", '<m>;type="application/metalink4+xml";rel=describedby'], "m"),
        (['<http://b/f>; rel=duplicate; pri=1, <m>; rel=describedby; type="application/metalink4+xml"'], "m"),
        (['<x>; rel=describedby; type="text/html"'], None),
        (['<x>; rel=duplicate; type="application/metalink4+xml"'], None),
        (["nonsense"], None),
        ([], None),
    ],
)
def test_the_link_that_describes_the_file_is_found(links, expected):
    assert described_by(links) == expected
