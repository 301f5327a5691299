# SPDX-License-Identifier: Apache-2.0
"""The page about clients says what this run found; nobody has to take its word for it."""

import pytest

from tests.tools.clients import PAGE, render, told


def test_the_page_says_what_this_run_found(found):
    if not found.whole:
        pytest.skip("only some of the clients were tried with the storages")
    assert told(PAGE.read_text(encoding="utf-8")) == told(render(found)), "write it anew: tests/tools/clients.py"
