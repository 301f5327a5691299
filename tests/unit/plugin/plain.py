# SPDX-License-Identifier: Apache-2.0
"""A blocking endpoint whose answers can be held back, and what its tests share."""

import asyncio
import io
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass

from ugr.call import Call
from ugr.errors import UgrError
from ugr.model import FileInfo, Location, Replica, Usage
from ugr.plugin.blocking import BlockingEndpoint, BlockingOptions
from ugr.plugin.endpoint import Multipart


@dataclass(frozen=True, kw_only=True)
class Options(BlockingOptions):
    pass


class Plain(BlockingEndpoint):
    """Every answer tells which thread gave it; ``gate`` holds questions until it is set."""

    type = "plain"
    Options = Options

    def __init__(self, name="plain", options=None):
        super().__init__(name, options or Options())
        self.gate = threading.Event()
        self.gate.set()
        self.seen = []
        self.closed_in = []
        self.entries = 3

    def stat(self, path, call):
        self.seen.append((path, threading.current_thread().name))
        self.gate.wait(10)
        return FileInfo(path.rpartition("/")[2], size=1)

    def list(self, path, call):
        thread = threading.current_thread().name
        try:
            for number in range(self.entries):
                self.seen.append((number, thread))
                yield FileInfo(f"{number}", size=number)
        finally:
            self.closed_in.append(threading.current_thread().name)

    def redirect(self, path, intent, transfer, call):
        return Location(f"http://plain.test{path}", intent)

    def close(self):
        self.closed_in.append("closed")


class Whole(Plain):
    """Has every verb."""

    def delete(self, path, call):
        self.seen.append(("delete", path))

    def mkdir(self, path, call):
        self.seen.append(("mkdir", path))

    def move(self, source, target, overwrite, call):
        self.seen.append(("move", source, target, overwrite))

    def copy(self, source, target, overwrite, call):
        self.seen.append(("copy", source, target, overwrite))

    def checksum(self, path, algorithm, call):
        return f"{algorithm} of {path}"

    def store_checksum(self, path, algorithm, value, call):
        self.seen.append(("store_checksum", path, algorithm, value))

    def multipart(self, path, step, transfer, call, *, upload_id=None, parts=1):
        return Multipart(upload_id, tuple(Location(f"http://plain.test{path}/{n}") for n in range(parts)))

    def usage(self, path, call):
        return Usage(1, 2)

    def health(self, call):
        self.seen.append(("health",))

    def replicas(self, path, call):
        return [Replica("https://elsewhere.test/f")]

    def data(self, path, call):
        self.gate.wait(10)
        self.stream = io.BytesIO(path.encode())
        return self.stream


def soon(seconds=5.0):
    return Call.until(seconds)


def run(scenario):
    return asyncio.run(scenario)


async def eventually(condition):
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "did not happen"
        await asyncio.sleep(0.002)


async def names_and_error(entries):
    names = []
    try:
        async for info in entries:
            names.append(info.name)
    except UgrError as error:
        return names, error
    return names, None


@contextmanager
def held(blocking):
    """Have every question wait."""
    blocking.gate.clear()
    try:
        yield
    finally:
        blocking.gate.set()


def threads_of(name):
    return [thread for thread in threading.enumerate() if thread.name.startswith(name)]
