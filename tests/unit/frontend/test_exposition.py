# SPDX-License-Identifier: Apache-2.0
"""What Prometheus reads, and who may."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain_text

from tests.unit.frontend.fake import Client, World
from ugr.config.settings import UgrSettings
from ugr.errors import Unavailable
from ugr.federation.answers import EndpointAnswer
from ugr.frontend.exposition import METRICS
from ugr.metrics import counts
from ugr.model import Result

PAGE = "/-/metrics"
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1"
    ";q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
"""What Prometheus 3 sends as Accept."""


@pytest.fixture(autouse=True)
def numbers(world: World) -> Iterator[None]:
    """Begin with nothing counted, and let the client's network read."""
    world.configure(metrics_networks=(ipaddress.ip_network("192.0.2.0/24"), ipaddress.ip_network("2001:db8::/32")))
    counts.begin_in_child()
    yield
    counts.begin_in_child()


def read(ask: Client, name: str, **labels: str) -> float | None:
    """Return a sample, None when there is none with these labels."""
    answer = ask("GET", PAGE)
    assert answer.status == 200
    for family in plain_text(answer.text):
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                value: float = sample.value
                return value
    return None


def test_requests_are_counted_by_method_status_and_decision(ask: Client) -> None:
    for _ in range(3):
        ask("GET", "/fed/atlas/f")
    ask("GET", "/fed/none")
    assert read(ask, "ugr_requests_total", method="GET", code="302", decision="redirect") == 3
    assert read(ask, "ugr_requests_total", method="GET", code="404", decision="absent") == 1
    assert read(ask, "ugr_redirects_total", endpoint="cern", method="GET") == 3
    assert read(ask, "ugr_errors_total", error="not-found") == 1
    assert read(ask, "ugr_request_seconds_count", decision="redirect") == 3
    assert (read(ask, "ugr_response_bytes_total", decision="redirect") or 0) > 0


def test_method_that_nobody_knows_makes_no_label(ask: Client) -> None:
    for method in ("BREW", "A" * 50):
        ask(method, "/fed/atlas/f")
    assert read(ask, "ugr_requests_total", method="other", code="501", decision="refused") == 2
    assert "BREW" not in ask("GET", PAGE).text


def test_no_label_holds_what_a_client_said(world: World, ask: Client) -> None:
    ask("GET", "/fed/s3kr1t-path?s3kr1t", {"User-Agent": "s3kr1t", "X-Request-Id": "s3kr1t", "ClientInfo": "s3kr1t"})
    ask("PROPFIND", "/fed/s3kr1t", {"Depth": "s3kr1t"})
    assert "s3kr1t" not in ask("GET", PAGE).text


def test_lookups_are_counted_by_the_level_that_knew(world: World, ask: Client) -> None:
    world.namespace.answers = (EndpointAnswer("cern", Result.FOUND, None, 1.0),)
    ask("GET", "/fed/atlas/f")
    world.namespace.remembered = True
    ask("GET", "/fed/atlas/f")
    ask("GET", "/fed/none")
    assert read(ask, "ugr_lookup_seconds_count", cache="cold") == 1
    assert read(ask, "ugr_lookup_seconds_count", cache="L1") == 2
    assert read(ask, "ugr_cache_hits_total", level="L1") == 2
    assert read(ask, "ugr_cache_misses_total", level="L1") == 1


def test_lookup_that_memcached_answered_is_a_miss_of_one_level_and_a_hit_of_the_next(world: World, ask: Client) -> None:
    world.namespace.shared = True
    ask("GET", "/fed/atlas/f")
    assert read(ask, "ugr_lookup_seconds_count", cache="L2") == 1
    assert read(ask, "ugr_cache_misses_total", level="L1") == 1
    assert read(ask, "ugr_cache_hits_total", level="L2") == 1


def test_buckets_of_a_histogram_add_up(ask: Client) -> None:
    ask("GET", "/fed/atlas/f")
    counts.add(("lookup", "cold"), 0.003)
    counts.add(("lookup", "cold"), 400.0)
    assert read(ask, "ugr_lookup_seconds_bucket", cache="cold", le="0.0025") == 0
    assert read(ask, "ugr_lookup_seconds_bucket", cache="cold", le="0.005") == 1
    assert read(ask, "ugr_lookup_seconds_bucket", cache="cold", le="+Inf") == 2
    assert read(ask, "ugr_lookup_seconds_sum", cache="cold") == pytest.approx(400.003)


def test_endpoints_are_up_or_down(ask: Client) -> None:
    assert read(ask, "ugr_endpoint_up", endpoint="cern") == 1
    assert read(ask, "ugr_endpoint_up", endpoint="<ral>") == 0
    assert read(ask, "ugr_endpoint_latency_seconds", endpoint="cern") == pytest.approx(0.0125)
    assert read(ask, "ugr_endpoint_latency_seconds", endpoint="<ral>") is None


def test_questions_are_counted_by_what_came_of_them(ask: Client) -> None:
    for result in (Result.FOUND, Result.FOUND, Result.TIMED_OUT):
        counts.add(("question", "cern", result.value), 0.2)
    assert read(ask, "ugr_endpoint_questions_total", endpoint="cern", result="found") == 2
    assert read(ask, "ugr_endpoint_questions_total", endpoint="cern", result="timed out") == 1
    assert read(ask, "ugr_endpoint_question_seconds_count", endpoint="cern") == 3


def test_errors_of_what_nobody_asks_for_are_counted_too(ask: Client) -> None:
    assert read(ask, "ugr_geoip_errors_total") == 0
    counts.add(("geoip_error",))
    counts.add(("lost_line",))
    assert read(ask, "ugr_geoip_errors_total") == 1
    assert read(ask, "ugr_access_log_lost_lines_total") == 1


def test_health_checks_and_readings_are_not_counted_unless_they_fail(world: World, ask: Client) -> None:
    ask("GET", "/-/health/live")
    ask("GET", PAGE)
    assert not [line for line in ask("GET", PAGE).text.splitlines() if line.startswith("ugr_requests_total")]
    world.problems.append("every endpoint is down")
    ask("GET", "/-/health/ready")
    assert read(ask, "ugr_requests_total", method="GET", code="503", decision="local") == 1


def test_both_formats_hold_every_metric(ask: Client) -> None:
    ask("GET", "/fed/atlas/f")
    for accept, kind, parse in (
        ("*/*", "text/plain; version=0.0.4; charset=utf-8", plain_text),
        ("text/html", "text/plain; version=0.0.4; charset=utf-8", plain_text),
        (PROMETHEUS, "application/openmetrics-text; version=1.0.0; charset=utf-8", open_metrics),
    ):
        answer = ask("GET", PAGE, {"Accept": accept})
        assert (answer["Content-Type"], answer["Cache-Control"]) == (kind, "no-store")
        names = {family.name.removesuffix("_total") for family in parse(answer.text)}
        assert names == {name.removesuffix("_total") for name in METRICS}


def test_every_metric_says_what_it_is(ask: Client) -> None:
    text = ask("GET", PAGE).text
    for name, metric in METRICS.items():
        assert f"# HELP {name} {metric.help}\n" in text
        assert f"# TYPE {name} {metric.kind}\n" in text


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("192.0.2.7", {}, 200),
        ("2001:db8::7", {}, 200),
        ("::ffff:192.0.2.7", {}, 200),
        ("198.51.100.1", {}, 403),
        ("127.0.0.1", {}, 403),
        ("", {}, 403),
        ("192.0.2.7", {"X-Forwarded-For": "198.51.100.1"}, 403),
        ("10.0.0.1", {"X-Forwarded-For": "198.51.100.1"}, 403),
        ("10.0.0.1", {"X-Forwarded-For": "192.0.2.9"}, 200),
    ],
)
def test_metrics_are_for_certain_networks_and_for_nobody_behind_an_unknown_server(
    world: World, ask: Client, peer: str, headers: dict[str, str], status: int
) -> None:
    world.configure(trusted_proxies=(ipaddress.ip_network("10.0.0.0/8"),))
    environ = ask.environ("GET", PAGE, headers, b"")
    environ["REMOTE_ADDR"] = peer
    assert ask.open(environ)[0] == status


def test_by_default_this_host_alone_may_read() -> None:
    assert [str(network) for network in UgrSettings().metrics_networks] == ["127.0.0.0/8", "::1/128"]


def test_one_of_several_workers_that_do_not_meet_tells_no_numbers(ask: Client, tmp_path: Path) -> None:
    def status() -> int:
        return ask.open(ask.environ("GET", PAGE, {}, b"") | {"wsgi.multiprocess": True})[0]

    assert status() == 501
    counts.attach(tmp_path)
    assert status() == 200


def test_failure_is_counted_under_its_code(world: World, ask: Client) -> None:
    world.namespace.errors["/atlas/f"] = Unavailable("ral is silent")
    ask("GET", "/fed/atlas/f")
    assert read(ask, "ugr_requests_total", method="GET", code="503", decision="failed") == 1
    assert read(ask, "ugr_errors_total", error="unavailable") == 1


def test_every_metric_in_an_example_exists() -> None:
    page = Path(__file__).parents[3] / "docs/howto/monitor.rst"
    names = set(re.findall(r"(?<!/)\bugr_[a-z_]+", page.read_text(encoding="utf-8")))
    assert {re.sub("_(bucket|sum|count)$", "", name) for name in names} <= METRICS.keys()
    assert len(names) > 8
