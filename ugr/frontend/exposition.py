# SPDX-License-Identifier: Apache-2.0
"""What is counted, as Prometheus reads it.

Knows: the name, labels and meaning of every metric, and which rows it is the sum of. Refuses to
know: how rows are counted, who may read them.

No label holds a path, a client or an identity: labels are words of ours and names of endpoints, so
their number is bounded. Counters are sums over all processes of this host; what is said of
endpoints is what this worker believes of them.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from ugr import __version__
from ugr.federation.answers import L1, L2, EndpointStatus
from ugr.federation.flight import QUESTION
from ugr.federation.geo import GEOIP_ERROR
from ugr.frontend.observing import LOOKUP, REQUEST
from ugr.frontend.outcome import REDIRECT
from ugr.log import LOST_LINE
from ugr.metrics import BOUNDS, Key, Row, by_name

TEXT, OPENMETRICS = "text/plain", "application/openmetrics-text"

COUNTER, GAUGE, HISTOGRAM = "counter", "gauge", "histogram"

_NOTHING = Row((0,) * (len(BOUNDS) + 1), 0.0, 0)
_EDGES = (*map(floatToGoString, BOUNDS), "+Inf")


@dataclass(frozen=True, slots=True)
class Described:
    """One metric: its kind, its labels, and what it says."""

    kind: str
    labels: tuple[str, ...]
    help: str


METRICS: Mapping[str, Described] = {
    "ugr_requests_total": Described(
        COUNTER,
        ("method", "code", "decision"),
        "Requests by method, status and what was done; without health checks and readings of these numbers.",
    ),
    "ugr_request_seconds": Described(
        HISTOGRAM, ("decision",), "Seconds until an answer was ready; for listings and data, until their end."
    ),
    "ugr_response_bytes_total": Described(COUNTER, ("decision",), "Bytes of the bodies of answers."),
    "ugr_redirects_total": Described(COUNTER, ("endpoint", "method"), "Clients sent to each endpoint."),
    "ugr_errors_total": Described(COUNTER, ("error",), "Answers that were errors, by the code of the error."),
    "ugr_lookup_seconds": Described(
        HISTOGRAM,
        ("cache",),
        "Seconds until a name was known, by the level of cache that knew it; cold: endpoints were asked.",
    ),
    "ugr_cache_hits_total": Described(COUNTER, ("level",), "Names that a level of cache knew, absences too."),
    "ugr_cache_misses_total": Described(COUNTER, ("level",), "Names that a level of cache did not know."),
    "ugr_endpoint_up": Described(
        GAUGE, ("endpoint",), "1: the endpoint is up, 0: it is down. Missing as long as it was never probed."
    ),
    "ugr_endpoint_latency_seconds": Described(GAUGE, ("endpoint",), "The endpoint's usual time of an answer."),
    "ugr_endpoint_questions_total": Described(
        COUNTER, ("endpoint", "result"), "Questions for one name that the endpoint was asked, by what came of them."
    ),
    "ugr_endpoint_question_seconds": Described(HISTOGRAM, ("endpoint",), "Seconds that such a question took."),
    "ugr_geoip_errors_total": Described(COUNTER, (), "Failures to read the GeoIP database, or a record of it."),
    "ugr_access_log_lost_lines_total": Described(
        COUNTER, (), "Lines of the access log that could not be written."
    ),
    "ugr_workers": Described(GAUGE, (), "Processes of this host whose numbers are in these sums and that live."),
    "ugr_build_info": Described(GAUGE, ("version", "python"), "Always 1; the labels say what is running."),
}
"""Every metric by its name."""


def write(
    accept: str, rows: Mapping[Key, Row], statuses: Iterable[EndpointStatus], processes: int
) -> tuple[str, bytes]:
    """Return content type and text: OpenMetrics when ``accept`` says so, else Prometheus' own format."""
    sheet = _Sheet()
    _requests(sheet, rows)
    _questions(sheet, rows)
    _endpoints(sheet, statuses)
    for name, metric in ((GEOIP_ERROR, "ugr_geoip_errors_total"), (LOST_LINE, "ugr_access_log_lost_lines_total")):
        sheet.add(metric, (), sum(row.count for _, row in by_name(rows, name)))
    sheet.add("ugr_workers", (), processes)
    sheet.add("ugr_build_info", (__version__, platform.python_version()), 1)
    if accept == OPENMETRICS:
        text: bytes = openmetrics.generate_latest(sheet)  # type: ignore[no-untyped-call]
        return f"{OPENMETRICS}; version=1.0.0; charset=utf-8", text
    return f"{TEXT}; version=0.0.4; charset=utf-8", generate_latest(sheet)


class _Sheet(Collector):
    """Samples of the metrics, those with equal labels added up."""

    def __init__(self) -> None:
        self._numbers: dict[str, dict[tuple[str, ...], float]] = {name: {} for name in METRICS}
        self._rows: dict[str, dict[tuple[str, ...], Row]] = {name: {} for name in METRICS}

    def add(self, name: str, labels: tuple[str, ...], number: float) -> None:
        """Add to a counter, or to a gauge."""
        numbers = self._numbers[name]
        numbers[labels] = numbers.get(labels, 0) + number

    def observe(self, name: str, labels: tuple[str, ...], row: Row) -> None:
        """Add to a histogram."""
        rows = self._rows[name]
        rows[labels] = rows.get(labels, _NOTHING) + row

    def collect(self) -> Iterator[Metric]:
        """Yield every metric in the order of the table."""
        for name, metric in METRICS.items():
            if metric.kind == HISTOGRAM:
                histogram = HistogramMetricFamily(name, metric.help, labels=metric.labels)
                for labels, row in sorted(self._rows[name].items()):
                    histogram.add_metric(labels, _cumulative(row), row.seconds)
                yield histogram
                continue
            kind = CounterMetricFamily if metric.kind == COUNTER else GaugeMetricFamily
            family = kind(name.removesuffix("_total"), metric.help, labels=metric.labels)
            for labels, number in sorted(self._numbers[name].items()):
                family.add_metric(labels, number)
            yield family


def _cumulative(row: Row) -> list[tuple[str, float]]:
    total, pairs = 0, []
    for edge, count in zip(_EDGES, row.classes, strict=True):
        total += count
        pairs.append((edge, float(total)))
    return pairs


def _requests(sheet: _Sheet, rows: Mapping[Key, Row]) -> None:
    for key, row in by_name(rows, REQUEST):
        method, status, decision, endpoint, error = map(str, key)
        sheet.add("ugr_requests_total", (method, status, decision), row.count)
        sheet.add("ugr_response_bytes_total", (decision,), row.amount)
        sheet.observe("ugr_request_seconds", (decision,), row)
        if decision == REDIRECT:
            sheet.add("ugr_redirects_total", (endpoint, method), row.count)
        if error:
            sheet.add("ugr_errors_total", (error,), row.count)
    for name in ("ugr_cache_hits_total", "ugr_cache_misses_total"):
        sheet.add(name, (L1,), 0)
    for (level,), row in by_name(rows, LOOKUP):
        sheet.observe("ugr_lookup_seconds", (str(level),), row)
        if level != L1:
            sheet.add("ugr_cache_misses_total", (L1,), row.count)
        if level in (L1, L2):
            sheet.add("ugr_cache_hits_total", (str(level),), row.count)


def _questions(sheet: _Sheet, rows: Mapping[Key, Row]) -> None:
    for key, row in by_name(rows, QUESTION):
        endpoint, result = map(str, key)
        sheet.add("ugr_endpoint_questions_total", (endpoint, result), row.count)
        sheet.observe("ugr_endpoint_question_seconds", (endpoint,), row)


def _endpoints(sheet: _Sheet, statuses: Iterable[EndpointStatus]) -> None:
    for status in statuses:
        if status.state in ("up", "down"):
            sheet.add("ugr_endpoint_up", (status.name,), status.state == "up")
        if status.latency_ms is not None:
            sheet.add("ugr_endpoint_latency_seconds", (status.name,), status.latency_ms / 1000)
