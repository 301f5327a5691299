# SPDX-License-Identifier: Apache-2.0
"""The memory endpoint keeps the contract, in each way of giving bytes."""

import pytest

from ugr.config.types import Secret
from ugr.testing import EndpointSuite, MemoryEndpoint, MemoryOptions, MemoryStore


@pytest.fixture
def store(endpoint):
    return MemoryStore(endpoint)


class TestRedirecting(EndpointSuite):
    @pytest.fixture
    def endpoint(self):
        return MemoryEndpoint("memory", MemoryOptions(writable=True))


class TestSigning(EndpointSuite):
    @pytest.fixture
    def endpoint(self):
        return MemoryEndpoint("memory", MemoryOptions(writable=True, key=Secret(literal="a secret that signs")))


class TestServedHere(EndpointSuite):
    @pytest.fixture
    def endpoint(self):
        return MemoryEndpoint("memory", MemoryOptions(writable=True, served_here=True))
