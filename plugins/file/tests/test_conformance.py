# SPDX-License-Identifier: Apache-2.0
"""The file endpoint against the contract, clause by clause."""

from __future__ import annotations

from ugr.testing import EndpointSuite


class TestFileEndpoint(EndpointSuite):
    """The contract; the endpoint and its store are in conftest.py."""
