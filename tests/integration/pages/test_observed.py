# SPDX-License-Identifier: Apache-2.0
"""What an administrator sees of a service with several workers: its numbers, and its access log."""

from __future__ import annotations

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.integration.pages.conftest import WORKERS, Site
from tests.servers.process import wait_for

REDIRECTS = ("ugr_requests_total", (("code", "302"), ("decision", "redirect"), ("method", "GET")))


def numbers(site: Site) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return every sample by its name and labels."""
    answer = site.ugr.ask("/-/metrics")
    assert answer.status == 200
    families = text_string_to_metric_families(answer.body.decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def workers(site: Site) -> set[int]:
    """Return the process ids of the workers."""
    children = Path(f"/proc/{site.ugr.pid}/task/{site.ugr.pid}/children").read_text()
    return {int(word) for word in children.split()}


def lines(site: Site, id: str) -> list[dict[str, Any]]:
    """Return the lines of requests that were given this id, from files that were rotated as well."""
    files = site.log.parent.glob("access.*")
    found = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    return [line for line in found if line["id"] == id]


def the_line(site: Site, id: str) -> dict[str, Any]:
    """Return the one line of a request, which comes a moment after its answer."""
    assert wait_for(lambda: bool(lines(site, id)), limit=5.0)
    (line,) = lines(site, id)
    return line


def test_numbers_are_those_of_all_workers_whichever_is_asked(site: Site) -> None:
    assert wait_for(lambda: numbers(site)["ugr_workers", ()] == WORKERS, limit=20.0)
    before = numbers(site).get(REDIRECTS, 0)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: site.ugr.ask("/fed/atlas/raw/a.root").status, range(60)))
    assert statuses == [302] * 60
    assert [numbers(site)[REDIRECTS] - before for _ in range(6)] == [60] * 6


def test_endpoints_are_up_or_down_for_every_worker_alike(site: Site) -> None:
    for _ in range(6):
        seen = numbers(site)
        states = {name: seen["ugr_endpoint_up", (("endpoint", name),)] for name in ("geneva", "victoria", "taipei")}
        assert states == {"geneva": 1, "victoria": 1, "taipei": 0}


def test_no_number_goes_back_when_workers_are_replaced_or_killed(site: Site) -> None:
    site.ugr.ask("/fed/atlas/raw/a.root")
    before, old = numbers(site)[REDIRECTS], workers(site)
    os.kill(min(old), signal.SIGKILL)
    assert wait_for(lambda: len(workers(site)) == WORKERS and min(old) not in workers(site), limit=10.0)
    os.kill(site.ugr.pid, signal.SIGHUP)
    assert wait_for(lambda: len(workers(site)) == WORKERS and not workers(site) & old, limit=20.0)
    assert wait_for(lambda: numbers(site)["ugr_workers", ()] == WORKERS, limit=10.0)
    assert numbers(site)[REDIRECTS] == before
    site.ugr.ask("/fed/atlas/raw/a.root")
    assert numbers(site)[REDIRECTS] == before + 1


def test_each_request_has_a_line_that_says_where_it_was_sent_and_why(site: Site) -> None:
    first = site.ugr.ask("/fed/atlas/raw/b.root", headers={"X-Request-Id": "observed-1", "User-Agent": "test"})
    line = the_line(site, "observed-1")
    assert first.status == line["status"] == 302
    assert line["endpoint"] == first.headers["ugr-endpoint"]
    assert (line["cache"], line["decision"], line["agent"]) == ("cold", "redirect", "test")
    assert {item["endpoint"]: item["result"] for item in line["asked"]}.keys() == {"geneva", "victoria", "taipei"}
    assert line["unasked"] == ["taipei"]
    data = site.ugr.ask(first.location.removeprefix(site.ugr.url), headers={"X-Request-Id": "observed-2"})
    line = the_line(site, "observed-2")
    assert (line["decision"], line["bytes"]) == ("data", len(data.body))
    assert line["query"].endswith("s=***")


def test_log_that_is_rotated_goes_on_in_a_new_file(site: Site) -> None:
    rotated = site.log.with_suffix(".1")
    site.log.rename(rotated)

    def arrived() -> bool:
        site.ugr.ask("/fed/", headers={"X-Request-Id": "rotated"})
        return site.log.exists() and "rotated" in site.log.read_text()

    assert wait_for(arrived, limit=5.0, interval=0.1)
    assert all(json.loads(line)["id"] for line in rotated.read_text().splitlines())


def test_health_checks_have_no_lines(site: Site) -> None:
    site.ugr.ask("/-/health/live", headers={"X-Request-Id": "health"})
    site.ugr.ask("/-/metrics", headers={"X-Request-Id": "health"})
    for number in range(2 * WORKERS):
        site.ugr.ask("/fed/", headers={"X-Request-Id": f"after-{number}"})
        the_line(site, f"after-{number}")
    assert lines(site, "health") == []
