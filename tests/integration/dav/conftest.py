# SPDX-License-Identifier: Apache-2.0
"""Endpoints of ``type = dav`` before real storages, and before one that says what a test wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ugr_dav import DavEndpoint
from ugr_dav.options import DavOptions

from tests.integration.dav.scripted import Scripted
from tests.integration.opened import Opened
from ugr.plugin import Secret
from ugr.transport import LoopThread


@pytest.fixture
def site(loop: LoopThread) -> Iterator[Callable[..., Opened]]:
    """Make open, writable endpoints: ``site(url, **options)``."""
    made: list[Opened] = []

    def make(url: str, **options: Any) -> Opened:
        given = {"url": url, "writable": True, "connect_timeout": 5.0, "timeout": 10.0} | options
        made.append(Opened(DavEndpoint("site", DavOptions(**given)), loop))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    """A storage that says what the test wrote."""
    with Scripted() as server:
        yield server


class Kept:
    """A secret in a file, which can be renewed as an administrator does: by replacing the file."""

    def __init__(self, file: Any, text: str) -> None:
        self._file = file
        self._file.write_text(text, encoding="utf-8")
        self.secret = Secret(file=str(file))

    def renew(self, text: str) -> None:
        """Replace the file, and have it read again, as the core does every few seconds."""
        self._file.write_text(text, encoding="utf-8")
        self.secret.reload()


@pytest.fixture
def kept(tmp_path: Any) -> Callable[[str], Kept]:
    """Keep secrets: ``kept(text)``."""
    made: list[Kept] = []

    def keep(text: str) -> Kept:
        made.append(Kept(tmp_path / f"secret-{len(made)}", text))
        return made[-1]

    return keep
