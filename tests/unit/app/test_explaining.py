# SPDX-License-Identifier: Apache-2.0
"""Explanations for clients elsewhere: the address chooses the copy, and opens nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ugr.app import Runtime
from ugr.call import Call
from ugr.errors import PermissionDenied

CONFIGURATION = """
[network:lan]
addresses = 192.0.2.0/24
position = 46.2, 6.1
[network:far]
addresses = 198.51.100.0/24
position = 43.8, -79.2
[acl:/]
read = network:lan
[endpoint:here]
type = file
path = {place}
position = 46.2, 6.1
[endpoint:there]
type = file
path = {place}
position = 43.8, -79.2
"""


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    """Return a federation of two endpoints that have one file, which only one network may read."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "f").write_text("x")
    file = tmp_path / "ugr.conf"
    file.write_text(CONFIGURATION.format(place=tmp_path / "data"))
    runtime = Runtime.load(file, serving=False)
    runtime.start(watch=False)
    yield runtime
    runtime.stop()


def chosen(runtime: Runtime, address: str, as_from: str | None = None) -> str | None:
    call = Call.until(5.0, address=address)
    found = runtime.loop.run(runtime.namespace.explain("/f", call, as_from), 10.0)
    return None if found.redirection is None else found.redirection.endpoint


def test_reader_learns_where_clients_elsewhere_are_sent(runtime: Runtime) -> None:
    assert chosen(runtime, "192.0.2.7") == "here"
    assert chosen(runtime, "192.0.2.7", "198.51.100.7") == "there"


def test_naming_an_address_that_may_read_does_not_help_one_that_may_not(runtime: Runtime) -> None:
    with pytest.raises(PermissionDenied):
        chosen(runtime, "198.51.100.7", "192.0.2.7")
