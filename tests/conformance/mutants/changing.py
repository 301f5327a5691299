# SPDX-License-Identifier: Apache-2.0
"""Faults in the optional verbs."""

import io
from dataclasses import replace

from tests.conformance.mutants.register import SERVED_HERE, breaks
from ugr.errors import IsADirectory, NotFound
from ugr.model import Usage
from ugr.plugin.endpoint import Multipart
from ugr.testing import MemoryEndpoint


@breaks("DEL-1")
class DeletesWhatIsMissing(MemoryEndpoint):
    async def delete(self, path, call):
        try:
            await super().delete(path, call)
        except NotFound:
            return


@breaks("DEL-2")
class DeletesNothing(MemoryEndpoint):
    async def delete(self, path, call):
        await self.stat(path, call)


@breaks("DEL-2")
class DeletesWhatBeginsAlike(MemoryEndpoint):
    async def delete(self, path, call):
        await super().delete(path, call)
        for name in [name for name in self.files if name.startswith(path)]:
            del self.files[name]


@breaks("MKDIR-1")
class MakesWhatIsThere(MemoryEndpoint):
    def refuse_existing(self, path, verb):
        if verb != "mkdir":
            super().refuse_existing(path, verb)


@breaks("MKDIR-2")
class MakesNoParents(MemoryEndpoint):
    async def mkdir(self, path, call):
        before = set(self.directories)
        await super().mkdir(path, call)
        self.directories = before | {path}


@breaks("MOVE-1")
class MovesOver(MemoryEndpoint):
    def refuse_existing(self, path, verb):
        if verb != "move":
            super().refuse_existing(path, verb)


@breaks("MOVE-2")
class CopiesInsteadOfMoving(MemoryEndpoint):
    async def move(self, source, target, overwrite, call):
        stored = self.files.get(source)
        await super().move(source, target, overwrite, call)
        self.files[source] = stored


@breaks("COPY-1")
class CopiesOver(MemoryEndpoint):
    def refuse_existing(self, path, verb):
        if verb != "copy":
            super().refuse_existing(path, verb)


@breaks("COPY-2")
class MovesInsteadOfCopying(MemoryEndpoint):
    async def copy(self, source, target, overwrite, call):
        await super().copy(source, target, overwrite, call)
        del self.files[source]


@breaks("SUM-1")
class DropsLeadingZeros(MemoryEndpoint):
    async def checksum(self, path, algorithm, call):
        value = await super().checksum(path, algorithm, call)
        return value if algorithm in self.file(path, "checksum").checksums else value.lstrip("0")


@breaks("SUM-1")
class ShoutsChecksums(MemoryEndpoint):
    async def checksum(self, path, algorithm, call):
        value = await super().checksum(path, algorithm, call)
        return value if algorithm in self.file(path, "checksum").checksums else value.upper()


@breaks("SUM-2")
class ForgetsChecksums(MemoryEndpoint):
    async def store_checksum(self, path, algorithm, value, call):
        await super().store_checksum(path, algorithm, value, call)
        self.files[path].checksums.clear()


@breaks("PARTS-1")
class GivesOneLocationForAllParts(MemoryEndpoint):
    async def multipart(self, path, step, transfer, call, *, upload_id=None, parts=1):
        answer = await super().multipart(path, step, transfer, call, upload_id=upload_id, parts=parts)
        return Multipart(answer.upload_id, answer.locations[:1])


@breaks("USAGE-1")
class CountsInKilobytes(MemoryEndpoint):
    async def usage(self, path, call):
        usage = await super().usage(path, call)
        return Usage(usage.used // 1024, usage.free // 1024)


@breaks("USAGE-1")
class CallsUnknownMinusOne(MemoryEndpoint):
    async def usage(self, path, call):
        return replace(await super().usage(path, call), free=-1)


@breaks("DATA-1", options=SERVED_HERE)
class OpensADirectory(MemoryEndpoint):
    async def data(self, path, call):
        try:
            return await super().data(path, call)
        except IsADirectory:
            return io.BytesIO()


@breaks("DATA-1", options=SERVED_HERE)
class LetsOthersOut(MemoryEndpoint):
    async def data(self, path, call):
        self.outside.clear()
        return await super().data(path, call)
