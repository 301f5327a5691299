# SPDX-License-Identifier: Apache-2.0
"""The endpoint before storages that answer as no test server of ours does, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from ugr_s3.endpoint import S3Endpoint
from ugr_s3.options import S3Options

from ugr.plugin import (
    Answer,
    Busy,
    Call,
    EndpointError,
    FileInfo,
    Intent,
    Misbehaved,
    NotFound,
    PermissionDenied,
    Secret,
    Transfer,
    Unauthenticated,
    Unsupported,
)

EMPTY = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"

Asked = tuple[str, str, dict[str, str]]
Script = Callable[[str, str, dict[str, str]], Answer]


class Streamed:
    """An answer in pieces."""

    def __init__(self, answer: Answer) -> None:
        self.status, self.headers, self._body = answer.status, answer.headers, answer.body

    async def chunks(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._body), 10):
            yield self._body[start : start + 10]


class ScriptedTransport:
    """A transport whose storage is a function of method, decoded path and query."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked: list[Asked] = []

    def _answer(self, method: str, url: str) -> Answer:
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        self.asked.append((method, unquote(parts.path), query))
        return self.script(*self.asked[-1])

    async def send(self, method: str, url: str, **_: Any) -> Answer:
        return self._answer(method, url)

    @asynccontextmanager
    async def stream(self, method: str, url: str, **_: Any) -> AsyncIterator[Streamed]:
        yield Streamed(self._answer(method, url))


def options(**written: Any) -> S3Options:
    given = {
        "url": "https://s3.example.org",
        "bucket": "atlas",
        "access_key": "KEY",
        "secret_key": Secret(literal="secret"),
        "writable": True,
    }
    return S3Options(**(given | written))


def before(script: Script, question: Callable[[S3Endpoint, Call], Any], **written: Any) -> tuple[Any, list[Asked]]:
    """Ask an endpoint that is before a scripted storage; return the answer and what the storage was asked."""
    transport = ScriptedTransport(script)

    async def asked() -> Any:
        endpoint = S3Endpoint("cern", options(**written))
        await endpoint.open(transport)  # type: ignore[arg-type]
        answer = question(endpoint, Call.until(5))
        return [info async for info in answer] if hasattr(answer, "__anext__") else await answer

    return asyncio.run(asked()), transport.asked


def error(status: int, code: str, **headers: str) -> Answer:
    body = f"<Error><Code>{code}</Code></Error>".encode()
    return Answer(status, tuple((name.replace("_", "-"), text) for name, text in headers.items()), body)


def stat(path: str) -> Callable[[S3Endpoint, Call], Coroutine[Any, Any, FileInfo]]:
    return lambda endpoint, call: endpoint.stat(path, call)


def listing(path: str) -> Callable[[S3Endpoint, Call], AsyncIterator[FileInfo]]:
    return lambda endpoint, call: endpoint.list(path, call)


def refusing(head: int, listed: Answer) -> Script:
    """Refuse HEAD, without a body as HEAD must, and answer listings."""
    return lambda method, *_: Answer(head, ()) if method == "HEAD" else listed


def test_a_refused_head_is_explained_by_a_listing_that_is_refused_too():
    with pytest.raises(Unauthenticated, match="ExpiredToken"):
        before(refusing(400, error(400, "ExpiredToken")), stat("/file"))
    with pytest.raises(PermissionDenied, match="AccessDenied"):
        before(refusing(403, error(403, "AccessDenied")), stat("/file"))


def test_a_refused_head_is_denied_when_listing_is_allowed():
    with pytest.raises(PermissionDenied, match="403"):
        before(refusing(403, Answer(200, (), EMPTY)), stat("/file"))


def test_a_head_in_the_wrong_region_names_the_region():
    elsewhere = Answer(301, (("x-amz-bucket-region", "eu-west-1"),))
    with pytest.raises(Misbehaved, match="region = eu-west-1"):
        before(lambda *_: elsewhere, stat("/file"))


def test_a_busy_storage_asks_for_patience():
    for question in (stat("/file"), stat("/"), listing("/")):
        with pytest.raises(Busy) as caught:
            before(lambda *_: error(503, "SlowDown", retry_after="7"), question)
        assert caught.value.retry_after == 7.0


def test_a_broken_storage_is_asked_once_and_is_not_an_absence():
    for status in (500, 502, 504):
        with pytest.raises(EndpointError, match=str(status)):
            before(lambda *_, status=status: Answer(status, ()), stat("/file"))


def test_a_404_that_is_not_s3s_is_not_an_absence():
    page = Answer(404, (("content-type", "text/html"),), b"<html><body>404 Not Found</body></html>")
    for question in (stat("/file"), stat("/"), listing("/dir")):
        with pytest.raises(Misbehaved, match="check url and bucket"):
            before(lambda *_: page, question)


def test_a_page_of_another_service_is_not_an_empty_directory():
    with pytest.raises(Misbehaved, match="<html>"):
        before(lambda *_: Answer(200, (), b"<html></html>"), listing("/"))


def test_a_file_without_length_is_misbehaviour():
    with pytest.raises(Misbehaved, match="how long"):
        before(lambda *_: Answer(200, ()), stat("/file"))


def test_a_listing_that_does_not_advance_ends():
    more = b"<IsTruncated>true</IsTruncated><NextContinuationToken>same</NextContinuationToken>"
    page = Answer(200, (), b"<ListBucketResult>" + more + b"</ListBucketResult>")
    with pytest.raises(Misbehaved, match="does not advance"):
        before(lambda *_: page, listing("/"))


def test_pages_are_asked_for_with_the_token_of_the_one_before():
    def paged(method: str, path: str, query: dict[str, str]) -> Answer:
        if "continuation-token" in query:
            return Answer(
                200, (), b"<ListBucketResult><CommonPrefixes><Prefix>d/z/</Prefix></CommonPrefixes></ListBucketResult>"
            )
        return Answer(
            200,
            (),
            b"<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>a+b/c=</NextContinuationToken>"
            b"<Contents><Key>d/a</Key><Size>1</Size></Contents></ListBucketResult>",
        )

    entries, asked = before(paged, listing("/d"))
    assert entries == [FileInfo("a", size=1), FileInfo("z", directory=True)]
    first = {"list-type": "2", "encoding-type": "url", "prefix": "d/", "delimiter": "/"}
    assert asked == [("GET", "/atlas", first), ("GET", "/atlas", first | {"continuation-token": "a+b/c="})]


def test_an_empty_first_page_does_not_make_a_directory_missing():
    def paged(method: str, path: str, query: dict[str, str]) -> Answer:
        more = b"<IsTruncated>true</IsTruncated><NextContinuationToken>n</NextContinuationToken>"
        one = b"<Contents><Key>d/a</Key><Size>1</Size></Contents>"
        inside = one if "continuation-token" in query else more
        return Answer(200, (), b"<ListBucketResult>" + inside + b"</ListBucketResult>")

    assert before(paged, listing("/d"))[0] == [FileInfo("a", size=1)]


def test_questions_go_to_the_prefix_in_the_bucket():
    missing = refusing(404, Answer(200, (), EMPTY))
    transport = ScriptedTransport(missing)

    async def asked() -> None:
        endpoint = S3Endpoint("cern", options(prefix="/data/run 1", url="https://s3.example.org/base"))
        await endpoint.open(transport)  # type: ignore[arg-type]
        with pytest.raises(NotFound):
            await endpoint.stat("/d/f", Call.until(5))

    asyncio.run(asked())
    query = {"list-type": "2", "encoding-type": "url", "prefix": "data/run 1/d/f/", "max-keys": "1"}
    assert transport.asked == [("HEAD", "/base/atlas/data/run 1/d/f", {}), ("GET", "/base/atlas", query)]


def test_a_copy_that_fails_in_the_body_of_a_200_has_failed():
    def storage(method: str, path: str, query: dict[str, str]) -> Answer:
        if method == "HEAD":
            return Answer(200, (("content-length", "1"),)) if path.endswith("/from") else Answer(404, ())
        return error(200, "InternalError") if method == "PUT" else Answer(200, (), EMPTY)

    with pytest.raises(Misbehaved, match="then failed: InternalError"):
        before(storage, lambda endpoint, call: endpoint.copy("/from", "/to", False, call))


def test_a_copy_of_what_is_too_large_for_one_request_is_unsupported():
    def storage(method: str, path: str, query: dict[str, str]) -> Answer:
        if method == "HEAD":
            return Answer(200, (("content-length", "6000000000"),)) if path.endswith("/from") else Answer(404, ())
        return error(400, "InvalidRequest") if method == "PUT" else Answer(200, (), EMPTY)

    with pytest.raises(Unsupported, match="5 GiB"):
        before(storage, lambda endpoint, call: endpoint.copy("/from", "/to", False, call))


def test_a_move_whose_copy_failed_deletes_nothing():
    seen: list[str] = []

    def storage(method: str, path: str, query: dict[str, str]) -> Answer:
        seen.append(method)
        if method == "HEAD":
            return Answer(200, (("content-length", "1"),)) if path.endswith("/from") else Answer(404, ())
        return error(403, "AccessDenied") if method == "PUT" else Answer(200, (), EMPTY)

    with pytest.raises(PermissionDenied):
        before(storage, lambda endpoint, call: endpoint.move("/from", "/to", False, call))
    assert "DELETE" not in seen


def test_an_endpoint_that_is_not_open_says_so():
    endpoint = S3Endpoint("cern", options())
    with pytest.raises(EndpointError, match="not open"):
        asyncio.run(endpoint.health(Call.until(1)))


def test_urls_are_signed_without_being_open():
    endpoint = S3Endpoint(
        "cern", options(public_url="https://public.example.org", url_lifetime=60.0), clock=lambda: 1000.0
    )
    location = endpoint.redirect("/d/a b", Intent.HEAD, Transfer(), Call.until(1))
    assert location.url.startswith("https://public.example.org/atlas/d/a%20b?X-Amz-Algorithm=AWS4-HMAC-SHA256&")
    assert (location.method, location.expires, location.signed) == (Intent.HEAD, 1060.0, True)
