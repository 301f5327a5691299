# SPDX-License-Identifier: Apache-2.0
"""A directory with an endpoint over it, and something outside that must stay out of reach."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ugr_file import FileEndpoint, FileOptions

from ugr.plugin import Call

OUTSIDE = b"this must never be seen"

Maker = Callable[..., FileEndpoint]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(OUTSIDE)
    root = tmp_path / "root"
    root.mkdir()
    return root


@pytest.fixture
def make(root: Path) -> Maker:
    return lambda **options: FileEndpoint("disk", FileOptions(path=str(root), writable=True, **options))


@pytest.fixture
def endpoint(make: Maker) -> FileEndpoint:
    return make()


@pytest.fixture
def call() -> Call:
    return Call.until(30)
