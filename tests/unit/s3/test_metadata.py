# SPDX-License-Identifier: Apache-2.0
"""Headers of an object become facts, and doubtful ones become unknown."""

from __future__ import annotations

import pytest
from ugr_s3 import metadata

from ugr.plugin import Answer

MD5 = "d41d8cd98f00b204e9800998ecf8427e"


def answer(**headers: str) -> Answer:
    return Answer(200, tuple((name.replace("_", "-"), value) for name, value in headers.items()))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"etag": f'"{MD5}"'}, {"md5": MD5}),
        ({"etag": MD5}, {"md5": MD5}),
        ({"etag": f'"{MD5.upper()}"'}, {"md5": MD5}),
        ({"etag": f'"{MD5}"', "x_amz_server_side_encryption": "AES256"}, {"md5": MD5}),
        ({"etag": f'"{MD5}-3"'}, {}),
        ({"etag": f'"{MD5}"', "x_amz_server_side_encryption": "aws:kms"}, {}),
        ({"etag": f'"{MD5}"', "x_amz_server_side_encryption": "aws:kms:dsse"}, {}),
        ({"etag": f'"{MD5}"', "x_amz_server_side_encryption_customer_algorithm": "AES256"}, {}),
        ({"etag": f'W/"{MD5}"'}, {}),
        ({"etag": '"0x8D4BCC2E4835CD0"'}, {}),
        ({"etag": f'"{MD5}0"'}, {}),
        ({"etag": f'"{MD5}"\n'}, {}),
        ({}, {}),
    ],
)
def test_the_entity_tag_is_a_checksum_only_when_it_must_be(headers, expected):
    assert metadata.checksums(answer(**headers)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784111777.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Sun, 06 Nev 1994 08:49:37 GMT", None),
        ("Sunday, 06-Nov-94 08:49:37 GMT", None),
        ("Sun, 06 Nov 1994 08:49:37 +0200", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_dates_are_seconds_or_unknown(text, expected):
    assert metadata.http_date(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("0", 0), ("5368709120", 5368709120), ("-1", None), ("1_0", None), ("٣", None)]
)
def test_a_size_is_a_plain_number_or_unknown(text, expected):
    assert metadata.size(answer(content_length=text)) == expected


def test_a_missing_length_is_unknown_not_zero():
    assert metadata.size(answer()) is None
