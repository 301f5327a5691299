# SPDX-License-Identifier: Apache-2.0
"""What a front server must do, and both of etc/ do: nginx and HAProxy before ``ugr serve`` on a Unix socket."""

from __future__ import annotations

import os
import re
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from tests.integration.deploy.conftest import CLIENT, JSON, Answer, Service, ask, connected
from tests.integration.deploy.fronts import KINDS, before_upstream, front
from tests.integration.deploy.shipped import NAME
from tests.integration.deploy.upstream import PIECES
from tests.servers.pki import Holder
from tests.servers.process import HOST

NAMES = [
    *("a b", "50%", "a#b", "what?", "a&b=c", "1+1", "x:y", ";v=1", "~tilde", "a\\b", "%2F"),
    *("grüße", "日本", "quote'\""),
]
ENTRIES = 10_000
READING = ("GET", "HEAD", "OPTIONS", "PROPFIND")
CHANGING = ("PUT", "POST", "DELETE", "MKCOL", "MOVE", "COPY", "LOCK")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Serve a tree of names that are hard to hand on."""
    place = tmp_path_factory.mktemp("deployed")
    with Service(place, f"unix:{place}/ugr.sock", "trusted_sockets = yes") as service:
        service.add("f")
        service.add("big", os.urandom(1 << 20) * 4)
        for name in NAMES:
            service.add(f"names/{name}", name.encode())
        for number in range(ENTRIES):
            service.add(f"many/file-{number:05}", b"")
        yield service


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Which front server."""
    return str(request.param)


@pytest.fixture(scope="module")
def port(kind: str, service: Service, certificate: Holder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Run a front server before the service; give its port."""
    with front(kind, tmp_path_factory.mktemp(kind), service.place / "ugr.sock", certificate) as server:
        yield server.port


def followed(port: int, answer: Answer, method: str = "GET", **headers: str) -> Answer:
    """Follow a redirect to data of the service; it must lead to the name and the scheme of the front server."""
    parts = urlsplit(answer.headers["location"])
    assert (parts.scheme, parts.netloc) == ("https", NAME)
    return ask(port, f"{parts.path}?{parts.query}", method, headers)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_reaches_the_file_of_that_name(port: int, name: str) -> None:
    answer = ask(port, f"/fed/names/{quote(name)}")

    assert answer.status == 302
    assert followed(port, answer).body == name.encode()


def test_names_in_a_listing_are_the_ones_that_can_be_asked_for(port: int) -> None:
    listed = ask(port, "/fed/names/", headers=JSON).json["entries"]

    assert sorted(entry["name"] for entry in listed) == sorted(NAMES)  # type: ignore[attr-defined]


@pytest.mark.parametrize("target", ["/fed//f", "/fed/x%2Ff", "/fed/x/../f", "/fed/%2e%2e/f", "/fed/%ff"])
def test_path_that_could_mean_two_things_is_refused_as_it_was_written(port: int, target: str) -> None:
    answer = ask(port, target, headers=JSON)

    assert answer.status == 400
    assert answer.json["code"] == "bad-path"


def test_path_that_no_file_could_have_is_refused(port: int) -> None:
    targets = ("/fed/names/%00", "/fed/../../etc/passwd", "/fed/%2e%2e/%2e%2e/etc/passwd")

    assert [ask(port, target).status for target in targets] == [400, 400, 400]


def test_path_of_a_thousand_characters_is_handed_on_and_its_redirect_back(port: int, service: Service) -> None:
    parts = ["ü" * 120, *("ż" * 125 for _ in range(7))]
    long = "/".join(parts)
    assert len(long) > 1000
    service.add(long)

    answer = ask(port, f"/fed/{quote(long)}")

    assert answer.status == 302
    assert len(answer.headers["location"]) > 6000
    assert followed(port, answer).status == 200


def test_headers_pass_that_are_as_large_as_the_service_takes_them(port: int) -> None:
    """Bearer tokens that name many groups are several KiB."""
    headers = {"X-First": "a" * 12_000, "X-Second": "b" * 6_000}

    assert ask(port, "/fed/f", headers=headers).status == 302


@pytest.mark.parametrize("field", ["X-Forwarded-For", "X_Forwarded_For", "Forwarded", "X-Real-IP"])
def test_claim_of_a_client_about_its_address_is_not_believed(port: int, field: str) -> None:
    answer = ask(port, "/-/locate?path=/f", headers={field: "192.0.2.9"} | JSON)

    assert answer.json["client"]["address"] == CLIENT  # type: ignore[index]


def test_claim_of_a_client_about_its_scheme_is_not_believed(port: int) -> None:
    assert ask(port, "/fed/f", headers={"X-Forwarded-Proto": "http"}).headers["location"].startswith("https://")


def test_forwarded_address_is_believed_because_the_socket_is_trusted_and_not_otherwise(
    kind: str, certificate: Holder, tmp_path: Path
) -> None:
    socket = tmp_path / "ugr.sock"
    with Service(tmp_path, f"unix:{socket}", workers=1), front(kind, tmp_path, socket, certificate) as server:
        answer = ask(server.port, "/-/locate?path=/f", headers=JSON)

    assert answer.json["client"]["address"] is None  # type: ignore[index]


def test_head_and_conditions_are_answered_as_without_a_front_server(port: int) -> None:
    head = ask(port, "/fed/f", "HEAD")
    assert (head.status, head.headers["content-length"], head.body) == (200, "5", b"")

    again = ask(port, "/fed/f", "GET", {"If-None-Match": head.headers["etag"]})
    assert (again.status, again.headers["etag"], again.body) == (304, head.headers["etag"], b"")

    location = ask(port, "/fed/f")
    whole = followed(port, location)
    again = followed(port, location, **{"If-None-Match": whole.headers["etag"]})
    assert (again.status, again.headers["etag"], again.body) == (304, whole.headers["etag"], b"")


def test_part_of_a_file_that_is_served_here_passes(port: int, service: Service) -> None:
    data = (service.share / "big").read_bytes()
    location = ask(port, "/fed/big")

    part = followed(port, location, Range="bytes=1000000-2999999")
    assert (part.status, part.headers["content-range"]) == (206, f"bytes 1000000-2999999/{len(data)}")
    assert part.body == data[1_000_000:3_000_000]
    assert followed(port, location).body == data
    beyond = followed(port, location, Range=f"bytes={len(data)}-")
    assert (beyond.status, beyond.headers["content-range"]) == (416, f"bytes */{len(data)}")


def test_big_listing_arrives_whole(port: int) -> None:
    answer = ask(port, "/fed/many/", "PROPFIND", {"Depth": "1"})

    assert answer.status == 207
    assert len(re.findall(rb"<(?:\w+:)?response>", answer.body)) == ENTRIES + 1
    assert answer.body.rstrip().endswith(b"multistatus>")


def test_listing_reaches_the_client_while_it_is_being_made(kind: str, certificate: Holder, tmp_path: Path) -> None:
    with before_upstream(kind, tmp_path, certificate) as (port, upstream, _):
        connection = connected(port)
        connection.request("PROPFIND", "/trickle", headers={"Host": NAME})
        answer = connection.getresponse()
        arrived = []
        for _ in range(PIECES):
            upstream.go_on.release()
            assert answer.read1() == b"piece"
            arrived.append(time.monotonic())
        assert answer.read() == b""
        connection.close()

    delays = [there - sent for there, sent in zip(arrived, upstream.sent, strict=True)]
    assert sorted(delays)[1] < 0.03, "Linux sends what is held back after 40 or 200 ms"


def test_question_over_a_kept_connection_that_dies_is_asked_again(
    kind: str, certificate: Holder, tmp_path: Path
) -> None:
    with before_upstream(kind, tmp_path, certificate) as (port, upstream, _):
        for method in READING:
            ask(port, "/good")
            assert ask(port, "/die", method).status in (502, 503)

        asked = {method: upstream.asked.count(f"{method} /die") for method in READING}

    assert min(asked.values()) >= 2
    assert max(asked.values()) <= 4


def test_what_changes_something_is_never_sent_twice(kind: str, certificate: Holder, tmp_path: Path) -> None:
    with before_upstream(kind, tmp_path, certificate) as (port, upstream, _):
        for method in CHANGING:
            ask(port, "/good")
            assert ask(port, "/die", method).status in (502, 503)

        assert upstream.asked == [f"{method} /die" for method in CHANGING]


def test_several_questions_go_over_one_connection(port: int) -> None:
    connection = connected(port)
    connection.request("GET", "/fed/f", headers={"Host": NAME})
    connection.getresponse().read()
    used = connection.sock
    for method, target in (("PROPFIND", "/fed/names/"), ("HEAD", "/fed/f"), ("GET", "/fed/absent"), ("GET", "/fed/f")):
        connection.request(method, target, headers={"Host": NAME})
        connection.getresponse().read()
        assert connection.sock is used
    connection.close()


def test_error_pages_are_those_of_the_service(port: int) -> None:
    page = ask(port, "/fed/absent", headers={"Accept": "text/html"})
    assert page.status == 404
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["ugr-request-id"].encode() in page.body

    words = ask(port, "/fed/absent", headers=JSON)
    assert (words.status, words.json["code"]) == (404, "not-found")
    assert ask(port, "/elsewhere").status == 404
    assert ask(port, "/fed/f", "BREW").status in (405, 501)


def test_public_url_is_where_clients_are_sent_whatever_they_call_the_service(
    kind: str, certificate: Holder, tmp_path: Path
) -> None:
    socket = tmp_path / "ugr.sock"
    options = "trusted_sockets = yes\npublic_url = https://public.example.org:8443"
    with Service(tmp_path, f"unix:{socket}", options, workers=1) as service:
        service.add("f")
        with front(kind, tmp_path, socket, certificate) as server:
            location = ask(server.port, "/fed/f", headers={"Host": "elsewhere.example.org"}).headers["location"]

    assert location.startswith("https://public.example.org:8443/-/data/disk/f?")


def test_certificate_is_the_one_of_the_file(port: int, certificate: Holder) -> None:
    shown = ssl.get_server_certificate((HOST, port))

    assert shown.split() == certificate.certificate.read_text().split()


def test_service_that_is_away_is_said_to_be_so_in_words_that_clients_obey(
    kind: str, certificate: Holder, tmp_path: Path
) -> None:
    with front(kind, tmp_path, tmp_path / "nobody.sock", certificate) as server:
        answer = ask(server.port, "/fed/f")

    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert b"come again" in answer.body


def test_signature_of_a_data_url_is_in_no_log(kind: str, certificate: Holder, tmp_path: Path) -> None:
    with before_upstream(kind, tmp_path, certificate) as (port, _, server):
        ask(port, "/good?s=4f9c0e7a")
        ask(port, "/good?s=4f9c0e7a", headers={"Referer": "https://elsewhere.example.org/?s=4f9c0e7a"})
        logs = [file.read_text(errors="replace") for file in (server.log, tmp_path / "access.log") if file.exists()]

    assert [text for text in logs if "4f9c0e7a" in text] == []
