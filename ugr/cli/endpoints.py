# SPDX-License-Identifier: Apache-2.0
"""``ugr endpoints``: ask every endpoint whether it can serve, once, and show them all."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ugr.call import Call
from ugr.cli.asking import GRACE, started
from ugr.cli.exits import Exit
from ugr.cli.output import UNKNOWN, milliseconds, show, show_json, table
from ugr.federation.answers import EndpointStatus
from ugr.federation.health import explain_failure
from ugr.frontend import explaining

NAME = "endpoints"
HELP = "probe every endpoint once, and show their state"

_COLUMNS = ("name", "type", "state", "ms", "mounts", "may", "reason")


@dataclass(frozen=True, slots=True)
class Probe:
    """What came of probing one endpoint: ``reason`` is why it cannot serve, None when it can."""

    milliseconds: float
    reason: str | None


class Probed(Protocol):
    """An endpoint, as far as a probe knows it."""

    async def health(self, call: Call) -> None:
        """Return when the storage can serve; raise what is wrong otherwise."""
        ...


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing of its own."""


def run(arguments: argparse.Namespace) -> int:
    """Probe and show; the exit code says whether all of them can serve."""
    with started(arguments) as runtime:
        timeout = runtime.settings.health.timeout
        probes = runtime.loop.run(probe_all(runtime.endpoints, timeout), timeout + GRACE)
        statuses = runtime.operator.statuses()
    if arguments.json:
        show_json([describe(status, probes[status.name]) for status in statuses])
    elif not statuses:
        show("no endpoint is configured; add [endpoint:NAME] sections")
    else:
        show(render(statuses, probes))
    return Exit.UNAVAILABLE if any(probe.reason is not None for probe in probes.values()) else Exit.OK


async def probe_all(endpoints: Mapping[str, Probed], timeout: float) -> dict[str, Probe]:
    """Probe every endpoint, all at the same time; ``timeout`` is seconds."""
    probes = await asyncio.gather(*(probe(endpoint, timeout) for endpoint in endpoints.values()))
    return dict(zip(endpoints, probes, strict=True))


async def probe(endpoint: Probed, timeout: float) -> Probe:
    """Probe one endpoint."""
    began = time.monotonic()
    reason = None
    try:
        async with asyncio.timeout(timeout):
            await endpoint.health(Call.until(timeout))
    except Exception as error:  # whatever a plugin raises means that this endpoint cannot serve
        reason, _ = explain_failure(error, timeout)
    return Probe((time.monotonic() - began) * 1000, reason)


def describe(status: EndpointStatus, probe: Probe) -> dict[str, object]:
    """Return one endpoint as JSON shows it; state, reason and latency are those of the probe."""
    of_the_probe = {
        "state": "up" if probe.reason is None else "down",
        "reason": probe.reason,
        "latency_ms": round(probe.milliseconds, 3),
    }
    lasting = {name: value for name, value in explaining.status(status).items() if name not in ("since", "questions")}
    return lasting | of_the_probe


def render(statuses: Sequence[EndpointStatus], probes: Mapping[str, Probe]) -> str:
    """Return the table of endpoints."""
    return table(_COLUMNS, (_row(status, probes[status.name]) for status in statuses), right=("ms",))


def _row(status: EndpointStatus, probe: Probe) -> tuple[str, ...]:
    granted = (("read", status.readable), ("list", status.listable), ("write", status.writable))
    return (
        status.name,
        status.type,
        "up" if probe.reason is None else "down",
        milliseconds(probe.milliseconds),
        " ".join(status.mounts),
        " ".join(verb for verb, able in granted if able) or UNKNOWN,
        probe.reason or "",
    )
