# SPDX-License-Identifier: Apache-2.0
"""Pages, errors and headers are read for what they are, and refused when they are not sound."""

from __future__ import annotations

from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ugr_s3.documents import MAX_PAGE_ENTRIES, PageReader, copied, described, error_of

from tests.unit.objects.scripted import answer
from ugr.plugin import Misbehaved
from ugr.plugin.objects import Object
from ugr.plugin.xml import MAX_TEXT

MD5 = "d41d8cd98f00b204e9800998ecf8427e"

PAGE = """\
<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><Prefix>a/</Prefix>
<MaxKeys>1000</MaxKeys><Delimiter>/</Delimiter><IsTruncated>true</IsTruncated><EncodingType>url</EncodingType>
<KeyCount>3</KeyCount><NextContinuationToken>1/ab+c==</NextContinuationToken>
<Contents><Key>a/b%20c+d%2Be%C3%BC</Key><LastModified>2026-02-03T04:05:06.789Z</LastModified>
<ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>12</Size><StorageClass>STANDARD</StorageClass>
<Owner><ID>Key</ID><DisplayName>Size</DisplayName></Owner></Contents>
<Contents><Key>a/%FF</Key><LastModified>never</LastModified><Size>0</Size></Contents>
<CommonPrefixes><Prefix>a/x%2Fy/</Prefix></CommonPrefixes><CommonPrefixes><Prefix>a/z/</Prefix></CommonPrefixes>
</ListBucketResult>
"""


def parsed(text: str, size: int = 1 << 20):
    reader, data = PageReader(), text.encode()
    for start in range(0, len(data), size):
        reader.feed(data[start : start + size])
    return reader.page()


@pytest.mark.parametrize("size", [1, 2, 7, 100, 1 << 20])
def test_a_page_is_the_same_in_any_pieces(size):
    page = parsed(PAGE, size)
    assert list(page.objects()) == [Object("a/b c d+eü", 12, 1770091506.0), None]
    assert list(page.prefixes()) == ["a/x/y/", "a/z/"]
    assert page.token == "1/ab+c=="
    assert not page.empty


def test_keys_are_not_decoded_unless_the_page_says_that_they_are_encoded():
    page = parsed("<ListBucketResult><Contents><Key>a+b%20c</Key><Size>1</Size></Contents></ListBucketResult>")
    assert list(page.objects()) == [Object("a+b%20c", 1, None)]


def test_the_word_that_keys_are_encoded_may_come_after_them():
    page = parsed(
        "<ListBucketResult><Contents><Key>a%20b</Key><Size>1</Size></Contents>"
        "<EncodingType>url</EncodingType></ListBucketResult>"
    )
    assert list(page.objects()) == [Object("a b", 1, None)]


def test_a_page_with_nothing_is_empty():
    assert parsed("<ListBucketResult><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>").empty


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<ListBucketResult>", "not well-formed"),
        ("", "not well-formed"),
        ("<html><body>Welcome to nginx!</body></html>", "a listing was expected, and <html> came"),
        ("<Error><Code>SlowDown</Code></Error>", "a listing was expected, and <Error> came"),
        ('<!DOCTYPE l [<!ENTITY a "b">]><ListBucketResult>&a;</ListBucketResult>', "document type"),
        ("<ListBucketResult>&a;</ListBucketResult>", "not well-formed"),
        ("<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>", "no size"),
        ("<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></ListBucketResult>", "no size"),
        ("<ListBucketResult><Contents><Key>a</Key><Size>1e9</Size></Contents></ListBucketResult>", "no size"),
        ("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>", "does not say how to go on"),
        (f"<ListBucketResult><Name>{'x' * (MAX_TEXT + 1)}</Name></ListBucketResult>", "longer than"),
        (
            f"<ListBucketResult>{'<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>' * (MAX_PAGE_ENTRIES + 1)}"
            "</ListBucketResult>",
            "more than 10000 entries",
        ),
    ],
    ids=lambda value: value[:24],
)
def test_an_unsound_page_is_refused_in_words(text, why):
    with pytest.raises(Misbehaved, match=why):
        list(parsed(text).objects())


@given(st.binary(max_size=200))
def test_any_bytes_are_a_page_or_misbehaviour(data):
    reader = PageReader()
    try:
        reader.feed(data)
        list(reader.page().objects())
    except Misbehaved:
        return


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40))
def test_any_key_that_xml_can_hold_comes_through(key):
    if any(ord(character) in (0xFFFE, 0xFFFF) for character in key):
        return
    page = parsed(
        f"<ListBucketResult><Contents><Key>{escape(key)}</Key><Size>1</Size></Contents></ListBucketResult>", 3
    )
    assert list(page.objects()) == [Object(key, 1)]


def test_an_error_gives_its_code_and_region_and_nothing_that_could_be_a_secret():
    body = (
        b'<?xml version="1.0"?><Error><Code>SignatureDoesNotMatch</Code><Message>no</Message>'
        b"<Region>eu-west-1</Region><StringToSign>AWS4 secret</StringToSign></Error>"
    )
    assert error_of(body) == {"Code": "SignatureDoesNotMatch", "Region": "eu-west-1"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"Service Unavailable",
        b"<html><Code>NoSuchKey</Code></html>",
        b"<Error><Inner><Code>NoSuchKey</Code></Inner></Error>",
        b"<Error><Code>not a\r\nword</Code></Error>",
        b"<Error><Code>NoSuchKey</Code>",
        b"<!DOCTYPE Error><Error><Code>NoSuchKey</Code></Error>",
        b"<Error><Code>NoSuchKey</Code></Error>" + b" " * 70000,
        b"<CopyObjectResult><Code>NoSuchKey</Code></CopyObjectResult>",
    ],
)
def test_what_is_no_error_document_has_no_code(body):
    assert error_of(body) == {}


def test_an_error_may_be_long_and_come_after_white_space():
    body = b"\n \n<?xml version='1.0'?><Error><Message>" + b"x" * 20000 + b"</Message><Code>SlowDown</Code></Error>"
    assert error_of(body) == {"Code": "SlowDown"}


@pytest.mark.parametrize(
    ("body", "done"),
    [
        (b"<CopyObjectResult xmlns='x'><LastModified>now</LastModified><ETag>a</ETag></CopyObjectResult>", True),
        (b" " * 3000 + b"<?xml version='1.0'?><CopyObjectResult><ETag>a</ETag></CopyObjectResult>", True),
        (b"<CopyObjectResult><Progress>1</Progress></CopyObjectResult>", False),
        (b"<CopyObjectResult><ETag>a</ETag>", False),
        (b"<Error><ETag>a</ETag></Error>", False),
        (b"", False),
    ],
)
def test_a_copy_is_done_when_its_result_says_so(body, done):
    assert copied(body) is done


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"etag": f'"{MD5}"'}, {"md5": MD5}),
        ({"etag": f'"{MD5}"', "x_amz_server_side_encryption": "AES256"}, {"md5": MD5}),
        ({"etag": f'"{MD5}-3"'}, {}),
        ({"etag": f'"{MD5}"', "x_amz_server_side_encryption": "aws:kms"}, {}),
        ({"etag": f'"{MD5}"', "x_amz_server_side_encryption": "aws:kms:dsse"}, {}),
        ({"etag": f'"{MD5}"', "x_amz_server_side_encryption_customer_algorithm": "AES256"}, {}),
        ({"etag": f'"{MD5}-3"', "x_amz_meta_md5": "0" * 32}, {"md5": "0" * 32}),
        ({"etag": f'"{MD5}"', "x_amz_meta_md5": "0" * 32}, {"md5": MD5}),
        ({"x_amz_meta_adler32": "0A1B2C3D", "x_amz_meta_owner": "me"}, {"adler32": "0a1b2c3d"}),
        ({}, {}),
    ],
)
def test_checksums_are_those_that_were_kept_and_the_entity_tag_when_it_must_be_one(headers, expected):
    assert described("f", answer(200, content_length="1", **headers)).checksums == expected


def test_headers_describe_as_listings_do():
    headers = {"content_length": "12", "last_modified": "Tue, 03 Feb 2026 04:05:06 GMT"}
    assert described("a/b c d+eü", answer(200, **headers)) == next(parsed(PAGE).objects())
    with pytest.raises(Misbehaved, match="how long"):
        described("f", answer(200))
