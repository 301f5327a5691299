# SPDX-License-Identifier: Apache-2.0
"""Faults in what is described and listed."""

import asyncio
import os
import unicodedata
from dataclasses import replace
from urllib.parse import unquote

from tests.conformance.mutants.register import breaks
from ugr.errors import Misbehaved, NotADirectory, NotFound, PermissionDenied, Refused
from ugr.model import FileInfo
from ugr.testing import MemoryEndpoint


@breaks("STAT-1", "OPEN-1")
class CallsTheRootAFile(MemoryEndpoint):
    async def stat(self, path, call):
        info = await super().stat(path, call)
        return replace(info, directory=False, size=0) if path == "/" else info


@breaks("STAT-2")
class KeepsTheFirstSize(MemoryEndpoint):
    async def stat(self, path, call):
        info = await super().stat(path, call)
        self.sizes = getattr(self, "sizes", {})
        return replace(info, size=self.sizes.setdefault(path, info.size))


@breaks("STAT-2")
class CountsIn16Bits(MemoryEndpoint):
    async def stat(self, path, call):
        info = await super().stat(path, call)
        return info if info.directory else replace(info, size=info.size & 0xFFFF)


@breaks("STAT-3")
class TakesAPrefixForADirectory(MemoryEndpoint):
    async def stat(self, path, call):
        try:
            return await super().stat(path, call)
        except NotFound:
            if any(name.startswith(path) and not name.startswith(path + ".") for name in self.files):
                return FileInfo(path.rpartition("/")[2], directory=True)
            raise


@breaks("STAT-3")
class CallsSilenceAbsence(MemoryEndpoint):
    async def stat(self, path, call):
        try:
            return await super().stat(path, call)
        except Refused as error:
            raise NotFound("not there") if path != "/" else error from None


@breaks("STAT-3")
class CallsRefusalAbsence(MemoryEndpoint):
    async def stat(self, path, call):
        try:
            return await super().stat(path, call)
        except PermissionDenied as error:
            raise NotFound("not there") if path != "/" else error from None


@breaks("STAT-4")
class NamesTheWholePath(MemoryEndpoint):
    async def stat(self, path, call):
        return replace(await super().stat(path, call), name=path.lstrip("/"))


@breaks("STAT-4")
class DecodesPathsAgain(MemoryEndpoint):
    async def stat(self, path, call):
        return await super().stat(unquote(path), call)


@breaks("STAT-4")
class ComposesNames(MemoryEndpoint):
    async def stat(self, path, call):
        info = await super().stat(path, call)
        return replace(info, name=unicodedata.normalize("NFC", info.name))


@breaks("STAT-5")
class ListsOtherSizes(MemoryEndpoint):
    async def list(self, path, call):
        async for info in super().list(path, call):
            yield info if info.directory else replace(info, size=info.size + 1)


@breaks("STAT-6")
class FindsTheFileAbove(MemoryEndpoint):
    async def stat(self, path, call):
        above = path.rpartition("/")[0]
        return await super().stat(above if above in self.files else path, call)


@breaks("STAT-7")
class TakesLongNamesForATrouble(MemoryEndpoint):
    async def stat(self, path, call):
        if len(path) > 4000:
            raise Refused("connection closed without an answer")
        return await super().stat(path, call)


@breaks("STAT-7")
class CannotReadItsOwnNames(MemoryEndpoint):
    async def list(self, path, call):
        if "\ufffe" in path:
            raise Misbehaved("the answer is not well-formed XML")
        async for info in super().list(path, call):
            yield info


@breaks("LIST-1")
class CollectsBeforeItYields(MemoryEndpoint):
    async def list(self, path, call):
        for info in [info async for info in super().list(path, call)]:
            yield info


@breaks("LIST-2")
class RepeatsAtPageBorders(MemoryEndpoint):
    async def list(self, path, call):
        count = 0
        async for info in super().list(path, call):
            yield info
            count += 1
            if count % self.page == 0:
                yield info


@breaks("LIST-2", "LIST-3", "LIST-5", "STAT-5", "DEL-2")
class ListsTheDirectoryItself(MemoryEndpoint):
    async def list(self, path, call):
        async for info in super().list(path, call):
            yield info
        yield FileInfo(".", directory=True)


@breaks("LIST-2")
class ListsWhatIsDeeper(MemoryEndpoint):
    async def list(self, path, call):
        async for info in super().list(path, call):
            yield info
            if info.name == "inside":
                yield FileInfo("inside/deeper", size=0)


@breaks("LIST-3")
class CallsAMissingDirectoryEmpty(MemoryEndpoint):
    async def list(self, path, call):
        try:
            async for info in super().list(path, call):
                yield info
        except NotFound:
            return


@breaks("LIST-3")
class CallsAnEmptyDirectoryMissing(MemoryEndpoint):
    async def list(self, path, call):
        empty = True
        async for info in super().list(path, call):
            empty = False
            yield info
        if empty:
            raise NotFound("nothing there")


@breaks("LIST-4")
class ListsAFile(MemoryEndpoint):
    async def list(self, path, call):
        try:
            async for info in super().list(path, call):
                yield info
        except NotADirectory:
            yield self.describe(path)


@breaks("LIST-5")
class LeavesATaskWhenClosed(MemoryEndpoint):
    async def list(self, path, call):
        try:
            async for info in super().list(path, call):
                yield info
        except GeneratorExit:
            self.left = [*getattr(self, "left", []), asyncio.create_task(asyncio.sleep(30))]
            raise


@breaks("LIST-5")
class LeavesAFileOpenWhenClosed(MemoryEndpoint):
    async def list(self, path, call):
        descriptor = os.open(os.devnull, os.O_RDONLY)
        try:
            async for info in super().list(path, call):
                yield info
        except GeneratorExit:
            self.left = [*getattr(self, "left", []), descriptor]
            raise
        os.close(descriptor)

    async def close(self):
        for descriptor in getattr(self, "left", []):
            os.close(descriptor)
        self.left = []
