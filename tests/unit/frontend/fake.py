# SPDX-License-Identifier: Apache-2.0
"""A namespace that answers with values laid out by the test, and a client that speaks raw WSGI."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

from ugr.call import Call
from ugr.config.settings import Settings
from ugr.errors import NotADirectory, NotFound, PermissionDenied, UgrError
from ugr.federation.answers import (
    Choice,
    EndpointAnswer,
    EndpointStatus,
    Excluded,
    Explanation,
    Located,
    Ranked,
    Redirection,
    Shortfall,
    Target,
)
from ugr.federation.merge import etag
from ugr.frontend import FrontEnd, create_app
from ugr.frontend.data import DataSigner
from ugr.identity import IdentityChain
from ugr.model import FileInfo, Intent, Location, Result, Right, Transfer
from ugr.namespace.paths import normalise
from ugr.transport import LoopThread

KEY = "0123456789abcdef0123456789abcdef"
MTIME = 784111777.0
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


class FakeListing:
    """A listing of given entries, which can fail after some of them or never end."""

    def __init__(self, path: str, owner: FakeNamespace) -> None:
        self.path = path
        self.info = FileInfo(path.rpartition("/")[2], directory=True)
        self.unasked = owner.unasked
        self.shortfall = Shortfall()
        self._owner = owner

    async def batches(self) -> AsyncIterator[list[FileInfo]]:
        """Yield the children of the path in lists, then whatever the owner wants to happen."""
        owner = self._owner
        entries = owner.children(self.path)
        for start in range(0, len(entries), owner.batch):
            await asyncio.sleep(0)
            owner.produced += 1
            yield entries[start : start + owner.batch]
        if owner.listing_hangs:
            await asyncio.Event().wait()
        if owner.listing_error is not None:
            raise owner.listing_error
        self.shortfall.missing.update(owner.missing)
        self.shortfall.truncated.update(owner.truncated)

    async def aclose(self) -> None:
        """Count."""
        self._owner.closed += 1


@dataclass
class FakeNamespace:
    """One endpoint, ``cern``, that has ``tree``; every other field changes how questions are answered."""

    tree: dict[str, FileInfo] = field(default_factory=dict)
    remembered: bool = False
    shared: bool = False
    errors: dict[str, Exception] = field(default_factory=dict)
    denied: frozenset[Right] = frozenset()
    unasked: tuple[str, ...] = ()
    answers: tuple[EndpointAnswer, ...] = ()
    location: Location | None = None
    batch: int = 2
    listing_error: Exception | None = None
    listing_hangs: bool = False
    missing: dict[str, str] = field(default_factory=dict)
    truncated: dict[str, int] = field(default_factory=dict)
    contents: dict[tuple[str, str], Any] = field(default_factory=dict)
    produced: int = 0
    closed: int = 0
    calls: list[Call] = field(default_factory=list)
    hangs: bool = False
    cancelled: int = 0

    def file(self, path: str, size: int | None = 5, mtime: float | None = MTIME) -> None:
        """Add a file, and the directories above it."""
        self.tree[path] = FileInfo(path.rpartition("/")[2], size=size, mtime=mtime)
        while path != "/":
            path = path.rpartition("/")[0] or "/"
            self.tree.setdefault(path, FileInfo(path.rpartition("/")[2], directory=True))

    def children(self, path: str) -> list[FileInfo]:
        """Return what is directly below a path."""
        above = path.rstrip("/") + "/"
        return [info for name, info in self.tree.items() if name != "/" and name.rpartition("/")[0] + "/" == above]

    def require(self, right: Right, path: str, call: Call) -> None:
        """Refuse the rights that are denied."""
        self.calls.append(call)
        normalise(path)
        if right in self.denied:
            raise PermissionDenied(f"no right to {right.value}", path=path)

    def _located(self, path: str) -> Located:
        error = self.errors.get(path)
        if error is not None:
            raise error
        if path not in self.tree:
            raise NotFound("no endpoint has it", path=path, unasked=self.unasked)
        info = self.tree[path]
        holders = (Target("cern", "/data" + path),)
        return Located(
            path,
            info,
            holders,
            etag=etag(path, info),
            unasked=self.unasked,
            answers=() if self.remembered or self.shared else self.answers,
            cached=self.remembered or self.shared,
            level="L2" if self.shared else "L1" if self.remembered else None,
        )

    def peek(self, path: str, call: Call) -> Located | None:
        """Answer from memory if there is one."""
        path = normalise(path)
        self.require(Right.READ, path, call)
        return self._located(path) if self.remembered else None

    async def locate(self, path: str, call: Call) -> Located:
        """Answer."""
        path = normalise(path)
        self.require(Right.READ, path, call)
        await self._wait()
        return self._located(path)

    async def stat(self, path: str, call: Call) -> Located:
        """Answer; either right will do."""
        path = normalise(path)
        if self.denied >= {Right.READ, Right.LIST}:
            self.require(Right.READ, path, call)
        await self._wait()
        return self._located(path)

    async def _wait(self) -> None:
        try:
            await (asyncio.Event().wait() if self.hangs else asyncio.sleep(0))
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    async def list(self, path: str, call: Call) -> FakeListing:
        """List."""
        path = normalise(path)
        self.require(Right.LIST, path, call)
        if not self._located(path).info.directory:
            raise NotADirectory("it is a file on cern", path=path)
        return FakeListing(path, self)

    def redirect(self, located: Located, intent: Intent, transfer: Transfer, call: Call) -> Redirection:
        """Send to cern."""
        error = self.errors.get("redirect")
        if error is not None:
            raise error
        target = located.holders[0]
        location = self.location or Location(f"https://cern.example/bucket{target.path}")
        choice = Choice((Ranked("cern", 12.0, 0),), (Excluded("triumf", "down: refused"),))
        return Redirection("cern", replace(location, method=intent), choice)

    async def explain(self, path: str, call: Call, as_from: str | None = None) -> Explanation:
        """Explain, by the rights of the call."""
        path = normalise(path)
        self.require(Right.READ, path, call)
        call = replace(call, address=as_from or call.address)
        client: dict[str, object] = {"address": call.address, "position": None}
        answers = (
            EndpointAnswer("cern", Result.FOUND, self.tree.get(path), 1.25),
            EndpointAnswer("ral", Result.TIMED_OUT, None, 3000.0, "no answer"),
        )
        try:
            located = self._located(path)
        except UgrError as error:
            return Explanation(path, client, answers, error=error)
        redirection = self.redirect(located, Intent.GET, Transfer(), call)
        return Explanation(path, client, answers, located, redirection, milliseconds=2.5)

    async def data(self, endpoint: str, path: str, call: Call) -> BinaryIO:
        """Open."""
        content = self.contents.get((endpoint, path))
        if content is None:
            raise NotFound("no such file", path=path)
        opened: BinaryIO = content()
        return opened

    def statuses(self) -> list[EndpointStatus]:  # type: ignore[valid-type]
        """Return one endpoint that is up and one that is down."""
        up = EndpointStatus(
            name="cern",
            type="s3",
            url="https://cern.example",
            mounts=("/atlas",),
            state="up",
            reason=None,
            latency_ms=12.5,
            since=MTIME,
            position=(46.2, 6.1),
            capabilities=("usage",),
            readable=True,
            listable=True,
            writable=False,
            questions=1,
        )
        return [up, replace(up, name="<ral>", state="down", reason="refused & reset", latency_ms=None)]


@dataclass
class Answer:
    """What came back over WSGI, the body read to its end and closed."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def __getitem__(self, name: str) -> str:
        """Return a header."""
        return dict(self.headers)[name]

    def get(self, name: str) -> str | None:
        """Return a header or None."""
        return dict(self.headers).get(name)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


class Client:
    """Sends requests as a WSGI server would: the target as it is, nothing tidied up."""

    def __init__(self, app: FrontEnd) -> None:
        self.app = app

    def environ(self, method: str, target: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        """Return an environ; a header given as None is left out."""
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "RAW_URI": target,
            "PATH_INFO": "/not/to/be/used",
            "QUERY_STRING": target.partition("?")[2],
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8080",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "192.0.2.7",
            "HTTP_HOST": "fed.example",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.version": (1, 0),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if body:
            environ["CONTENT_LENGTH"] = str(len(body))
        for name, value in headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key in ("CONTENT_LENGTH", "CONTENT_TYPE") else f"HTTP_{key}"] = value
        return environ

    def open(self, environ: dict[str, Any]) -> tuple[int, list[tuple[str, str]], Any]:
        """Send an environ; return status, headers and the body as the server would get it."""
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Any:
            started.append((status, headers))

        body = self.app(environ, start_response)
        ((status, headers),) = started
        return int(status.split()[0]), headers, body

    def __call__(self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Answer:
        """Send a request and read the answer."""
        status, fields, iterable = self.open(self.environ(method, target, headers or {}, body))
        try:
            return Answer(status, fields, b"".join(iterable))
        finally:
            if hasattr(iterable, "close"):
                iterable.close()


@dataclass
class World:
    """Everything that a test of the front end touches."""

    namespace: FakeNamespace
    settings: Settings
    loop: LoopThread
    signer: DataSigner
    problems: list[str] = field(default_factory=list)
    chain: IdentityChain = field(default_factory=IdentityChain)

    def configure(self, **options: Any) -> None:
        """Change ``[ugr]``, as a reload does."""
        self.settings = replace(self.settings, ugr=replace(self.settings.ugr, **options))

    def app(self) -> FrontEnd:
        """Return the application."""
        return create_app(
            namespace_of=lambda: self.namespace,  # type: ignore[arg-type,return-value]
            settings_of=lambda: self.settings,
            loop=self.loop,
            signer=self.signer,
            identities=self.chain,
            ready=lambda: (not self.problems, self.problems),
        )


def running_loop() -> Iterator[LoopThread]:
    """Yield a loop thread that is stopped at the end."""
    loop = LoopThread()
    loop.start()
    yield loop
    loop.stop(5.0)
