# SPDX-License-Identifier: Apache-2.0
"""Faults in locations."""

import os
import time
import unicodedata
from dataclasses import replace
from urllib.parse import quote

from tests.conformance.mutants.register import SERVED_HERE, breaks
from ugr.errors import Refused
from ugr.model import Intent
from ugr.testing import MemoryEndpoint


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


@breaks("REDIR-2", options=SERVED_HERE)
class GivesAUrlToWhatIsServedHere(MemoryEndpoint):
    def redirect(self, path, intent, transfer, call):
        location = super().redirect(path, intent, transfer, call)
        return replace(location, url=f"file://{quote(path)}") if intent is Intent.GET else location
