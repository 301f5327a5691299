# SPDX-License-Identifier: Apache-2.0
"""No server, however drunk, makes a file of nonsense, or an absence of silence."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ugr.errors import Busy, EndpointError, NotFound, PermissionDenied, Refused, Timeout, UgrError, Unauthenticated
from ugr.testing import DrunkServer
from ugr.testing.drunk import BEHAVIOURS

TOLD = {
    "not-found": NotFound,
    "denied": PermissionDenied,
    "unauthorized": Unauthenticated,
    "busy": Busy,
    "unavailable": Busy,
}
"""Behaviours that are plain refusals."""

SILENT = ("silent", "hang-in-headers")


@pytest.fixture
def drunk() -> Iterator[DrunkServer]:
    with DrunkServer() as server:
        server.serve("/f", b"x" * 100)
        yield server


def outcome(asked) -> object:
    """Return an answer, or the error of the contract that came instead."""
    try:
        return asked()
    except UgrError as error:
        return error


@pytest.mark.parametrize("behaviour", sorted(BEHAVIOURS))
@pytest.mark.parametrize("written", [{}, {"metalink": True}], ids=["plain", "metalink"])
def test_a_drunk_server_gives_an_error_of_the_contract_or_something_that_is_there(
    drunk, ask, behaviour, written
) -> None:
    drunk.behave(behaviour)
    found = outcome(lambda: ask(drunk.url, "stat", "/f", seconds=0.6, **written))

    assert isinstance(found, NotFound) == (behaviour == "not-found")
    assert isinstance(found, UgrError) or found.directory or found.size is not None


@pytest.mark.parametrize("behaviour", sorted(BEHAVIOURS))
@pytest.mark.parametrize("index", ["json", "html"])
def test_a_drunk_server_gives_no_listing(drunk, ask, behaviour, index) -> None:
    drunk.behave(behaviour)
    found = outcome(lambda: ask(drunk.url, "list", "/d", seconds=0.6, index=index))

    assert isinstance(found, NotFound) == (behaviour in ("not-found", "stale"))
    assert isinstance(found, UgrError) or (index, found) == ("html", [])


@pytest.mark.parametrize(("behaviour", "error"), TOLD.items())
def test_plain_refusals_are_what_they_are(drunk, ask, behaviour, error) -> None:
    drunk.behave(behaviour)
    with pytest.raises(error):
        ask(drunk.url, "stat", "/f")


@pytest.mark.parametrize("behaviour", SILENT)
def test_silence_is_a_timeout(drunk, ask, behaviour) -> None:
    drunk.behave(behaviour)
    with pytest.raises(Timeout):
        ask(drunk.url, "stat", "/f", seconds=0.3)


def test_a_server_that_is_gone_is_refused_and_not_absent(drunk, ask) -> None:
    drunk.refuse()
    with pytest.raises(Refused):
        ask(drunk.url, "stat", "/f")
    with pytest.raises(EndpointError):
        ask(drunk.url, "list", "/", index="json")
