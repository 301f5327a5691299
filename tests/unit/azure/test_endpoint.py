# SPDX-License-Identifier: Apache-2.0
"""The endpoint before storages that answer as no test server of ours does, without a socket."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from ugr_azure.endpoint import AzureEndpoint
from ugr_azure.options import AzureOptions
from ugr_azure.signing import VERSION

from tests.unit.objects.scripted import Asked, answer, before
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
    NotFound,
    Secret,
    Timeout,
    Transfer,
    Unsupported,
)

NOW = 1_700_000_000.0
KEY = base64.b64encode(b"sixty-four bytes of a key").decode()
URL = "https://atlas.blob.core.windows.net"


def endpoint(clock: Any = lambda: NOW, **written: Any) -> AzureEndpoint:
    given = {
        "url": URL,
        "account": "atlas",
        "container": "data",
        "account_key": Secret(literal=KEY),
        "writable": True,
    }
    return AzureEndpoint("ms", AzureOptions(**(given | written)), clock=clock)


def listed(inside: str = "", more: str = "") -> Answer:
    text = f"<EnumerationResults><Blobs>{inside}</Blobs><NextMarker>{more}</NextMarker></EnumerationResults>"
    return answer(200, text.encode())


def blob(name: str) -> str:
    properties = "<Properties><Content-Length>1</Content-Length></Properties>"
    return f"<Blob><Name>{name}</Name>{properties}</Blob>"


MISSING = answer(404, x_ms_error_code="BlobNotFound")
FILE = answer(200, content_length="1", etag='"0x1"', x_ms_meta_owner="me", x_ms_meta_crc32="00000002")


def test_a_missing_blob_is_not_found_and_a_missing_container_is_a_misconfiguration():
    one = endpoint()
    with pytest.raises(NotFound):
        before(lambda asked: MISSING if asked.method == "HEAD" else listed(), one, lambda call: one.stat("/f", call))
    for code in ("ContainerNotFound", "ResourceNotFound"):
        with pytest.raises(EndpointError, match="check") as caught:
            before(lambda _, code=code: answer(404, x_ms_error_code=code), one, lambda call: one.stat("/f", call))
        assert not isinstance(caught.value, NotFound)


def test_a_404_that_is_not_azures_is_not_an_absence():
    one = endpoint()
    page = answer(404, b"<html><body>404 Not Found</body></html>")
    for verb, path in (("stat", "/file"), ("stat", "/"), ("list", "/dir")):
        with pytest.raises(Misbehaved, match="check url"):
            before(lambda _: page, one, lambda call, verb=verb, path=path: getattr(one, verb)(path, call))


def test_a_page_of_another_service_is_not_an_empty_directory():
    one = endpoint()
    with pytest.raises(Misbehaved, match="<html>"):
        before(lambda _: answer(200, b"<html></html>"), one, lambda call: one.list("/", call))


def test_a_busy_storage_asks_for_patience():
    one = endpoint()
    for verb in ("stat", "list"):
        with pytest.raises(Busy) as caught:
            before(
                lambda _: answer(503, x_ms_error_code="ServerBusy", retry_after="7"),
                one,
                lambda call, verb=verb: getattr(one, verb)("/d", call),
            )
        assert caught.value.retry_after == 7.0


def test_pages_are_asked_for_with_the_marker_of_the_one_before_and_may_be_empty():
    pages = {None: listed("", "2!a+b="), "2!a+b=": listed(blob("r/d/a"), "3"), "3": listed(blob("r/d/b"))}
    one = endpoint(prefix="/r")
    (entries,), asked = before(
        lambda asked: pages[asked.query.get("marker")], one, lambda call: one.list("/d", call)
    )
    assert entries == [FileInfo("a", size=1), FileInfo("b", size=1)]
    assert [request.query["prefix"] for request in asked] == ["r/d/"] * 3
    assert {request.path for request in asked} == {"/data"}
    first = asked[0].query
    wanted = {"restype": "container", "comp": "list", "include": "metadata", "delimiter": "/", "sr": "c", "sp": "l"}
    assert {name: first[name] for name in wanted} == wanted


def test_every_question_names_the_version_that_was_signed_for():
    one = endpoint()
    _, asked = before(
        lambda asked: FILE if asked.method == "HEAD" else listed(),
        one,
        lambda call: one.stat("/f", call),
        lambda call: one.list("/", call),
    )
    assert {(request.headers["x-ms-version"], request.query["sv"]) for request in asked} == {(VERSION, VERSION)}


def copying(*statuses: str) -> Any:
    """Return a storage that copies, and says so in some steps."""
    said = iter(statuses)

    def storage(asked: Asked) -> Answer:
        if asked.method == "PUT":
            return answer(202, x_ms_copy_status=next(said), x_ms_copy_id="1")
        if asked.method == "HEAD" and asked.path == "/data/to" and storage.copied:
            return answer(200, content_length="1", x_ms_copy_status=next(said))
        if asked.method == "HEAD":
            storage.copied = storage.copied or asked.path == "/data/to"
            return FILE if asked.path == "/data/from" else MISSING
        return answer(202) if asked.method == "DELETE" else listed()

    storage.copied = False
    return storage


def test_a_copy_is_awaited():
    one = endpoint()
    _, asked = before(copying("pending", "pending", "success"), one, lambda call: one.copy("/from", "/to", False, call))
    put = next(request for request in asked if request.method == "PUT")
    assert put.headers["x-ms-copy-source"].startswith(f"{URL}/data/from?st=")
    assert put.headers["if-none-match"] == "*"
    assert [request.method for request in asked][-3:] == ["PUT", "HEAD", "HEAD"]


def test_a_copy_that_may_overwrite_has_no_condition():
    one = endpoint()
    _, asked = before(copying("success"), one, lambda call: one.copy("/from", "/to", True, call))
    assert "if-none-match" not in next(request for request in asked if request.method == "PUT").headers


@pytest.mark.parametrize("said", [("failed",), ("pending", "aborted"), ("pending", "pending", "failed")])
def test_a_move_whose_copy_failed_deletes_nothing(said):
    one = endpoint()
    seen = []
    storage = copying(*said)

    def noted(asked: Asked) -> Answer:
        seen.append(asked.method)
        return storage(asked)

    with pytest.raises(Misbehaved, match="then failed"):
        before(noted, one, lambda call: one.move("/from", "/to", False, call))
    assert "DELETE" not in seen


def test_a_copy_that_takes_too_long_says_that_it_goes_on():
    one = endpoint()
    with pytest.raises(Timeout, match="still copying"):
        before(copying(*["pending"] * 99), one, lambda call: one.copy("/from", "/to", False, call.within(0.12)))


def test_a_kept_checksum_keeps_other_metadata_and_is_conditional():
    one = endpoint()

    def storage(asked: Asked) -> Answer:
        return FILE if asked.method == "HEAD" else answer(200)

    _, asked = before(storage, one, lambda call: one.store_checksum("/f", "adler32", "00000001", call))
    put = asked[-1]
    assert put.query["comp"] == "metadata"
    assert put.headers["if-match"] == '"0x1"'
    metadata = {name: value for name, value in put.headers.items() if name.startswith("x-ms-meta-")}
    assert metadata == {"x-ms-meta-owner": "me", "x-ms-meta-crc32": "00000002", "x-ms-meta-adler32": "00000001"}


def test_a_blob_that_changes_while_its_checksum_is_stored_keeps_none():
    one = endpoint()

    def storage(asked: Asked) -> Answer:
        return FILE if asked.method == "HEAD" else answer(412, x_ms_error_code="ConditionNotMet")

    with pytest.raises(Conflict, match="changed"):
        before(storage, one, lambda call: one.store_checksum("/f", "adler32", "00000001", call))


def test_urls_are_signed_without_being_open():
    one = endpoint(public_url="https://public.example.org", url_lifetime=60.0)
    location = one.redirect("/d/a b", Intent.HEAD, Transfer(), Call.until(1))
    assert location.url.startswith("https://public.example.org/data/d/a%20b?st=")
    assert (location.method, location.expires, location.signed) == (Intent.HEAD, NOW + 60, True)


def test_what_cannot_be_sent_anywhere_is_refused():
    one = endpoint()
    for path, intent, error in (
        ("/", Intent.GET, IsADirectory),
        ("/f", Intent.POST, Unsupported),
        ("/a\\b", Intent.GET, BadRequest),
        ("/a\\b", Intent.PUT, BadRequest),
    ):
        with pytest.raises(error):
            one.redirect(path, intent, Transfer(), Call.until(1))


def test_an_account_key_needs_no_renewal():
    one = endpoint()
    (answered,), asked = before(lambda _: listed(), one, lambda call: one.refresh())
    assert (answered, asked) == (None, [])
