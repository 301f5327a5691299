# SPDX-License-Identifier: Apache-2.0
"""What headers tell of a file."""

import base64
import hashlib

import pytest
from ugr_http import metadata

from ugr.plugin import Answer

MD5 = hashlib.md5(b"x", usedforsecurity=False).hexdigest()
SHA256 = hashlib.sha256(b"x").hexdigest()


def base64_of(digits):
    return base64.b64encode(bytes.fromhex(digits)).decode()


def answer(status=200, **headers):
    return Answer(status, tuple((name.replace("_", "-"), value) for name, value in headers.items()))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (answer(content_length="12"), 12),
        (answer(content_length="0"), 0),
        (answer(), None),
        (answer(content_length="-1"), None),
        (answer(206, content_length="1", content_range="bytes 0-0/99"), 99),
        (answer(206, content_length="1", content_range="bytes 0-0/*"), None),
        (answer(416, content_length="150", content_range="bytes */0"), 0),
        (answer(416, content_length="150"), None),
    ],
)
def test_the_size_is_that_of_the_whole_file(given, expected):
    assert metadata.size(given) == expected


def test_times_are_read_in_the_one_form_that_servers_must_send():
    assert metadata.mtime(answer(last_modified="Wed, 25 Nov 2026 18:43:00 GMT")) == 1795632180.0
    assert metadata.mtime(answer(last_modified="Wednesday, 25-Nov-26 18:43:00 GMT")) is None
    assert metadata.mtime(answer()) is None


def test_digest_has_adler32_in_digits_and_others_in_base64():
    given = answer(digest=f"adler32=3da0195,md5={base64_of(MD5)} , SHA-256={base64_of(SHA256)}, unknown=x")

    assert metadata.checksums(given) == {"adler32": "03da0195", "md5": MD5, "sha256": SHA256}


def test_repr_digest_is_base64_between_colons_and_outweighs_digest():
    given = answer(
        digest="adler32=00000001", repr_digest=f"adler=:{base64_of('03da0195')}:, sha-256=:{base64_of(SHA256)}:"
    )

    assert metadata.checksums(given) == {"adler32": "03da0195", "sha256": SHA256}


def test_content_md5_is_of_the_whole_file_only_on_200():
    assert metadata.checksums(answer(content_md5=base64_of(MD5))) == {"md5": MD5}
    assert metadata.checksums(answer(206, content_md5=base64_of(MD5))) == {}


@pytest.mark.parametrize(
    "headers",
    [
        {"digest": "adler32=nonsense!"},
        {"digest": "md5=c2hvcnQ="},
        {"digest": "md5=abc"},
        {"digest": "="},
        {"repr_digest": "sha-256=abc"},
        {"content_md5": "not base64"},
        {"content_md5": "c2hvcnQ="},
    ],
)
def test_what_is_no_checksum_is_not_one(headers):
    assert metadata.checksums(answer(**headers)) == {}
