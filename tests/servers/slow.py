# SPDX-License-Identifier: Apache-2.0
"""A link with latency: a TCP forwarder on 127.0.0.1 that holds back every answer.

Knows: bytes and time. Refuses to know: protocols. It stands before a real server that is to look
far away.
"""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Self

from tests.servers.process import HOST, free_port


class SlowLink:
    """Forwards to ``port``; whatever comes back is ``delay`` seconds late. ``delay`` may change at any time."""

    def __init__(self, port: int, delay: float = 0.2) -> None:
        self.delay = delay
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        self._target = port
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="slow-link", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(5.0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5.0)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, HOST, self.port))
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.05))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, self._target)
        except OSError:
            writer.close()
            return
        there = asyncio.create_task(_pump(reader, far_writer, lambda: 0.0))
        back = asyncio.create_task(_pump(far_reader, writer, lambda: self.delay))
        try:
            await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            there.cancel()
            back.cancel()
            writer.close()
            far_writer.close()


async def _pump(reader, writer, delay) -> None:  # type: ignore[no-untyped-def]
    try:
        while data := await reader.read(65536):
            if delay():
                await asyncio.sleep(delay())
            writer.write(data)
            await writer.drain()
    except (OSError, asyncio.CancelledError):
        pass
