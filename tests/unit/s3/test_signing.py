# SPDX-License-Identifier: Apache-2.0
"""Our signatures are botocore's, byte for byte, for any name, method, style, region and token."""

from __future__ import annotations

import datetime
import hmac
import itertools
import threading
from collections.abc import Iterator
from functools import cache
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.session import Session
from hypothesis import given
from hypothesis import strategies as st
from ugr_s3.place import place
from ugr_s3.signing import EMPTY_HASH, UNSIGNED, Keys, Signer, canonical_query, derived

from tests.unit.objects.names import NAMES
from ugr.plugin.objects import encoded

TIME = 1_700_000_000
ACCESS_KEY = "AKIDEXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "FwoGZXIvYXdzE//////////wEaD+token/with=signs&more %~"

METHODS = {"GET": "get_object", "HEAD": "head_object", "PUT": "put_object", "DELETE": "delete_object"}


@pytest.fixture(autouse=True)
def frozen_botocore() -> Iterator[None]:
    """Stop botocore's clock; it has no other door for one."""
    moment = datetime.datetime.fromtimestamp(TIME, datetime.UTC)
    with mock.patch("botocore.auth.get_current_datetime", return_value=moment.replace(tzinfo=None)):
        yield


@cache
def session() -> Session:
    """Return the session that all clients share: reading botocore's description of S3 takes longer than any test."""
    return Session()


def boto(url: str, region: str, token: str | None, style: str) -> Any:
    """Return botocore's client of an S3."""
    config = Config(signature_version="s3v4", s3={"addressing_style": style})
    keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY, "aws_session_token": token}
    return session().create_client("s3", region_name=region, endpoint_url=url, config=config, **keys)


WHERE = place("http://127.0.0.1:9000", "bucket", virtual=False)


def signer(
    url: str, *, virtual: bool = False, region: str = "us-east-1", token: str | None = None, lifetime: int = 3600
) -> Signer:
    keys = Keys(ACCESS_KEY, SECRET_KEY, token)
    where = place(url, "bucket", virtual=virtual)
    return Signer(where, region, lambda: keys, lifetime=lifetime, clock=lambda: TIME + 0.75)


def ours(signer: Signer, method: str, key: str) -> str:
    return signer.url(method, f"{signer.place.root}/{encoded(key)}")[0]


@pytest.mark.parametrize("token", [None, TOKEN], ids=["keys", "session"])
@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
@pytest.mark.parametrize("virtual", [False, True], ids=["path", "virtual"])
@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "https://s3.example.org", "https://s3.example.org:9000"])
def test_presigned_urls_equal_those_of_boto(url, virtual, region, token):
    if virtual and "127" in url:
        url = "http://localhost:8080"
    client = boto(url, region, token, "virtual" if virtual else "path")
    mine = signer(url, virtual=virtual, region=region, token=token, lifetime=1234)
    for name in NAMES:
        for method, operation in METHODS.items():
            theirs = client.generate_presigned_url(operation, Params={"Bucket": "bucket", "Key": name}, ExpiresIn=1234)
            assert ours(mine, method, name) == theirs, (method, name)
    client.close()


STEPS = [
    ("POST", "create_multipart_upload", {}, [("uploads", "")]),
    ("PUT", "upload_part", {"PartNumber": 12, "UploadId": "2~a/b+"}, [("partNumber", "12"), ("uploadId", "2~a/b+")]),
    ("POST", "complete_multipart_upload", {"UploadId": "2~a b"}, [("uploadId", "2~a b")]),
    ("DELETE", "abort_multipart_upload", {"UploadId": "é"}, [("uploadId", "é")]),
]


@pytest.mark.parametrize("token", [None, TOKEN], ids=["keys", "session"])
@pytest.mark.parametrize(("method", "operation", "named", "query"), STEPS, ids=[step[1] for step in STEPS])
def test_presigned_steps_of_an_upload_in_parts_equal_those_of_boto(method, operation, named, query, token):
    client = boto("https://s3.example.org", "us-east-1", token, "path")
    mine = signer("https://s3.example.org", token=token, lifetime=1234)
    for name in NAMES:
        parameters = {"Bucket": "bucket", "Key": name, **named}
        theirs = client.generate_presigned_url(operation, Params=parameters, ExpiresIn=1234)
        assert mine.url(method, f"{mine.place.root}/{encoded(name)}", query)[0] == theirs
    client.close()


def presigned_by_botocore(method: str, url: str, region: str, token: str | None, lifetime: int) -> str:
    request = AWSRequest(method=method, url=url)
    S3SigV4QueryAuth(Credentials(ACCESS_KEY, SECRET_KEY, token), "s3", region, expires=lifetime).add_auth(request)
    return request.url


@given(
    name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=60),
    method=st.sampled_from(sorted(METHODS)),
    token=st.none() | st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1),
    lifetime=st.integers(1, 604800),
)
def test_presigned_urls_of_any_name_equal_those_of_botocore(name, method, token, lifetime):
    mine = signer("http://127.0.0.1:8080/base", token=token, lifetime=lifetime)
    plain = f"http://127.0.0.1:8080/base/bucket/{encoded(name)}"
    assert ours(mine, method, name) == presigned_by_botocore(method, plain, "us-east-1", token, lifetime)


@pytest.mark.parametrize(
    ("url", "origin", "host"),
    [
        ("https://S3.Example.ORG", "https://s3.example.org", "s3.example.org"),
        ("https://s3.example.org:443", "https://s3.example.org", "s3.example.org"),
        ("http://s3.example.org:80", "http://s3.example.org", "s3.example.org"),
        ("http://s3.example.org:443", "http://s3.example.org:443", "s3.example.org:443"),
        ("http://[2001:DB8::1]:9000", "http://[2001:db8::1]:9000", "[2001:db8::1]:9000"),
    ],
)
def test_the_host_is_written_as_clients_send_it(url, origin, host):
    assert (place(url, "bucket", virtual=False).origin, place(url, "bucket", virtual=False).host) == (origin, host)


def test_the_host_of_an_ipv6_address_is_signed_as_by_botocore():
    mine = signer("http://[2001:db8::1]:9000")
    theirs = presigned_by_botocore("GET", "http://[2001:db8::1]:9000/bucket/file", "us-east-1", None, 3600)
    assert ours(mine, "GET", "file") == theirs


def headers_by_botocore(method, url, region, token, extra, payload):
    request = AWSRequest(method=method, url=url, headers=dict(extra))
    auth = S3SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY, token), "s3", region)
    with mock.patch.object(S3SigV4Auth, "payload", return_value=payload):
        auth.add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


@pytest.mark.parametrize("payload", [EMPTY_HASH, UNSIGNED])
@pytest.mark.parametrize("token", [None, TOKEN], ids=["keys", "session"])
@pytest.mark.parametrize(
    ("method", "query", "extra"),
    [
        ("HEAD", [], []),
        ("GET", [("list-type", "2"), ("prefix", "a b/ü+&="), ("delimiter", "/"), ("max-keys", "1")], []),
        ("GET", [("continuation-token", "1/a+b=="), ("list-type", "2"), ("prefix", "")], []),
        ("PUT", [], [("x-amz-copy-source", "/bucket/a%20b"), ("x-amz-metadata-directive", "COPY")]),
        ("DELETE", [], []),
        ("PUT", [], [("x-amz-meta-note", "two  spaces"), ("x-amz-meta-empty", ""), ("content-type", "a/b; c=d")]),
    ],
)
def test_headers_equal_those_of_botocore(method, query, extra, token, payload):
    mine = signer("https://s3.example.org:9000", region="ca-west-1", token=token)
    path, text = f"{mine.place.root}/{encoded('a b/ü+file')}", canonical_query(query)
    url = f"{mine.place.origin}{path}" + (f"?{text}" if text else "")
    expected = headers_by_botocore(method, url, "ca-west-1", token, extra, payload)
    assert dict(mine.headers(method, path, text, extra, payload=payload)) == expected


def test_a_url_says_when_it_expires():
    assert signer("http://127.0.0.1", lifetime=60).url("GET", "/bucket/file")[1] == TIME + 60


def test_the_secret_key_is_in_no_representation():
    mine = signer("http://127.0.0.1", token=TOKEN)
    mine.url("GET", "/bucket/file")
    assert SECRET_KEY not in repr(mine._moment)
    signing_key = derived(SECRET_KEY, "20231114", "us-east-1")
    assert mine._moment.mac.digest(b"text") == hmac.digest(signing_key, b"text", "sha256")
    assert signing_key.hex() not in repr(mine._moment)
    assert repr(signing_key)[2:-1] not in repr(mine._moment)
    assert TOKEN not in repr(mine._keys())
    assert "D%2Btoken" in mine._moment.query
    assert "wAD%2Btoken" not in repr(mine._moment)


def test_new_keys_sign_from_the_next_url_on():
    keys = [Keys("OLD", "old secret")]
    mine = Signer(WHERE, "us-east-1", lambda: keys[0], lifetime=60, clock=lambda: TIME)
    before = mine.url("GET", "/bucket/file")[0]
    keys[0] = Keys("NEW", "new secret")
    after = mine.url("GET", "/bucket/file")[0]
    assert "Credential=OLD%2F" in before
    assert "Credential=NEW%2F" in after
    keys[0] = Keys("OLD", "old secret")
    assert mine.url("GET", "/bucket/file")[0] == before


def test_the_day_of_the_signature_follows_the_clock():
    now = [1_700_006_399.9]
    keys = Keys(ACCESS_KEY, SECRET_KEY)
    mine = Signer(WHERE, "us-east-1", lambda: keys, lifetime=60, clock=lambda: now[0])
    assert "20231114%2Fus-east-1" in mine.url("GET", "/bucket/file")[0]
    now[0] = 1_700_006_400.0
    assert "20231115%2Fus-east-1" in mine.url("GET", "/bucket/file")[0]
    fresh = Signer(mine.place, "us-east-1", lambda: keys, lifetime=60, clock=lambda: now[0])
    assert mine.url("GET", "/bucket/file") == fresh.url("GET", "/bucket/file")


def test_threads_that_sign_while_time_and_keys_change_get_only_right_signatures():
    pairs = [Keys(f"KEY{number}", f"secret {number}") for number in range(3)]
    tick = itertools.count()

    def keys() -> Keys:
        return pairs[next(tick) // 7 % 3]

    def clock() -> float:
        return TIME + next(tick) // 11 % 100_000

    shared = Signer(WHERE, "us-east-1", keys, lifetime=60, clock=clock)
    made: list[tuple[str, str]] = []

    def work(number: int) -> None:
        made.extend((path, shared.url("GET", path)[0]) for path in [f"/bucket/{number}-{i}" for i in range(300)])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1200
    for path, url in made:
        query = dict(word.split("=") for word in urlsplit(url).query.split("&"))
        key = pairs[int(query["X-Amz-Credential"][3])]
        moment = datetime.datetime.strptime(query["X-Amz-Date"] + "+0000", "%Y%m%dT%H%M%SZ%z").timestamp()
        alone = Signer(WHERE, "us-east-1", lambda key=key: key, lifetime=60, clock=lambda moment=moment: moment)
        assert alone.url("GET", path)[0] == url
