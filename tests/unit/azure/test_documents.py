# SPDX-License-Identifier: Apache-2.0
"""Listings and headers of Azure become objects; what is not one is Misbehaved."""

from __future__ import annotations

import base64
import hashlib

import pytest
from ugr_azure.documents import PageReader, described

from tests.unit.objects.scripted import answer
from ugr.plugin import Answer, Misbehaved
from ugr.plugin.objects import Object

MD5 = hashlib.md5(b"hello").hexdigest()
BASE64 = base64.b64encode(bytes.fromhex(MD5)).decode()

BLOB = """<Blob><Name>{name}</Name><Properties><Creation-Time>Sun, 06 Nov 1994 08:49:37 GMT</Creation-Time>
<Last-Modified>Sun, 06 Nov 1994 08:49:37 GMT</Last-Modified><Etag>0x1</Etag><Content-Length>{size}</Content-Length>
<Content-Type>x</Content-Type><Content-MD5>{md5}</Content-MD5>{more}</Properties>{metadata}<OrMetadata/></Blob>"""


def blob(name: str = "f", size: str = "5", md5: str = BASE64, more: str = "", metadata: str = "") -> str:
    return BLOB.format(name=name, size=size, md5=md5, more=more, metadata=metadata)


def page(inside: str, after: str = "<NextMarker/>", root: str = "EnumerationResults"):
    text = f'<?xml version="1.0" encoding="utf-8"?><{root} ContainerName="c"><Prefix>x</Prefix>'
    reader = PageReader()
    for piece in (f"\ufeff{text}<Blobs>{inside}</Blobs>{after}</{root}>").encode():
        reader.feed(bytes([piece]))
    return reader.page()


def test_a_blob_has_name_size_time_and_checksums():
    found = page(blob("a&amp;b ü", metadata="<Metadata><adler32>0A1B2C3D</adler32><owner>me</owner></Metadata>"))
    assert list(found.objects()) == [Object("a&b ü", 5, 784111777.0, {"adler32": "0a1b2c3d", "md5": MD5})]
    assert (found.token, found.empty) == (None, False)


def test_what_the_storage_says_of_the_md5_is_believed_before_metadata():
    found = page(blob(metadata=f"<Metadata><md5>{'0' * 32}</md5></Metadata>"))
    assert next(found.objects()).checksums == {"md5": MD5}


@pytest.mark.parametrize("md5", ["", "not base64", "AAAA", "ü"])
def test_an_md5_that_is_none_is_unknown(md5):
    assert next(page(blob(md5=md5)).objects()).checksums == {}


def test_blobs_do_not_inherit_from_the_one_before():
    metadata = "<Metadata><adler32>00000001</adler32><hdi_isfolder>true</hdi_isfolder></Metadata>"
    first, second = page(blob("a", size="0", metadata=metadata) + blob("b", md5="")).objects()
    assert (first.directory, second.directory) == (True, False)
    assert second.checksums == {}


def test_prefixes_are_prefixes_and_the_token_is_the_next_marker():
    found = page(
        "<BlobPrefix><Name>d/</Name></BlobPrefix>" + blob() + "<BlobPrefix><Name>e/</Name></BlobPrefix>",
        "<NextMarker>2!8!a+b=</NextMarker>",
    )
    assert list(found.prefixes()) == ["d/", "e/"]
    assert found.token == "2!8!a+b="


def test_a_page_of_nothing_is_empty_and_may_go_on():
    found = page("", "<NextMarker>more</NextMarker>")
    assert (found.empty, found.token) == (True, "more")


def test_a_name_that_xml_cannot_hold_is_decoded():
    text = blob().replace("<Name>", '<Name Encoded="true">').replace(">f<", ">a%EF%BF%BEb%25<")
    assert next(page(text).objects()).key == "a\ufffeb%"
    plain = blob("a%25")
    assert next(page(plain).objects()).key == "a%25"
    broken = blob().replace("<Name>", '<Name Encoded="true">').replace(">f<", ">a%FF<")
    assert next(page(broken + blob("g")).objects()) is None


@pytest.mark.parametrize(
    ("more", "metadata", "size", "directory"),
    [
        ("<ResourceType>directory</ResourceType>", "", "0", True),
        ("<ResourceType>file</ResourceType>", "", "0", False),
        ("", "<Metadata><hdi_isfolder>true</hdi_isfolder></Metadata>", "0", True),
        ("", "<Metadata><Hdi_isfolder>True</Hdi_isfolder></Metadata>", "0", True),
        ("", "<Metadata><hdi_isfolder>true</hdi_isfolder></Metadata>", "5", False),
        ("", "<Metadata><hdi_isfolder>false</hdi_isfolder></Metadata>", "0", False),
    ],
)
def test_a_blob_may_stand_for_a_directory(more, metadata, size, directory):
    assert next(page(blob(size=size, more=more, metadata=metadata)).objects()).directory is directory


@pytest.mark.parametrize("size", ["", "-1", "5.0", "x"])
def test_a_blob_without_size_is_misbehaviour(size):
    with pytest.raises(Misbehaved, match="no size"):
        page(blob(size=size))


def test_what_is_no_listing_is_misbehaviour():
    with pytest.raises(Misbehaved, match="<html>"):
        page("", root="html")
    with pytest.raises(Misbehaved, match="well-formed"):
        page("<Blob>")
    reader = PageReader()
    with pytest.raises(Misbehaved, match="document type"):
        reader.feed(b'<!DOCTYPE x [<!ENTITY a "b">]><EnumerationResults/>' + b" " * 300)
    with pytest.raises(Misbehaved):
        PageReader().page()


def test_headers_describe_as_listings_do():
    headers = {
        "content_length": "5",
        "last_modified": "Sun, 06 Nov 1994 08:49:37 GMT",
        "content_md5": BASE64,
        "x_ms_meta_adler32": "0a1b2c3d",
    }
    assert described("f", answer(200, **headers)) == next(
        page(blob(metadata="<Metadata><adler32>0a1b2c3d</adler32></Metadata>")).objects()
    )
    with pytest.raises(Misbehaved, match="how long"):
        described("f", answer(200))


@pytest.mark.parametrize("header", [("x-ms-meta-hdi_isfolder", "true"), ("x-ms-resource-type", "directory")])
def test_headers_tell_what_stands_for_a_directory(header):
    assert described("f", Answer(200, (("content-length", "0"), header))).directory
    assert not described("f", Answer(200, (("content-length", "1"), header))).directory
