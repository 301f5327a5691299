# SPDX-License-Identifier: Apache-2.0
"""Faults in naming the copies of a file that are elsewhere."""

from tests.conformance.mutants.register import breaks
from ugr.errors import EndpointError, NotFound
from ugr.model import Replica
from ugr.testing import MemoryEndpoint


@breaks("REPL-1")
class NamesPathsOnly(MemoryEndpoint):
    async def replicas(self, path, call):
        await super().replicas(path, call)
        return [Replica(path)]


@breaks("REPL-2")
class NamesWhatIsNotThere(MemoryEndpoint):
    async def replicas(self, path, call):
        await self.question("replicas", path, call)
        return [Replica("https://elsewhere.test/f")]


@breaks("REPL-2")
class NamesNothingWhenItIsDown(MemoryEndpoint):
    async def replicas(self, path, call):
        try:
            return await super().replicas(path, call)
        except (EndpointError, NotFound):
            return []
