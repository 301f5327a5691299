# SPDX-License-Identifier: Apache-2.0
"""Faults in how an endpoint lives: constructing, errors, time, the loop, health."""

import asyncio
import os
import time
from dataclasses import replace

from tests.conformance.mutants.register import breaks
from ugr.errors import DeadlineExceeded, PermissionDenied, Refused
from ugr.testing import MemoryEndpoint


@breaks("INIT-1")
class ReadsAFileWhenConstructed(MemoryEndpoint):
    def __init__(self, name, options=None):
        super().__init__(name, options)
        with open(os.devnull) as stream:
            stream.read()


@breaks("INIT-1")
class ForgetsItsOptions(MemoryEndpoint):
    def __init__(self, name, options=None):
        super().__init__(name, replace(options, weight=options.weight / 2))


@breaks("OPEN-1")
class AsksWhenOpened(MemoryEndpoint):
    async def open(self, transport):
        if self.fail is not None:
            raise Refused("connection refused")


@breaks("CLOSE-1")
class ClosesOnce(MemoryEndpoint):
    async def close(self):
        if not self.opened:
            raise Refused("is closed already")
        await super().close()


@breaks("ERR-1")
class LetsAKeyErrorOut(MemoryEndpoint):
    async def store_checksum(self, path, algorithm, value, call):
        await self.question("store_checksum", path, call)
        self.files[path].checksums[algorithm] = value


@breaks("ERR-2")
class TellsItsKeyInAnError(MemoryEndpoint):
    async def usage(self, path, call):
        try:
            return await super().usage(path, call)
        except Refused as error:
            raise Refused(f"refused with key {self.options.key.value}") from error


@breaks("ERR-2")
class TellsItsKeyInItsName(MemoryEndpoint):
    def __repr__(self):
        return f"<{self.name} with {self.options.key.value}>"


@breaks("ERR-2", "USAGE-1")
class ChainsAnErrorWithItsKey(MemoryEndpoint):
    async def usage(self, path, call):
        try:
            raise ValueError(f"the key is {self.options.key.value}")
        except ValueError as error:
            raise Refused("refused") from error


@breaks("TIME-1")
class IsLate(MemoryEndpoint):
    async def pause(self, verb, path, call, hang):
        if hang and verb == "usage":
            await asyncio.sleep(call.remaining() + 0.3)
            raise DeadlineExceeded("late")
        await super().pause(verb, path, call, hang)


@breaks("TIME-1")
class CallsSilenceARefusal(MemoryEndpoint):
    async def stat(self, path, call):
        try:
            return await super().stat(path, call)
        except DeadlineExceeded as error:
            raise Refused("no time") from error


@breaks("TIME-2")
class SwallowsCancellation(MemoryEndpoint):
    async def pause(self, verb, path, call, hang):
        try:
            await super().pause(verb, path, call, hang)
        except asyncio.CancelledError:
            raise Refused("cancelled") from None


@breaks("TIME-2")
class KeepsAPlaceWhenCancelled(MemoryEndpoint):
    def __init__(self, name, options=None):
        super().__init__(name, options)
        self.places = asyncio.Semaphore(4)

    async def stat(self, path, call):
        await self.places.acquire()
        try:
            info = await super().stat(path, call)
        except Exception:
            self.places.release()
            raise
        self.places.release()
        return info


@breaks("TIME-2")
class LeavesATaskWhenCancelled(MemoryEndpoint):
    async def stat(self, path, call):
        return await asyncio.shield(super().stat(path, call))


@breaks("LOOP-1")
class BlocksTheLoop(MemoryEndpoint):
    async def stat(self, path, call):
        time.sleep(0.008)
        return await super().stat(path, call)


@breaks("LOOP-1")
class BlocksTheLoopWhileListing(MemoryEndpoint):
    async def list(self, path, call):
        async for info in super().list(path, call):
            if info.name == "entry-00042":
                time.sleep(0.008)
            yield info


@breaks("HEALTH-1")
class IsHealthyWhenDown(MemoryEndpoint):
    async def health(self, call):
        try:
            await super().health(call)
        except Refused:
            return


@breaks("HEALTH-1", "TIME-1")
class IsAlwaysHealthy(MemoryEndpoint):
    async def health(self, call):
        if isinstance(self.fail, PermissionDenied):
            await super().health(call)


@breaks("HEALTH-2")
class IsHealthyWithoutCredentials(MemoryEndpoint):
    async def health(self, call):
        try:
            await super().health(call)
        except PermissionDenied:
            return


@breaks()
class ChangesNothing(MemoryEndpoint):
    """Not a mutant: what the suite finds in it, it would find in all."""
