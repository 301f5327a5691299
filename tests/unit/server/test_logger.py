# SPDX-License-Identifier: Apache-2.0
"""gunicorn's lines: laid out like ours, with no secret in them."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator

import pytest
from gunicorn.config import Config

from ugr.server.logger import Logger


@pytest.fixture
def said() -> Iterator[tuple[Logger, io.StringIO]]:
    """Return gunicorn's logger, and what it has written."""
    names = ("gunicorn.error", "gunicorn.access")
    before = {name: list(logging.getLogger(name).handlers) for name in names}
    logger, stream = Logger(Config()), io.StringIO()
    for handler in logger.error_log.handlers:
        handler.stream = stream
    yield logger, stream
    for name in names:
        logging.getLogger(name).handlers[:] = before[name]


def test_event_of_gunicorn_is_one_line_like_ours(said: tuple[Logger, io.StringIO]) -> None:
    logger, stream = said
    logger.info("Booting worker with pid: %s", 7)
    logger.warning("Invalid request from ip=192.0.2.7: 'GET /f?authz=s3kr1t \x1b[31m\nforged'")
    first, second = stream.getvalue().splitlines()
    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    assert re.fullmatch(time + r" INFO gunicorn\.error Booting worker with pid: 7", first)
    assert "s3kr1t" not in second
    assert "\\x1b[31m\\nforged" in second


def test_layout_stays_when_gunicorn_reads_its_settings_again(said: tuple[Logger, io.StringIO]) -> None:
    logger, stream = said
    logger.setup(Config())
    for handler in logger.error_log.handlers:
        handler.stream = stream
    logger.error("again")
    assert stream.getvalue().endswith(" ERROR gunicorn.error again\n")
