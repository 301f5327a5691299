# SPDX-License-Identifier: Apache-2.0
"""libcurl's easy handles, made once and used again, one pool per set of credentials.

Knows: which options a handle has for life and which change with each request. Refuses to know:
the multi interface, answers.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable

import pycurl

from ugr.transport.messages import NO_CREDENTIALS, Credentials
from ugr.transport.syntax import REPEATABLE, Request
from ugr.transport.trust import tls_options

IDLE_SECONDS = 55
"""A connection idle for longer is not used again; servers commonly close theirs after 60 s or more."""

LIFE_SECONDS = 900
"""No connection is used for longer, so that a change of authorities or revocation lists takes effect."""

MOST_IDLE = 1024
"""Handles kept for later, over all sets of credentials."""

MOST_SETS = 256
"""Sets of credentials remembered; a renewed certificate is a new set, and the oldest is forgotten."""

_FOR_LIFE: tuple[tuple[int, object], ...] = (
    (pycurl.NOSIGNAL, 1),
    (pycurl.PROXY, ""),
    (pycurl.NOPROXY, "*"),
    (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
    (pycurl.FOLLOWLOCATION, 0),
    (pycurl.PATH_AS_IS, 1),
    (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
    (pycurl.TCP_NODELAY, 1),
    (pycurl.MAXAGE_CONN, IDLE_SECONDS),
    (pycurl.MAXLIFETIME_CONN, LIFE_SECONDS),
    (pycurl.BUFFERSIZE, 65536),
)


class Handle:
    """One easy handle. ``head`` collects header lines; body bytes go to ``sink``.

    A sink returns None to take the bytes, ``pycurl.WRITEFUNC_PAUSE`` to be asked again later, 0
    to fail the transfer. It runs inside libcurl: it must neither raise nor call libcurl.
    """

    def __init__(self, owner: _Set, user_agent: str) -> None:
        self.owner = owner
        self.curl = pycurl.Curl()
        self.head: list[bytes] = []
        self.sink: Callable[[bytes], int | None] = _refuse
        self._method: str | None = None
        self._origin: str | None = None
        self._lines: list[str] = []
        self._bodied = False
        self._listened = False
        self._connect_ms = 0
        for option, value in (*_FOR_LIFE, (pycurl.USERAGENT, user_agent), *owner.options):
            if value is None:
                self.curl.unsetopt(option)
            else:
                self.curl.setopt(option, value)
        self.curl.setopt(pycurl.HEADERFUNCTION, self.head.append)
        self.curl.setopt(pycurl.WRITEFUNCTION, self._write)

    def load(self, request: Request, connect_ms: int, total_ms: int) -> None:
        """Set what this request needs and the one before did not leave so."""
        setopt = self.curl.setopt
        if request.method != self._method or request.body is not None:
            self._reshape(request)
        if request.origin != self._origin:
            setopt(pycurl.URL, request.origin + "/")
            self._origin = request.origin
        setopt(pycurl.REQUEST_TARGET, request.target)
        if request.lines != self._lines:
            if request.lines:
                setopt(pycurl.HTTPHEADER, request.lines)
            else:  # pycurl ignores an empty list
                self.curl.unsetopt(pycurl.HTTPHEADER)
            self._lines = request.lines
        if connect_ms != self._connect_ms:
            setopt(pycurl.CONNECTTIMEOUT_MS, connect_ms)
            self._connect_ms = connect_ms
        setopt(pycurl.TIMEOUT_MS, total_ms)

    def renew(self, total_ms: int) -> None:
        """Make the same request ready once more, on a new connection."""
        self.curl.setopt(pycurl.FRESH_CONNECT, 1)
        self.curl.setopt(pycurl.TIMEOUT_MS, total_ms)
        self._method = None
        self.head.clear()

    def listen(self, on_line: Callable[[bytes], None]) -> None:
        """Give header lines of this transfer to a function, not to ``head``; it must not raise."""
        self.curl.setopt(pycurl.HEADERFUNCTION, on_line)
        self._listened = True

    def unload(self) -> None:
        """Let go of everything that the last request left behind."""
        self.sink = _refuse
        self.head.clear()
        if self._listened:
            self.curl.setopt(pycurl.HEADERFUNCTION, self.head.append)
            self._listened = False
        if self._bodied:
            self.curl.setopt(pycurl.POSTFIELDS, b"")
            self._method = None
            self._bodied = False

    def _reshape(self, request: Request) -> None:
        """Set the method; HTTPGET first, because it takes back what other methods set."""
        setopt = self.curl.setopt
        setopt(pycurl.HTTPGET, 1)
        if request.body is not None:
            setopt(pycurl.POSTFIELDS, request.body)
            self._bodied = True
        if request.method == "HEAD":
            setopt(pycurl.NOBODY, 1)
        if request.method in ("HEAD", "GET") and request.body is None:
            self.curl.unsetopt(pycurl.CUSTOMREQUEST)
        else:
            setopt(pycurl.CUSTOMREQUEST, request.method)
        setopt(pycurl.FRESH_CONNECT, int(request.method not in REPEATABLE))
        self._method = request.method

    def _write(self, data: bytes) -> int | None:
        return self.sink(data)


class _Set:
    """The idle handles of one set of credentials, the last used on top."""

    def __init__(self, credentials: Credentials, number: int) -> None:
        self.credentials = credentials
        self.options = [*tls_options(credentials)]
        if number:
            # part of the key under which libcurl keeps connections, and without any other effect
            # except for link-local IPv6: so connections are never shared between two sets
            self.options.append((pycurl.ADDRESS_SCOPE, number))
        self.idle: list[Handle] = []


class HandlePool:
    """Handles by credentials; the least recently used set loses its handles first."""

    def __init__(self, user_agent: str) -> None:
        self._user_agent = user_agent
        self._sets: OrderedDict[Credentials, _Set] = OrderedDict()
        self._numbers = itertools.count(1)
        self._idle = 0

    def lease(self, credentials: Credentials) -> Handle:
        """Return a handle that nobody else has; raise ConfigError when its trust cannot be set up."""
        owner = self._sets.get(credentials)
        if owner is None:
            owner = self._remember(credentials)
        else:
            self._sets.move_to_end(credentials)
        if owner.idle:
            self._idle -= 1
            return owner.idle.pop()
        return Handle(owner, self._user_agent)

    def release(self, handle: Handle) -> None:
        """Take a handle back; it must not be part of a multi any more."""
        owner = handle.owner
        if self._sets.get(owner.credentials) is not owner:
            handle.curl.close()
            return
        handle.unload()
        owner.idle.append(handle)
        self._idle += 1
        if self._idle > MOST_IDLE:
            self._trim()

    def forget(self, credentials: Credentials) -> None:
        """Drop a set, so that the files it names are looked at again."""
        owner = self._sets.pop(credentials, None)
        if owner is not None:
            self._close(owner)

    def close(self) -> None:
        """Close all idle handles."""
        for credentials in list(self._sets):
            self.forget(credentials)

    def _remember(self, credentials: Credentials) -> _Set:
        number = 0 if credentials == NO_CREDENTIALS else next(self._numbers)
        owner = self._sets[credentials] = _Set(credentials, number)
        if len(self._sets) > MOST_SETS:
            self._close(self._sets.popitem(last=False)[1])
        return owner

    def _trim(self) -> None:
        for owner in self._sets.values():
            if owner.idle:
                owner.idle.pop(0).curl.close()
                self._idle -= 1
                return

    def _close(self, owner: _Set) -> None:
        for handle in owner.idle:
            handle.curl.close()
        self._idle -= len(owner.idle)
        owner.idle.clear()


def _refuse(data: bytes) -> int:
    """Take no bytes: there is no transfer."""
    return 0

