# SPDX-License-Identifier: Apache-2.0
"""What commands that ask a federation share: a runtime of their own, started and stopped.

Knows: how a runtime is loaded and started for one question. Refuses to know: the questions.

The federation is asked in this very process, from the configuration file. A running service is
not needed, and is not disturbed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ugr.call import Call
from ugr.errors import BadRequest
from ugr.federation.networks import parse_address

if TYPE_CHECKING:
    from ugr.app import Runtime

GRACE = 5.0
"""Seconds beyond its deadline after which a question is given up, whatever happens to the event loop."""


@contextmanager
def started(arguments: argparse.Namespace) -> Iterator[Runtime]:
    """Give a runtime of the configuration, started but not probing; stop it in the end. Raises ConfigError."""
    from ugr.app import Runtime

    runtime = Runtime.load(arguments.config, serving=False)
    runtime.start(watch=False)
    try:
        yield runtime
    finally:
        runtime.stop()


def lfn(text: str) -> str:
    """Return a path of the namespace as it was typed; a leading "/" may be left out."""
    return text if text.startswith("/") else f"/{text}"


def call_of(seconds: float, address: str | None = None) -> Call:
    """Return the call of one question that must be answered within ``seconds``; raise BadRequest for a bad address."""
    if address is not None and parse_address(address) is None:
        raise BadRequest(f"{address} is not an IP address; write for example 192.0.2.7 or 2001:db8::7")
    return Call.until(seconds, address=address)
