# SPDX-License-Identifier: Apache-2.0
"""Checksums are read from header fields in all notations, and only when they look like what they are called."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ugr.plugin import Answer
from ugr.plugin.web import DIGEST_NAMES, digests

MD5 = hashlib.md5(b"xxx").hexdigest()
MD5_64 = base64.b64encode(bytes.fromhex(MD5)).decode()
SHA256 = hashlib.sha256(b"xxx").hexdigest()
SHA256_64 = base64.b64encode(bytes.fromhex(SHA256)).decode()


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("adler32=02d30169", {"adler32": "02d30169"}),
        ("ADLER32=2D30169", {"adler32": "02d30169"}),
        ("adler32=1", {"adler32": "00000001"}),
        ("adler32=AtMBaQ==", {"adler32": "02d30169"}),
        (f"md5={MD5_64}", {"md5": MD5}),
        (f"MD5={MD5}", {"md5": MD5}),
        (f"adler32=02d30169,md5={MD5_64}", {"adler32": "02d30169", "md5": MD5}),
        (f"adler32=02d30169 , sha-256={SHA256_64}", {"adler32": "02d30169", "sha256": SHA256}),
        ("crc32c=0a72a4df,unixsum=30637", {"crc32c": "0a72a4df"}),
        ("adler32=02d3016900", {}),
        ("adler32=xyz", {}),
        ("adler32=", {}),
        ("md5=02d30169", {}),
        ("", {}),
        ("nonsense", {}),
        (",=,", {}),
    ],
)
def test_a_digest_is_read(value, found):
    assert digests(Answer(200, (("digest", value),))) == found


def test_repr_digest_wins():
    answer = Answer(200, (("repr-digest", f"md5=:{MD5_64}:, sha-256=:{SHA256_64}:"), ("digest", f"md5={'0' * 32}")))
    assert digests(answer) == {"md5": MD5, "sha256": SHA256}
    assert digests(Answer(200, (("repr-digest", "adler=:AtMBaQ==:"),))) == {"adler32": "02d30169"}


def test_fields_of_several_lines_add_up():
    answer = Answer(200, (("digest", "adler32=02d30169"), ("etag", f'"{MD5}"'), ("digest", f"md5={MD5_64}")))
    assert digests(answer) == {"adler32": "02d30169", "md5": MD5}


@given(st.text(max_size=60))
def test_any_text_has_sound_digests_or_none(value):
    for name, digest in digests(Answer(200, (("digest", value),))).items():
        assert name in DIGEST_NAMES
        assert set(digest) <= set("0123456789abcdef")
