# SPDX-License-Identifier: Apache-2.0
"""URLs of Signature Version 2 are botocore's, byte for byte, for any name, method, style and token."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
from botocore.auth import HmacV1Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st
from ugr_s3.place import place
from ugr_s3.signing import Keys
from ugr_s3.signing_v2 import SignerV2

from tests.unit.objects.names import NAMES
from tests.unit.s3.test_signing import ACCESS_KEY, METHODS, SECRET_KEY, TIME, TOKEN, session
from ugr.names import speakable
from ugr.plugin.objects import encoded

URL = "http://s3.example.org:9000"


def boto(token: str | None, style: str) -> Any:
    config = Config(signature_version="s3", s3={"addressing_style": style})
    keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY, "aws_session_token": token}
    return session().create_client("s3", region_name="us-east-1", endpoint_url=URL, config=config, **keys)


def signer(token: str | None = None, *, virtual: bool = False) -> SignerV2:
    keys = Keys(ACCESS_KEY, SECRET_KEY, token)
    return SignerV2(place(URL, "bucket", virtual=virtual), "bucket", lambda: keys, lifetime=600, clock=lambda: TIME)


def path(key: str, virtual: bool) -> str:
    return f"/{encoded(key)}" if virtual else f"/bucket/{encoded(key)}"


@pytest.mark.parametrize("token", [None, TOKEN], ids=["pair", "session"])
@pytest.mark.parametrize("style", ["path", "virtual"])
@pytest.mark.parametrize("method", METHODS)
def test_url_is_botocores(method: str, style: str, token: str | None) -> None:
    client, ours, virtual = boto(token, style), signer(token, virtual=style == "virtual"), style == "virtual"
    with mock.patch("botocore.auth.time.time", return_value=float(TIME)):
        for name in NAMES:
            theirs = client.generate_presigned_url(METHODS[method], {"Bucket": "bucket", "Key": name}, 600)
            assert ours.url(method, path(name, virtual)) == (theirs, TIME + 600)


@given(st.text(min_size=1, max_size=30).filter(speakable))
def test_url_of_any_name_is_botocores(name: str) -> None:
    with mock.patch("botocore.auth.time.time", return_value=float(TIME)):
        theirs = boto(None, "path").generate_presigned_url("get_object", {"Bucket": "bucket", "Key": name}, 600)
    assert signer().url("GET", path(name, False))[0] == theirs


def test_step_of_an_upload_in_parts_is_botocores() -> None:
    given = {"Bucket": "bucket", "Key": "k", "UploadId": "2~a+b/c", "PartNumber": 7}
    with mock.patch("botocore.auth.time.time", return_value=float(TIME)):
        theirs = boto(None, "path").generate_presigned_url("upload_part", given, 600)
    query = [(name, {"uploadId": "2~a+b/c", "partNumber": "7"}[name]) for name in ("uploadId", "partNumber")]
    ours = signer().url("PUT", "/bucket/k", query)[0]
    assert sorted(ours.partition("?")[2].split("&")) == sorted(theirs.partition("?")[2].split("&"))


@pytest.mark.parametrize("query", ["", "list-type=2&prefix=a%2Fb", "partNumber=3&uploadId=x"])
def test_headers_of_our_own_requests_are_botocores(query: str) -> None:
    extra = [("x-amz-copy-source", "/bucket/a"), ("content-type", "text/plain")]
    ours = dict(signer(TOKEN).headers("PUT", "/bucket/k", query, extra))
    request = AWSRequest("PUT", f"{URL}/bucket/k?{query}", headers=dict(extra))
    with mock.patch.object(HmacV1Auth, "_get_date", return_value=ours["date"]):
        HmacV1Auth(Credentials(ACCESS_KEY, SECRET_KEY, TOKEN)).add_auth(request)
    assert ours["authorization"] == request.headers["Authorization"]


def test_secret_is_never_shown() -> None:
    assert SECRET_KEY not in repr(vars(signer(TOKEN)))
    assert TOKEN not in repr(vars(signer(TOKEN)))
