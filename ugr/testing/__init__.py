# SPDX-License-Identifier: Apache-2.0
"""The conformance kit for authors of endpoint plugins; needs pytest.

Knows: the plugin contract, and what storages do wrong. Refuses to know: any plugin. Nothing but
tests imports this package.

A plugin's whole test file is::

    from ugr.testing import EndpointSuite

    class TestMyEndpoint(EndpointSuite):
        \"\"\"The contract, clause by clause.\"\"\"

with two fixtures beside it, in the class or in conftest.py: ``endpoint``, the endpoint to test,
and ``store``, a ``Store`` that changes the storage behind its back.
"""

import pytest

pytest.register_assert_rewrite("ugr.testing.suite")

from ugr.testing.drunk import DrunkServer  # noqa: E402
from ugr.testing.memory import MemoryEndpoint, MemoryOptions, MemoryStore  # noqa: E402
from ugr.testing.store import DirectoryStore, Store  # noqa: E402
from ugr.testing.suite import EndpointSuite  # noqa: E402

__all__ = ["DirectoryStore", "DrunkServer", "EndpointSuite", "MemoryEndpoint", "MemoryOptions", "MemoryStore", "Store"]
