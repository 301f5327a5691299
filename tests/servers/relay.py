# SPDX-License-Identifier: Apache-2.0
"""A TCP relay before a real server, through which it can be made to fail in all the usual ways.

Knows: bytes, and how to withhold them. Refuses to know: what they mean.
"""

from __future__ import annotations

import asyncio
import enum
import socket
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self

from tests.servers.process import HOST, ServerError, free_port

NONSENSE = b"\0\1\2 this is not what was asked for \xff\xfe\r\n\r\n"


class Mode(enum.Enum):
    """What becomes of a request."""

    PASS = "passed on"
    DOWN = "the connection is refused, open ones are reset"
    HANG = "taken, and never answered"
    GARBLE = "answered with bytes that are no protocol"


class Relay:
    """Listens on a port of its own and passes on to ``target``: ``with Relay(port) as relay: relay.url``.

    ``target`` is a port, or a function that returns a connected socket. ``stall(text)`` withholds
    only requests that contain ``text``, ``stall_after(count)`` all but the first bytes of what comes
    back; ``up()`` ends all trouble, and resets the connections that were part of it.
    """

    def __init__(self, target: int | Callable[[], socket.socket]) -> None:
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        self._target = target
        self._mode = Mode.PASS
        self._withheld: bytes | None = None
        self._most: int | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay", daemon=True)
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._set(Mode.DOWN, None))
        self._run(self._drain())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5.0)
        self._loop.close()

    def down(self) -> None:
        """Refuse connections."""
        self._run(self._set(Mode.DOWN, None))

    def hang(self) -> None:
        """Take everything and answer nothing."""
        self._run(self._set(Mode.HANG, None))

    def garble(self) -> None:
        """Answer with nonsense."""
        self._run(self._set(Mode.GARBLE, None))

    def stall(self, text: bytes) -> None:
        """Never answer requests that contain a text; pass on the others."""
        self._run(self._set(Mode.PASS, text))

    def stall_after(self, count: int) -> None:
        """Pass back the first ``count`` bytes of each connection, and never the rest."""
        self._run(self._set(Mode.PASS, None, count))

    def up(self) -> None:
        """Pass everything on again."""
        self._run(self._set(Mode.PASS, None))

    def _run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(5.0)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, HOST, self.port)

    async def _set(self, mode: Mode, withheld: bytes | None, most: int | None = None) -> None:
        troubled = self._mode is not Mode.PASS or self._withheld is not None or self._most != most
        self._mode, self._withheld, self._most = mode, withheld, most
        if mode is Mode.DOWN and self._server is not None:
            self._server.close()
            self._server = None
        if mode is not Mode.DOWN:
            await self._listen()
        if mode is not Mode.PASS or troubled:
            for writer in self._connections:
                writer.transport.abort()

    async def _drain(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far = await self._reach()
        self._connections.add(writer)
        back = asyncio.create_task(self._pass_back(far[0], writer))
        try:
            while data := await reader.read(65536):
                if self._mode is Mode.GARBLE:
                    writer.write(NONSENSE)
                    break
                if self._mode is Mode.PASS and not (self._withheld is not None and self._withheld in data):
                    far[1].write(data)
                    await far[1].drain()
        except OSError:
            pass
        finally:
            self._connections.discard(writer)
            back.cancel()
            far[1].transport.abort()
            writer.close()

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            if isinstance(self._target, int):
                return await asyncio.open_connection(HOST, self._target)
            return await asyncio.open_connection(sock=await asyncio.to_thread(self._target))
        except OSError as error:
            raise ServerError(f"nothing to relay to on port {self._target}") from error

    async def _pass_back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passed = 0
        try:
            while data := await reader.read(65536):
                if self._most is not None and passed + len(data) > self._most:
                    writer.write(data[: self._most - passed])
                    await asyncio.Event().wait()  # until the connection is reset
                passed += len(data)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()
