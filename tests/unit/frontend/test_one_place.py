# SPDX-License-Identifier: Apache-2.0
"""Facts that several rooms read are read in one place, so that all read the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ugr

SOURCES = Path(ugr.__file__).parent


@pytest.mark.parametrize(
    ("pattern", "place"),
    [
        (r"ipv4_mapped", "federation/networks.py"),
        (r"\bcalendar\.timegm\(", "frontend/conditions.py"),
        (r"x23-\\x7e\\x80-\\xff", "frontend/conditions.py"),
    ],
)
def test_addresses_dates_and_entity_tags_of_clients_are_read_in_one_place(pattern: str, place: str) -> None:
    rooms = ("frontend", "identity", "namespace", "federation", "cli", "app", "server", "config")
    files = (path for room in rooms for path in sorted((SOURCES / room).rglob("*.py")))
    assert [str(path.relative_to(SOURCES)) for path in files if re.search(pattern, path.read_text())] == [place]
