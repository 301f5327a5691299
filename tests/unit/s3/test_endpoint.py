# SPDX-License-Identifier: Apache-2.0
"""The endpoint before storages that answer as no test server of ours does, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from ugr_s3.endpoint import MAX_PARTS, S3Endpoint
from ugr_s3.options import S3Options

from tests.unit.objects.scripted import Asked, Script, answer, before
from ugr.plugin import (
    Answer,
    BadRequest,
    Busy,
    Call,
    Conflict,
    EndpointError,
    FileInfo,
    Intent,
    IsADirectory,
    Misbehaved,
    MultipartStep,
    NotFound,
    PermissionDenied,
    Secret,
    Transfer,
    Unauthenticated,
    Unsupported,
)

EMPTY = answer(200, b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
FILE = answer(200, content_length="1")
MISSING = answer(404)


def endpoint(**written: Any) -> S3Endpoint:
    given = {
        "url": "https://s3.example.org",
        "bucket": "atlas",
        "access_key": "KEY",
        "secret_key": Secret(literal="secret"),
        "writable": True,
    }
    return S3Endpoint("cern", S3Options(**(given | written)), clock=lambda: 1000.0)


def ask(script: Script, verb: str, *arguments: Any, **written: Any) -> tuple[Any, list[Asked]]:
    """Ask an endpoint that is before a scripted storage; return the answer and what the storage was asked."""
    one = endpoint(**written)
    (answered,), asked = before(script, one, lambda call: getattr(one, verb)(*arguments, call))
    return answered, asked


def error(status: int, code: str, **headers: str) -> Answer:
    return answer(status, f"<Error><Code>{code}</Code></Error>".encode(), **headers)


def page(inside: str) -> Answer:
    return answer(200, f"<ListBucketResult>{inside}</ListBucketResult>".encode())


def refusing(head: int, listed: Answer) -> Script:
    """Refuse HEAD, without a body as HEAD must, and answer listings."""
    return lambda asked: answer(head) if asked.method == "HEAD" else listed


QUESTIONS = [("stat", "/file"), ("stat", "/"), ("list", "/dir")]


def test_a_refused_head_is_explained_by_a_listing_that_is_refused_too():
    with pytest.raises(Unauthenticated, match="ExpiredToken"):
        ask(refusing(400, error(400, "ExpiredToken")), "stat", "/file")
    with pytest.raises(PermissionDenied, match="AccessDenied"):
        ask(refusing(403, error(403, "AccessDenied")), "stat", "/file")


def test_a_refused_head_is_denied_when_listing_is_allowed():
    with pytest.raises(PermissionDenied, match="403"):
        ask(refusing(403, EMPTY), "stat", "/file")


def test_a_head_in_the_wrong_region_names_the_region():
    with pytest.raises(Misbehaved, match="region = eu-west-1"):
        ask(lambda _: answer(301, x_amz_bucket_region="eu-west-1"), "stat", "/file")


@pytest.mark.parametrize(("verb", "path"), QUESTIONS)
def test_a_busy_storage_asks_for_patience(verb, path):
    with pytest.raises(Busy) as caught:
        ask(lambda _: error(503, "SlowDown", retry_after="7"), verb, path)
    assert caught.value.retry_after == 7.0


def test_a_broken_storage_is_asked_once_and_is_not_an_absence():
    for status in (500, 502, 504):
        with pytest.raises(EndpointError, match=str(status)):
            ask(lambda _, status=status: answer(status), "stat", "/file")


@pytest.mark.parametrize(("verb", "path"), QUESTIONS)
def test_a_404_that_is_not_s3s_is_not_an_absence(verb, path):
    with pytest.raises(Misbehaved, match="check url and bucket"):
        ask(lambda _: answer(404, b"<html><body>404 Not Found</body></html>", content_type="text/html"), verb, path)


def test_a_page_of_another_service_is_not_an_empty_directory():
    with pytest.raises(Misbehaved, match="<html>"):
        ask(lambda _: answer(200, b"<html></html>"), "list", "/")


def test_a_file_without_length_is_misbehaviour():
    with pytest.raises(Misbehaved, match="how long"):
        ask(lambda _: answer(200), "stat", "/file")


def test_pages_are_asked_for_with_the_token_of_the_one_before():
    def paged(asked: Asked) -> Answer:
        if "continuation-token" in asked.query:
            return page("<CommonPrefixes><Prefix>d/z/</Prefix></CommonPrefixes>")
        token = "<IsTruncated>true</IsTruncated><NextContinuationToken>a+b/c=</NextContinuationToken>"
        return page(f"{token}<Contents><Key>d/a</Key><Size>1</Size></Contents>")

    entries, asked = ask(paged, "list", "/d")
    assert entries == [FileInfo("a", size=1), FileInfo("z", directory=True)]
    first = {"list-type": "2", "encoding-type": "url", "prefix": "d/", "delimiter": "/", "max-keys": "1000"}
    assert [(one.method, one.path, one.query) for one in asked] == [
        ("GET", "/atlas", first),
        ("GET", "/atlas", first | {"continuation-token": "a+b/c="}),
    ]


def test_questions_go_to_the_prefix_in_the_bucket():
    seen: list[Asked] = []

    def missing(asked: Asked) -> Answer:
        seen.append(asked)
        return MISSING if asked.method == "HEAD" else EMPTY

    with pytest.raises(NotFound):
        ask(missing, "stat", "/d/f", prefix="/data/run 1", url="https://s3.example.org/base")
    query = {"list-type": "2", "encoding-type": "url", "prefix": "data/run 1/d/f/", "max-keys": "1"}
    assert [(one.method, one.path, one.query) for one in seen] == [
        ("HEAD", "/base/atlas/data/run 1/d/f", {}),
        ("GET", "/base/atlas", query),
    ]


@pytest.mark.parametrize("name", ["/a\ufffe", "/d\uffff/f", "/a\x01", "/" + "x" * 1025])
def test_a_name_that_no_key_can_have_is_not_there_and_costs_nothing_to_find_out(name):
    seen: list[Asked] = []

    def storage(asked: Asked) -> Answer:
        seen.append(asked)
        # as Ceph's gateway does, repeat in XML what it cannot hold
        return MISSING if asked.method == "HEAD" else page(f"<Prefix>{asked.query['prefix']}</Prefix>")

    for verb in ("stat", "list", "delete"):
        with pytest.raises(NotFound):
            ask(storage, verb, name)
    with pytest.raises(BadRequest):
        endpoint().redirect(name, Intent.GET, Transfer(), Call.until(1))
    assert seen == []


def copying(result: Answer) -> Callable[[Asked], Answer]:
    """Answer as a bucket with one object, ``from``, whose copies end with a result."""

    def storage(asked: Asked) -> Answer:
        if asked.method == "HEAD":
            return FILE if asked.path == "/atlas/from" else MISSING
        return {"PUT": result, "DELETE": answer(204)}.get(asked.method, EMPTY)

    return storage


COPIED = answer(200, b"<CopyObjectResult><ETag>a</ETag></CopyObjectResult>")


def test_a_move_is_a_copy_inside_the_storage_and_a_deletion():
    _, asked = ask(copying(COPIED), "move", "/from", "/to", False)
    put, delete = asked[-2:]
    assert (put.path, put.headers["x-amz-copy-source"], put.body) == ("/atlas/to", "/atlas/from", b"")
    assert (delete.method, delete.path) == ("DELETE", "/atlas/from")


@pytest.mark.parametrize(
    ("result", "failure", "says"),
    [
        (error(200, "InternalError"), Misbehaved, "then failed: InternalError"),
        (answer(200, b"<CopyObjectResult><Progress>9"), Misbehaved, "then failed: it does not say why"),
        (error(400, "InvalidRequest"), Unsupported, "5 GiB"),
        (error(403, "AccessDenied"), PermissionDenied, "AccessDenied"),
        (error(404, "NoSuchKey"), NotFound, "NoSuchKey"),
    ],
)
def test_a_copy_that_failed_has_failed_and_a_move_deletes_nothing(result, failure, says):
    seen: list[str] = []

    def storage(asked: Asked) -> Answer:
        seen.append(asked.method)
        return copying(result)(asked)

    for verb in ("copy", "move"):
        with pytest.raises(failure, match=says):
            ask(storage, verb, "/from", "/to", False)
    assert "DELETE" not in seen


DESCRIBED = {
    "content_length": "1",
    "etag": '"0x1"',
    "date": "today",
    "content_type": "text/plain; charset=utf-8",
    "cache_control": "no-cache",
    "x_amz_storage_class": "STANDARD_IA",
    "x_amz_meta_owner": "me",
    "x_amz_meta_adler32": "ffffffff",
}


def test_a_kept_checksum_keeps_what_else_is_known_and_is_conditional():
    def storage(asked: Asked) -> Answer:
        return answer(200, **DESCRIBED) if asked.method == "HEAD" else COPIED

    _, asked = ask(storage, "store_checksum", "/f", "adler32", "00000001")
    put = asked[-1]
    assert (put.method, put.path) == ("PUT", "/atlas/f")
    unsigned = {name: value for name, value in put.headers.items() if name not in ("authorization", "x-amz-date")}
    del unsigned["x-amz-content-sha256"]
    assert unsigned == {
        "x-amz-copy-source": "/atlas/f",
        "x-amz-copy-source-if-match": '"0x1"',
        "x-amz-metadata-directive": "REPLACE",
        "content-type": "text/plain; charset=utf-8",
        "cache-control": "no-cache",
        "x-amz-storage-class": "STANDARD_IA",
        "x-amz-meta-owner": "me",
        "x-amz-meta-adler32": "00000001",
    }
    signed = put.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0]
    assert signed.split(";") == sorted(["host", "x-amz-date", "x-amz-content-sha256", *unsigned])


@pytest.mark.parametrize(
    ("head", "result", "failure", "says"),
    [
        (DESCRIBED, error(412, "PreconditionFailed"), Conflict, "changed"),
        (DESCRIBED | {"x_amz_missing_meta": "1"}, COPIED, Unsupported, "would be lost"),
    ],
)
def test_a_checksum_that_cannot_be_kept_safely_is_not(head, result, failure, says):
    with pytest.raises(failure, match=says):
        ask(
            lambda asked: answer(200, **head) if asked.method == "HEAD" else result,
            *("store_checksum", "/f", "md5", "0" * 32),
        )


def test_an_endpoint_that_is_not_open_says_so():
    with pytest.raises(EndpointError, match="not open"):
        asyncio.run(endpoint().health(Call.until(1)))


def test_urls_are_signed_without_being_open():
    one = endpoint(public_url="https://public.example.org", url_lifetime=60.0)
    location = one.redirect("/d/a b", Intent.HEAD, Transfer(), Call.until(1))
    assert location.url.startswith("https://public.example.org/atlas/d/a%20b?X-Amz-Algorithm=AWS4-HMAC-SHA256&")
    assert (location.method, location.expires, location.signed) == (Intent.HEAD, 1060.0, True)


def test_what_cannot_be_sent_anywhere_is_refused():
    for path, intent, failure in (("/", Intent.GET, IsADirectory), ("/f", Intent.POST, Unsupported)):
        with pytest.raises(failure):
            endpoint().redirect(path, intent, Transfer(), Call.until(1))


def multipart(step: MultipartStep, path: str = "/d/f", **named: Any) -> Any:
    return asyncio.run(endpoint().multipart(path, step, Transfer(), Call.until(1), **named))


def asked_for(location: Any) -> tuple[Intent, str, dict[str, str]]:
    """Return what a signed location is for: method, path, and the query besides the signature."""
    parts = urlsplit(location.url)
    query = {
        name: value for name, value in parse_qsl(parts.query, keep_blank_values=True) if not name.startswith("X-Amz-")
    }
    assert location.signed
    assert location.expires == 4600.0
    return location.method, parts.path, query


def test_the_steps_of_an_upload_in_parts_are_those_of_s3():
    begun = multipart(MultipartStep.START)
    assert begun.upload_id is None
    assert [asked_for(one) for one in begun.locations] == [(Intent.POST, "/atlas/d/f", {"uploads": ""})]
    for step, intent in ((MultipartStep.COMPLETE, Intent.POST), (MultipartStep.ABORT, Intent.DELETE)):
        ended = multipart(step, upload_id="2~id+")
        assert ended.upload_id == "2~id+"
        assert [asked_for(one) for one in ended.locations] == [(intent, "/atlas/d/f", {"uploadId": "2~id+"})]


def test_each_part_has_a_url_of_its_own_in_order():
    put = multipart(MultipartStep.PARTS, upload_id="id", parts=250)
    assert [asked_for(one) for one in put.locations] == [
        (Intent.PUT, "/atlas/d/f", {"partNumber": str(number), "uploadId": "id"}) for number in range(1, 251)
    ]


@pytest.mark.parametrize(
    ("step", "named", "failure"),
    [
        (MultipartStep.START, {"path": "/"}, IsADirectory),
        (MultipartStep.START, {"path": "/" + "x" * 1025}, BadRequest),
        (MultipartStep.COMPLETE, {}, BadRequest),
        (MultipartStep.ABORT, {"upload_id": ""}, BadRequest),
        (MultipartStep.PARTS, {"parts": 3}, BadRequest),
        (MultipartStep.PARTS, {"upload_id": "id", "parts": 0}, BadRequest),
        (MultipartStep.PARTS, {"upload_id": "id", "parts": MAX_PARTS + 1}, BadRequest),
    ],
)
def test_a_step_that_cannot_be_is_refused(step, named, failure):
    with pytest.raises(failure):
        multipart(step, **named)
