# SPDX-License-Identifier: Apache-2.0
"""The pages below ``/-/``."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.unit.frontend.fake import MTIME, Answer, Client, World
from ugr.errors import NotFound
from ugr.model import Intent, Location, Right
from ugr.transport import LoopThread

PLAIN = {"Accept": "text/plain"}
JSON = {"Accept": "application/json"}


def test_live_says_that_the_loop_turns(ask: Client) -> None:
    answer = ask("GET", "/-/health/live")
    assert (answer.status, answer.text, answer["Cache-Control"]) == (200, "ok\n", "no-store")
    assert json.loads(ask("GET", "/-/health/live", JSON).body) == {"ok": True, "problems": []}


def test_live_is_503_when_the_loop_does_not_turn(world: World) -> None:
    world.loop = LoopThread()
    answer = Client(world.app())("GET", "/-/health/live", JSON)
    assert answer.status == 503
    assert json.loads(answer.body) == {"ok": False, "problems": ["the event loop has not turned for 2 seconds"]}


def test_ready_tells_the_problems(world: World, ask: Client) -> None:
    assert ask("GET", "/-/health/ready").status == 200
    world.problems.append("every endpoint is down")
    answer = ask("GET", "/-/health/ready")
    assert (answer.status, answer.text) == (503, "every endpoint is down\n")


@pytest.mark.parametrize("target", ["/-/endpoints", "/-/locate?path=/atlas/f"])
def test_pages_need_the_right_to_list_the_root_and_health_does_not(world: World, ask: Client, target: str) -> None:
    world.namespace.denied = frozenset({Right.LIST})
    assert ask("GET", target).status == 403
    assert ask("GET", "/-/health/live").status == 200
    assert ask("GET", "/-/health/ready").status == 200


def test_endpoints_are_shown_with_their_state(ask: Client) -> None:
    told = json.loads(ask("GET", "/-/endpoints", JSON).body)["endpoints"]
    assert [(item["name"], item["state"], item["latency_ms"]) for item in told] == [
        ("cern", "up", 12.5),
        ("<ral>", "down", None),
    ]
    text = ask("GET", "/-/endpoints").text
    assert '<td class="first">&lt;ral&gt;</td>' in text
    assert "refused &amp; reset" in text
    assert '<td><span class="tag">read</span><span class="tag">list</span></td>' in text
    assert '2 endpoints: 1 up, <strong class="down">1 down</strong>.' in text


def test_endpoints_can_be_read_again_and_again(ask: Client) -> None:
    assert "http-equiv" not in ask("GET", "/-/endpoints").text
    assert '<meta http-equiv="refresh" content="10">' in ask("GET", "/-/endpoints?refresh=10").text
    for text in ("1", "0", "x", "99999", "-5", "%D9%A3"):
        assert ask("GET", f"/-/endpoints?refresh={text}").status == 400


def test_locate_tells_everything_in_json(world: World, ask: Client) -> None:
    told = json.loads(ask("GET", "/-/locate?path=/atlas/f", JSON).body)
    assert told["client"] == {"address": "192.0.2.7", "position": None}
    assert [(item["endpoint"], item["result"], item["reason"]) for item in told["answers"]] == [
        ("cern", "found", None),
        ("ral", "timed out", "no answer"),
    ]
    assert told["found"]["size"] == 5
    assert told["found"]["mtime"] == MTIME
    assert told["found"]["holders"] == [{"endpoint": "cern", "path": "/data/atlas/f"}]
    assert told["choice"] == {
        "endpoint": "cern",
        "location": "https://cern.example/bucket/data/atlas/f",
        "order": [{"endpoint": "cern", "distance": 12.0, "tier": 0}],
        "excluded": [{"endpoint": "triumf", "reason": "down: refused"}],
    }
    assert told["error"] is None


@pytest.mark.parametrize("headers", [JSON, PLAIN, {}])
def test_locate_never_shows_a_signature(world: World, ask: Client, headers: dict[str, str]) -> None:
    world.namespace.location = Location("https://s3.example/b/f?X-Amz-Signature=feed", signed=True)
    text = ask("GET", "/-/locate?path=/atlas/f", headers).text
    assert "https://s3.example/b/f?[signed]" in text
    assert "feed" not in text
    world.namespace.location = Location("", served_here=True, signed=True)
    assert "this service, /-/data/ [signed]" in ask("GET", "/-/locate?path=/atlas/f", headers).text


def test_locate_in_plain_text_is_for_terminals(ask: Client) -> None:
    assert ask("GET", "/-/locate?path=/atlas/f", PLAIN).text.splitlines() == [
        "path      /atlas/f",
        "client    address=192.0.2.7",
        "source    asked, 2.5 ms",
        "answer    cern: found, 1.25 ms",
        "answer    ral: timed out, 3000 ms (no answer)",
        "found     file of 5 bytes",
        "holder    cern: /data/atlas/f",
        "1         cern: 12 km, tier 0",
        "unusable  triumf: down: refused",
        "answer    302 to cern: https://cern.example/bucket/data/atlas/f",
    ]


def test_locate_shows_an_error_as_part_of_the_explanation(world: World, ask: Client) -> None:
    world.namespace.errors["/atlas/f"] = NotFound("nobody has <it>")
    answer = ask("GET", "/-/locate?path=/atlas/f", JSON)
    assert answer.status == 200
    assert json.loads(answer.body)["error"] == {"code": "not-found", "message": "nobody has <it>"}
    assert "nobody has &lt;it&gt;" in ask("GET", "/-/locate?path=/atlas/f").text


def test_locate_for_another_client_takes_an_address_and_nothing_else(ask: Client) -> None:
    told = json.loads(ask("GET", "/-/locate?path=/atlas/f&from=198.51.100.1", JSON).body)
    assert told["client"]["address"] == "198.51.100.1"
    for source in ("localhost", "198.51.100", "%00"):
        assert ask("GET", f"/-/locate?path=/atlas/f&from={source}").status == 400


def test_address_that_is_only_typed_grants_no_right(world: World, ask: Client) -> None:
    assert ask("GET", "/-/locate?path=/atlas/f&from=198.51.100.1", JSON).status == 200
    assert {call.address for call in world.namespace.calls} == {"192.0.2.7"}


@pytest.mark.parametrize(
    "query", ["path=%ff", "path", "x=1&" * 9 + "path=/a", "path=relative", "path=/a/../b", "path=/a%0ab"]
)
def test_locate_with_a_bad_query_is_a_bad_request(ask: Client, query: str) -> None:
    assert ask("GET", f"/-/locate?{query}", JSON).status == 400


def test_locate_without_a_path_is_a_form_or_a_bad_request(ask: Client) -> None:
    assert "<form" in ask("GET", "/-/locate").text
    assert ask("GET", "/-/locate", JSON).status == 400


def test_path_typed_into_the_form_is_escaped(ask: Client) -> None:
    text = ask("GET", "/-/locate?path=/%3Cscript%3E%22").text
    assert "<script>" not in text
    assert 'value="/&lt;script&gt;&#34;"' in text
    assert "ugr locate --from 192.0.2.7 &#39;/&lt;script&gt;&#34;&#39;" in text


@pytest.mark.parametrize("target", ["/-", "/-/", "/-/none", "/-/endpoints/x", "/-/health", "/-/data", "/-/data/"])
def test_page_that_is_not_there_is_404_as_everything_else(ask: Client, target: str) -> None:
    answer = ask("GET", target)
    assert (answer.status, answer.text.partition(":")[0]) == (404, "404 not-here")
    assert len([name for name, _ in answer.headers if name == "Ugr-Request-Id"]) == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "BREW"])
def test_pages_can_only_be_read(ask: Client, method: str) -> None:
    answer = ask(method, "/-/endpoints")
    assert answer.status == 405
    assert {"GET", "HEAD"} == set(answer["Allow"].split(", "))


def test_page_works_under_a_host_that_only_flask_would_refuse(ask: Client) -> None:
    assert ask("GET", "/-/health/live", {"Host": "ugr_fed:8080"}).status == 200


def test_fault_in_a_page_is_500_with_the_request_id(
    world: World, ask: Client, caplog: pytest.LogCaptureFixture
) -> None:
    world.problems = None  # type: ignore[assignment]
    answer = ask("GET", "/-/health/ready", {"X-Request-Id": "r1"})
    assert (answer.status, answer["Ugr-Request-Id"]) == (500, "r1")
    assert len([record for record in caplog.records if record.exc_info]) == 1


@pytest.fixture
def stored(world: World, tmp_path: Path) -> Path:
    """A file of this host at endpoint ``site``, path ``/dir/a b%``."""
    path = tmp_path / "stored"
    path.write_bytes(b"0123456789")
    world.namespace.contents["site", "/dir/a b%"] = lambda: path.open("rb")
    return path


def signed(world: World, method: Intent = Intent.GET, seconds: float = 60.0) -> str:
    """Return the URL of that file."""
    return world.signer.url_path("site", "/dir/a b%", method, time.time() + seconds)


def test_data_is_given_to_whoever_has_the_url(world: World, ask: Client, stored: Path) -> None:
    world.namespace.denied = frozenset(Right)
    answer = ask("GET", signed(world))
    assert (answer.status, answer.body, answer["Content-Length"]) == (200, b"0123456789", "10")
    assert answer["Ugr-Request-Id"]


def test_part_of_the_data_can_be_asked_for(world: World, ask: Client, stored: Path) -> None:
    answer = ask("GET", signed(world), {"Range": "bytes=2-4"})
    assert (answer.status, answer.body, answer["Content-Range"]) == (206, b"234", "bytes 2-4/10")


def test_head_needs_a_url_for_head(world: World, ask: Client, stored: Path) -> None:
    answer = ask("HEAD", signed(world, Intent.HEAD))
    assert (answer.status, answer.body, answer["Content-Length"]) == (200, b"", "10")
    assert ask("HEAD", signed(world)).status == 403
    assert ask("GET", signed(world, Intent.HEAD)).status == 403


def refused(answer: Answer) -> int:
    """Return the status of an answer that holds no data."""
    assert b"0123" not in answer.body
    return answer.status


def test_data_without_a_genuine_url_is_refused(world: World, ask: Client, stored: Path) -> None:
    url = signed(world)
    assert refused(ask("GET", signed(world, seconds=-10))) == 403
    assert refused(ask("GET", url[:-1] + ("A" if url[-1] != "A" else "B"))) in (400, 403)
    assert refused(ask("GET", url.replace("a%20b", "a%20c"))) == 403
    assert refused(ask("GET", url.partition("?")[0])) == 400
    assert refused(ask("GET", url.replace("/dir/", "/x/../dir/"))) == 400
    assert refused(ask("GET", url.replace("/dir/", "//dir/"))) == 400
    assert refused(ask("GET", url.replace("/dir/", "%2Fdir/"))) == 400
    assert refused(ask("PUT", url)) == 405


def test_data_that_is_gone_is_404(world: World, ask: Client) -> None:
    assert ask("GET", signed(world)).status == 404


def test_transfers_are_capped_and_their_places_given_back(world: World, ask: Client, stored: Path) -> None:
    world.configure(max_data=1)
    status, _, body = ask.open(ask.environ("GET", signed(world), {}, b""))
    assert status == 200
    answer = ask("GET", signed(world))
    assert (answer.status, answer["Retry-After"]) == (503, "1")
    body.close()
    for method, headers in ((Intent.HEAD, {}), (Intent.GET, {"Range": "bytes=90-"}), (Intent.GET, {"If-Match": '"x"'})):
        assert ask(method.value, signed(world, method), headers).status in (200, 412, 416)
    assert ask("GET", signed(world)).body == b"0123456789"
