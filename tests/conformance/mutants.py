# SPDX-License-Identifier: Apache-2.0
"""Memory endpoints with one fault each, and the clauses that the suite must find broken.

Knows: one way to break each clause that can be checked. Refuses to know: how the suite finds out.
"""

import asyncio
import io
import os
import time
import unicodedata
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

from ugr.config.types import Secret
from ugr.errors import DeadlineExceeded, IsADirectory, NotADirectory, NotFound, PermissionDenied, Refused
from ugr.model import FileInfo, Intent, Usage
from ugr.plugin.endpoint import Multipart
from ugr.testing import MemoryEndpoint, MemoryOptions

KEY = "a secret that signs"
SIGNING = MemoryOptions(writable=True, key=Secret(literal=KEY))
SERVED_HERE = MemoryOptions(writable=True, served_here=True)


@dataclass(frozen=True)
class Mutant:
    cls: type
    broken: frozenset
    options: MemoryOptions


MUTANTS: dict[str, Mutant] = {}


def breaks(*clauses, options=SIGNING):
    """Register a mutant with the clauses that it breaks."""

    def register(cls):
        MUTANTS[cls.__name__] = Mutant(cls, frozenset(clauses), options)
        return cls

    return register


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


@breaks("REDIR-1")
class ReadsAFileToRedirect(MemoryEndpoint):
    def redirect(self, path, intent, transfer, call):
        with open(os.devnull) as stream:
            stream.read()
        return super().redirect(path, intent, transfer, call)


@breaks("REDIR-1")
class SharesItsStateBetweenThreads(MemoryEndpoint):
    def redirect(self, path, intent, transfer, call):
        self.path = path
        time.sleep(0)
        return super().redirect(self.path, intent, transfer, call)


@breaks("REDIR-1")
class RedirectsOnlyWhenUp(MemoryEndpoint):
    def redirect(self, path, intent, transfer, call):
        if self.fail is not None:
            raise Refused("down")
        return super().redirect(path, intent, transfer, call)


@breaks("REDIR-2")
class LeavesQuotesInUrls(MemoryEndpoint):
    def redirect(self, path, intent, transfer, call):
        location = super().redirect(path, intent, transfer, call)
        return replace(location, url=location.url.replace("%22", '"'))


@breaks("REDIR-2")
class LeavesLettersInUrls(MemoryEndpoint):
    def redirect(self, path, intent, transfer, call):
        location = super().redirect(path, intent, transfer, call)
        encoded, mark, query = location.url.partition("?")
        letters = "".join(char for char in path if ord(char) > 127)
        for letter in letters:
            encoded = encoded.replace(quote(letter), letter)
        return replace(location, url=encoded + mark + query)


@breaks("REDIR-3")
class ForgetsTheIntent(MemoryEndpoint):
    def redirect(self, path, intent, transfer, call):
        location = super().redirect(path, intent, transfer, call)
        return replace(location, method=Intent.GET) if intent is Intent.DELETE else location


@breaks("REDIR-4")
class DecodesPercentInUrls(MemoryEndpoint):
    def redirect(self, path, intent, transfer, call):
        location = super().redirect(path, intent, transfer, call)
        return replace(location, url=location.url.replace("%25", "%", 1))


@breaks("REDIR-4")
class ComposesUrls(MemoryEndpoint):
    def redirect(self, path, intent, transfer, call):
        return super().redirect(unicodedata.normalize("NFC", path), intent, transfer, call)


@breaks("REDIR-4")
class SignsTheWrongMethod(MemoryEndpoint):
    def redirect(self, path, intent, transfer, call):
        location = super().redirect(path, Intent.GET if intent is Intent.HEAD else intent, transfer, call)
        return replace(location, method=intent)


@breaks("REDIR-5")
class NeverExpires(MemoryEndpoint):
    def redirect(self, path, intent, transfer, call):
        location = super().redirect(path, intent, transfer, call)
        return replace(location, expires=None) if intent is Intent.HEAD else location


@breaks("REDIR-5")
class HidesThatItSigns(MemoryEndpoint):
    def redirect(self, path, intent, transfer, call):
        location = super().redirect(path, intent, transfer, call)
        return replace(location, signed=False) if intent is Intent.HEAD else location


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


@breaks("REDIR-2", options=SERVED_HERE)
class GivesAUrlToWhatIsServedHere(MemoryEndpoint):
    def redirect(self, path, intent, transfer, call):
        location = super().redirect(path, intent, transfer, call)
        return replace(location, url=f"file://{quote(path)}") if intent is Intent.GET else location


@breaks()
class ChangesNothing(MemoryEndpoint):
    """Not a mutant: what the suite finds in it, it would find in all."""
