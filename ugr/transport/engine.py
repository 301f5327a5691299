# SPDX-License-Identifier: Apache-2.0
"""The HTTP engine: ``Transport.send`` and ``Transport.stream``.

Knows: requests, deadlines, queues, credentials, and how they come together. Refuses to know:
what a request is for. libcurl's rules are kept in ``driver.py`` and ``handles.py``.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pycurl

from ugr import __version__
from ugr.call import Call
from ugr.errors import BadRequest, ConfigError, DeadlineExceeded, Misbehaved, Refused, Timeout, Unavailable
from ugr.transport.driver import Driver
from ugr.transport.exchange import Exchange, Flow, Streaming, abandoned
from ugr.transport.faults import LOCAL_TLS, LOST, WRITE_ERROR, Circumstances, explain
from ugr.transport.handles import HandlePool
from ugr.transport.messages import NO_CREDENTIALS, Answer, Credentials
from ugr.transport.passwords import Challenge, basic, challenge
from ugr.transport.peers import HEADER, NOBODY, Ourselves, written
from ugr.transport.syntax import REPEATABLE, Headers, Request, check_header, checked
from ugr.transport.turns import Turns

LONGEST = 86400.0
"""Seconds after which any transfer ends, however late its deadline."""

MOST_CHALLENGES = 256
"""Digest challenges remembered, so that later requests need no refusal first."""


class Transport:
    """HTTP/1.1 to the endpoints; one per worker process, made on its loop thread after fork.

    ``per_host`` caps the connections to one host and port with one set of credentials, ``total``
    all of them; a request beyond that waits, first come first served, and the time counts
    against its deadline. Everything here is used from the loop thread only.

    What a caller can rely on: methods other than GET, HEAD, OPTIONS and PROPFIND reach the
    endpoint at most once. Redirects are not followed. Proxies named in the environment are not
    used. Two different ``Credentials`` never share a connection. Path and query are sent exactly
    as given. Cancelling stops the transfer at once. Each request names the federations that the
    question came through: those of ``call``, and ``ourselves``, which whoever owns the engine sets.
    """

    def __init__(
        self, *, per_host: int = 64, total: int = 4096, user_agent: str = f"ugr/{__version__}"
    ) -> None:
        check_header("User-Agent", user_agent)
        self._thread = threading.get_ident()
        self._process = os.getpid()
        self._loop = asyncio.get_running_loop()
        self._turns = Turns(per_host, total)
        self._handles = HandlePool(user_agent)
        self._running: dict[Any, Exchange] = {}
        self._challenges: OrderedDict[tuple[Credentials, str], Challenge] = OrderedDict()
        self._closed = False
        self.ourselves: Ourselves = NOBODY
        self._driver = Driver(self._loop, per_host, total, self._finished, self._collapsed)

    @property
    def running(self) -> int:
        """How many transfers run at this moment."""
        return len(self._running)

    async def send(
        self,
        method: str,
        url: str,
        *,
        call: Call,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes | None = None,
        credentials: Credentials = NO_CREDENTIALS,
        max_body: int = 1 << 20,
        connect_timeout: float = 1.0,
        timeout: float | None = None,
    ) -> Answer:
        """Ask, and return the whole answer, whatever its status.

        ``url`` is absolute, visible ASCII, without fragment; ``headers`` are names and ASCII
        values; an empty ``body`` is sent as one, None is none. ``max_body`` is bytes.
        ``connect_timeout`` is seconds for name, connection and TLS, without the time in the
        queue; ``timeout`` is seconds for everything, ``call`` permitting.

        Raises BadRequest for a method, URL or header that cannot be sent; DeadlineExceeded when
        there is no time to begin; Timeout; Refused when there is no connection, no trust, or it
        broke; Misbehaved for an answer that is malformed, cut off or longer than ``max_body``;
        Unavailable once the engine is closed.
        """
        deadline = self._deadline(call, timeout)
        request = self._passed(checked(method, url, headers, body), call)
        if credentials.user is None:
            return await self._whole(request, credentials, max_body, connect_timeout, deadline)
        answer = await self._whole(
            self._authorized(request, credentials), credentials, max_body, connect_timeout, deadline
        )
        if answer.status == 401 and self._challenged(request, credentials, answer.headers):
            again = self._authorized(request, credentials)
            answer = await self._whole(again, credentials, max_body, connect_timeout, deadline)
        return answer

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        call: Call,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes | None = None,
        credentials: Credentials = NO_CREDENTIALS,
        max_body: int | None = None,
        connect_timeout: float = 1.0,
        timeout: float | None = None,
    ) -> AsyncIterator[Streaming]:
        """Ask, and give the answer when its head is there; the body is read from it in pieces.

        Parameters and errors are those of ``send``; time limits cover the whole body. Leaving
        the context stops the transfer, wherever it is.
        """
        deadline = self._deadline(call, timeout)
        request = self._passed(checked(method, url, headers, body), call)
        first = self._authorized(request, credentials)
        streaming = await self._head(first, credentials, max_body, connect_timeout, deadline)
        try:
            if streaming.status == 401 and self._challenged(request, credentials, streaming.headers):
                await streaming.close()
                again = self._authorized(request, credentials)
                streaming = await self._head(again, credentials, max_body, connect_timeout, deadline)
            yield streaming
        finally:
            await streaming.close()

    async def close(self) -> None:
        """Stop all transfers, which fail with Unavailable, and close all connections.

        Safe to call twice. Does nothing in a process forked from the one that made this: the
        connections are not its own.
        """
        if self._closed or os.getpid() != self._process:
            return
        self._closed = True
        for exchange in list(self._running.values()):
            self._stop(exchange)
        self._handles.close()
        self._driver.close()

    def _passed(self, request: Request, call: Call) -> Request:
        """Name on a request the federations that it comes through."""
        via = self.ourselves.through(call.via)
        if via:
            request.lines.append(f"{HEADER}: {written(via)}")
        return request

    # --- one attempt ---

    async def _whole(
        self, request: Request, credentials: Credentials, limit: int, connect_timeout: float, deadline: float
    ) -> Answer:
        exchange = Exchange(request, limit, self._loop)
        place = exchange.place = (request.origin, credentials)
        if not self._turns.take(place):
            await self._turns.wait(place, deadline, request.host)
        self._begin(exchange, credentials, connect_timeout, deadline)
        try:
            await exchange.done
        finally:
            if exchange.handle is not None:
                self._stop(exchange)
        status, fields = exchange.parsed()
        return Answer(status, fields, b"".join(exchange.parts))

    async def _head(
        self,
        request: Request,
        credentials: Credentials,
        limit: int | None,
        connect_timeout: float,
        deadline: float,
    ) -> Streaming:
        flow = Flow(request, limit, self._loop)
        place = flow.place = (request.origin, credentials)
        if not self._turns.take(place):
            await self._turns.wait(place, deadline, request.host)
        self._begin(flow, credentials, connect_timeout, deadline)
        try:
            await flow.done
            status, fields = flow.parsed()
        except BaseException:
            self._stop(flow)
            raise
        return Streaming(status, fields, flow, self._resume, self._stop)

    def _begin(
        self, exchange: Exchange, credentials: Credentials, connect_timeout: float, deadline: float
    ) -> None:
        """Start what has its turn; from then on it has a handle until it ends."""
        try:
            self._start(exchange, credentials, connect_timeout, deadline)
        except BaseException:
            self._turns.give_back(exchange.place)
            raise

    def _start(
        self, exchange: Exchange, credentials: Credentials, connect_timeout: float, deadline: float
    ) -> None:
        request = exchange.request
        if self._closed:
            raise Unavailable("the HTTP engine is closed")
        exchange.begun = time.monotonic()
        exchange.timeout = min(deadline - exchange.begun, LONGEST)
        exchange.connect_timeout = connect_timeout
        if exchange.timeout <= 0:
            raise Timeout(f"{request.host}: no time left when its turn came")
        try:
            handle = self._handles.lease(credentials)
        except ConfigError as error:
            raise Refused(f"{request.host}: {error.message}") from error
        try:
            handle.load(request, _milliseconds(connect_timeout), _milliseconds(exchange.timeout))
        except pycurl.error as error:
            handle.curl.close()
            raise BadRequest(f"{request.host}: libcurl does not take the request") from error
        if not self._driver.add(handle.curl):
            handle.curl.close()
            raise Refused(f"{request.host}: the HTTP engine was restarted; ask again")
        exchange.attach(handle)
        self._running[handle.curl] = exchange

    # --- how it ends ---

    def _finished(self, curl: Any, code: int, words: str) -> None:
        """Hear from the driver that a transfer is over."""
        exchange = self._running.get(curl)
        if exchange is None:
            return
        if code in LOST and self._renewed(exchange, curl):
            return
        error = None if code == 0 else self._failure(exchange, curl, code, words)
        self._release(exchange)
        exchange.ended(error)

    def _renewed(self, exchange: Exchange, curl: Any) -> bool:
        """Ask again on a new connection, where that is safe; say whether so.

        libcurl does it by itself, but tries five kept connections at most: an endpoint that was
        restarted has closed more.
        """
        left = exchange.begun + exchange.timeout - time.monotonic()
        if (
            exchange.renewed
            or exchange.handle is None
            or exchange.request.method not in REPEATABLE
            or curl.getinfo(pycurl.NUM_CONNECTS)
            or curl.getinfo(pycurl.RESPONSE_CODE)
            or left <= 0
            or not self._driver.remove(curl)
        ):
            return False
        exchange.renewed = True
        exchange.handle.renew(_milliseconds(left))
        self._driver.add(curl)  # if that fails, all that run have failed, this one too
        return True

    def _failure(self, exchange: Exchange, curl: Any, code: int, words: str) -> Exception:
        host = exchange.request.host
        if code == WRITE_ERROR and exchange.fault is not None:
            return Misbehaved(f"{host}: {exchange.fault}")
        if code in LOCAL_TLS and exchange.handle is not None:
            self._handles.forget(exchange.handle.owner.credentials)
        about = Circumstances(
            host,
            errno=curl.getinfo(pycurl.OS_ERRNO),
            status=curl.getinfo(pycurl.RESPONSE_CODE),
            connected=curl.getinfo(pycurl.REQUEST_SIZE) > 0,
            connect_timeout=exchange.connect_timeout,
            timeout=exchange.timeout,
        )
        return explain(code, words, about)

    def _stop(self, exchange: Exchange) -> None:
        """End a transfer from this side, at once."""
        if exchange.handle is None or threading.get_ident() != self._thread:
            return
        self._release(exchange)
        exchange.ended(abandoned(exchange))
        if exchange.done.done() and not exchange.done.cancelled():
            exchange.done.exception()  # nobody need look at it

    def _release(self, exchange: Exchange) -> None:
        """Take the handle back and pass the turn on."""
        handle = exchange.handle
        if handle is None:
            return
        exchange.handle = None
        del self._running[handle.curl]
        if handle.head:
            exchange.head = handle.head.copy()
        if self._driver.remove(handle.curl):
            self._handles.release(handle)
        else:
            handle.curl.close()
        self._turns.give_back(exchange.place)

    def _collapsed(self, reason: str) -> None:
        """Fail everything: libcurl's multi is gone, and no handle of it can be used again."""
        running, self._running = self._running, {}
        for curl, exchange in running.items():
            exchange.handle = None
            curl.close()
            self._turns.give_back(exchange.place)
            exchange.ended(Refused(f"{exchange.request.host}: the HTTP engine was restarted; ask again"))

    def _resume(self, flow: Flow) -> None:
        if flow.handle is not None:
            self._driver.resume(flow.handle.curl)

    # --- time and passwords ---

    def _deadline(self, call: Call, timeout: float | None) -> float:
        """Return the monotonic time by which all must be over; refuse what cannot begin."""
        if threading.get_ident() != self._thread:
            raise RuntimeError("a transport is used from its own loop's thread only")
        if self._closed:
            raise Unavailable("the HTTP engine is closed")
        now = time.monotonic()
        deadline = call.deadline if timeout is None else min(call.deadline, now + timeout)
        if deadline <= now:
            raise DeadlineExceeded("no time left to ask")
        return deadline

    def _authorized(self, request: Request, credentials: Credentials) -> Request:
        """Add what proves the user, unless the caller did."""
        user, password = credentials.user, credentials.password or ""
        if user is None or any(line.lower().startswith("authorization:") for line in request.lines):
            return request
        if not credentials.digest:
            value = basic(user, password)
        else:
            known = self._challenges.get((credentials, request.origin))
            if known is None:
                return request
            value = known.answer(user, password, request.method, request.target)
        return request._replace(lines=[*request.lines, f"Authorization: {value}"])

    def _challenged(self, request: Request, credentials: Credentials, headers: Headers) -> bool:
        """Remember a Digest challenge; say whether asking again, with its answer, makes sense."""
        if not credentials.digest:
            return False
        key = (credentials, request.origin)
        self._challenges.pop(key, None)
        found = challenge(value for name, value in headers if name == "www-authenticate")
        if found is None:
            return False
        self._challenges[key] = found
        if len(self._challenges) > MOST_CHALLENGES:
            self._challenges.popitem(last=False)
        return True


def _milliseconds(seconds: float) -> int:
    """Return libcurl's notation of a time limit, where 0 would mean none."""
    return max(1, round(min(seconds, LONGEST) * 1000))
