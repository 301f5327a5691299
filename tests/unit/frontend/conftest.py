# SPDX-License-Identifier: Apache-2.0
"""A front end over a namespace that is laid out by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.frontend.fake import KEY, Client, FakeNamespace, World, running_loop
from ugr.config.settings import Settings, UgrSettings
from ugr.config.types import LogPlace
from ugr.frontend.data import DataSigner
from ugr.transport import LoopThread


@pytest.fixture(scope="session")
def loop() -> Iterator[LoopThread]:
    """One event loop for all tests."""
    yield from running_loop()


@pytest.fixture
def world(loop: LoopThread) -> World:
    """A federation with a few files."""
    namespace = FakeNamespace()
    namespace.file("/atlas/f", 5)
    namespace.file("/atlas/sub/empty", 0)
    namespace.file("/atlas/a b&<c>'\"é%", 7)
    return World(namespace, Settings(ugr=UgrSettings(access_log=LogPlace("off"))), loop, DataSigner(lambda: KEY))


@pytest.fixture
def ask(world: World) -> Client:
    """A client of it."""
    return Client(world.app())
