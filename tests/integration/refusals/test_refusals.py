# SPDX-License-Identifier: Apache-2.0
"""Requests that the server itself cannot read are refused as all others are: a code, an id, a line in the log."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator

import pytest

from tests.servers.process import HOST, wait_for
from tests.servers.ugr import Ugr

GET = b"GET /fed/f HTTP/1.1\r\nHost: fed.example\r\n"
PROPFIND = b"PROPFIND /fed/ HTTP/1.1\r\nHost: fed.example\r\nDepth: 0\r\n"
CHUNKED = PROPFIND + b"Transfer-Encoding: chunked\r\n\r\n"

CASES = {
    "a header that is too large": (GET + b"X: " + b"a" * 40000 + b"\r\n\r\n", 431, "header-too-large"),
    "too many fields": (GET + b"".join(b"X%d: a\r\n" % n for n in range(120)) + b"\r\n", 431, "header-too-large"),
    "two hosts": (GET + b"Host: other\r\n\r\n", 400, "bad-header"),
    "a name that is none": (GET + b"X y: a\r\n\r\n", 400, "bad-header"),
    "a field that goes on": (GET + b"X: a\r\n b\r\n\r\n", 400, "bad-header"),
    "two lengths": (PROPFIND + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\n", 400, "bad-header"),
    "a method in small letters": (b"get /fed/f HTTP/1.1\r\nHost: fed.example\r\n\r\n", 400, "bad-request-line"),
    "another version": (b"GET /fed/f HTTP/3.7\r\nHost: fed.example\r\n\r\n", 400, "bad-request-line"),
    "no version": (b"GET /fed/f\r\n\r\n", 400, "bad-request-line"),
    "bare line feeds": (b"GET /fed/f HTTP/1.1\nHost: fed.example\n\n", 400, "bad-request-line"),
    "a target that is too long": (b"GET /fed/" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", 414, "request-line-too-long"),
    "another expectation": (GET + b"Expect: 200-ok\r\n\r\n", 417, "expectation-failed"),
    "a chunk without a size": (CHUNKED + b"zz\r\n", 400, "bad-body"),
    "a chunk that does not end": (CHUNKED + b"2\r\n<aXX0\r\n\r\n", 400, "bad-body"),
    "a chunk with a bad extension": (CHUNKED + b"2;\x01\r\n<a\r\n0\r\n\r\n", 400, "bad-body"),
    "a trailer that is none": (CHUNKED + b"0\r\nX y\r\n\r\n", 400, "bad-body"),
}


@pytest.fixture(scope="module")
def ugr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ugr]:
    """Return a service that writes down its requests."""
    place = tmp_path_factory.mktemp("refusals")
    (place / "files").mkdir()
    configuration = f"[acl:/]\nread = anonymous\nlist = anonymous\n[endpoint:a]\ntype = file\npath = {place}/files\n"
    with Ugr(place, configuration, options=f"access_log = {place}/access.log", name="refusals") as ugr:
        yield ugr


def lines(ugr: Ugr) -> list[dict[str, object]]:
    log = ugr.file.with_name("access.log")
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def answer(ugr: Ugr, sent: bytes) -> bytes:
    """Send something, and return all that comes back."""
    found = b""
    with socket.create_connection((HOST, ugr.port), timeout=10.0) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        while data := client.recv(65536):
            found += data
    return found


@pytest.mark.parametrize("case", CASES)
def test_request_that_cannot_be_read_has_a_code_an_id_and_a_line_in_the_log(ugr: Ugr, case: str) -> None:
    sent, status, code = CASES[case]
    head, _, body = answer(ugr, sent).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), head
    assert b"\r\nContent-Type: text/plain; charset=utf-8" in head
    assert body.startswith(f"{status} {code}: ".encode())
    assert b"<" not in body
    found = re.search(rb"\r\nUgr-Request-Id: (\w+)", head)
    assert found is not None
    id = found[1].decode()
    assert f"request: {id}".encode() in body
    assert wait_for(lambda: any(line["id"] == id for line in lines(ugr)), limit=5.0)
    (line,) = [line for line in lines(ugr) if line["id"] == id]
    assert (line["status"], line["error"], line["client"]) == (status, code, HOST)
    assert str(line["path"]).startswith("/fed/")


def test_what_is_no_request_at_all_is_written_down_on_one_line(ugr: Ugr) -> None:
    before = len(lines(ugr))
    assert answer(ugr, b"\x16\x03\x01\x02\x00\x01\x1b[31m\n\x00\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    assert wait_for(lambda: len(lines(ugr)) == before + 1, limit=5.0)
    assert lines(ugr)[-1]["error"] == "bad-request-line"


def test_no_fault_of_a_client_leaves_a_traceback(ugr: Ugr) -> None:
    for sent, _, _ in CASES.values():
        answer(ugr, sent)
    assert "Traceback" not in ugr.log.read_text(errors="replace")
