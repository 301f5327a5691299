# SPDX-License-Identifier: Apache-2.0
"""libcurl's multi interface on an asyncio loop.

Knows: sockets, timers, the multi. Refuses to know: requests, answers; it is given handles and
says when they are done.

The rules that it keeps, each of which was learnt by breaking it:

* one multi per process, made after fork on the loop thread and touched by that thread only;
* libcurl's sockets live in a private epoll of which the loop watches the one descriptor: a number
  that is closed and used again by somebody else can then confuse nobody. A socket that libcurl is
  done with for now stays registered (the kernel drops closed ones by itself), which saves five of
  six system calls per request; the first event that nobody asked for unregisters it, and what an
  idle connection said then is not kept for the next request;
* callbacks never raise and never call the multi: a callback that raises once leaves the multi
  dead for ever (code 11). Should that happen, every transfer fails and the multi is replaced;
* one timer, armed lazily; the driver keeps its time by itself, and never acts inside libcurl's
  timer callback.
"""

from __future__ import annotations

import asyncio
import logging
import select
from collections.abc import Callable
from typing import Any

import pycurl

from ugr.transport.leftovers import identity, take_away

log = logging.getLogger("ugr.transport")

_EVENTS = {
    pycurl.POLL_IN: select.EPOLLIN,
    pycurl.POLL_OUT: select.EPOLLOUT,
    pycurl.POLL_INOUT: select.EPOLLIN | select.EPOLLOUT,
}
_READABLE = select.EPOLLIN | select.EPOLLERR | select.EPOLLHUP
_MOST_EVENTS = 512
_EARLY = 0.0005
"""A timer this close to its time, in seconds, is taken as due."""


class Driver:
    """Runs handles. ``finished(curl, code, message)`` is called on the loop, once for each added.

    ``collapsed(reason)`` is called when the multi had to be replaced: none of the handles added
    before will be heard of again, and they must be closed, not used again.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        per_host: int,
        total: int,
        finished: Callable[[Any, int, str], None],
        collapsed: Callable[[str], None],
    ) -> None:
        self._loop = loop
        self._per_host = per_host
        self._total = total
        self._finished = finished
        self._collapsed = collapsed
        self._closed = False
        self._due: float | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = 0.0
        self._soon = False
        self._broken: str | None = None
        self._added: set[Any] = set()
        self._open()

    def add(self, curl: Any) -> bool:
        """Start a handle, which moves from the loop's next turn on; False: it must be closed."""
        try:
            self._multi.add_handle(curl)
        except pycurl.error as error:
            self._replace(str(error))
            return False
        self._added.add(curl)
        return True

    def remove(self, curl: Any) -> bool:
        """Stop a handle, at once; say whether it may be used again."""
        self._added.discard(curl)
        try:
            self._multi.remove_handle(curl)
        except pycurl.error as error:
            self._break(str(error))
            return False
        return True

    def resume(self, curl: Any) -> None:
        """Let a paused handle go on; its sink may be called before this returns."""
        try:
            curl.pause(pycurl.PAUSE_CONT)
        except pycurl.error as error:
            self._finished(curl, *error.args)

    def close(self) -> None:
        """Close everything; all handles must have been removed before."""
        self._closed = True
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._shut()

    # --- the multi and its epoll ---

    def _open(self) -> None:
        self._epoll = select.epoll()
        self._interest: dict[int, int] = {}
        self._identities: dict[int, int] = {}
        multi = self._multi = pycurl.CurlMulti()
        multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_NOTHING)
        multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, self._per_host)
        multi.setopt(pycurl.M_MAX_TOTAL_CONNECTIONS, self._total)
        multi.setopt(pycurl.M_MAXCONNECTS, self._total)
        multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
        multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)
        self._loop.add_reader(self._epoll.fileno(), self._ready)

    def _shut(self) -> None:
        self._loop.remove_reader(self._epoll.fileno())
        self._multi.close()
        self._epoll.close()
        self._interest.clear()
        self._identities.clear()

    def _replace(self, reason: str) -> None:
        log.error("libcurl gave up and was restarted: %s", reason)
        self._broken = None
        self._added.clear()
        self._collapsed(reason)
        self._shut()
        self._due = None
        self._open()

    # --- libcurl calls these: they must not raise, and must not call it ---

    def _on_socket(self, what: int, fd: int, multi: Any, data: Any) -> None:
        events = _EVENTS.get(what)
        if events is None:  # POLL_REMOVE, POLL_NONE
            self._interest[fd] = 0
            return
        try:
            self._watch(fd, events)
        except (OSError, ValueError) as error:
            self._break(f"epoll: {error}")

    def _on_timer(self, milliseconds: int) -> None:
        if self._closed:
            return
        if milliseconds < 0:
            self._due = None
        elif milliseconds == 0:
            self._due = None
            self._schedule()
        else:
            due = self._due = self._loop.time() + milliseconds / 1000
            if self._alarm is None or due < self._alarm_at:
                self._arm(due)

    # --- the loop calls these ---

    def _ready(self) -> None:
        """Tell libcurl of every socket that is ready."""
        act = self._multi.socket_action
        ready = self._epoll.poll(0, _MOST_EVENTS)
        unasked = [event for event in ready if not self._interest.get(event[0])]
        if unasked:
            self._forget(unasked)
        try:
            for fd, events in ready:
                if not self._interest.get(fd):
                    continue
                mask = pycurl.CSELECT_IN if events & _READABLE else 0
                if events & select.EPOLLOUT:
                    mask |= pycurl.CSELECT_OUT
                if events & select.EPOLLERR:
                    mask |= pycurl.CSELECT_ERR
                act(fd, mask)
        except pycurl.error as error:
            self._replace(str(error))
            return
        self._reap()

    def _tick(self) -> None:
        self._soon = False
        self._expire()

    def _ring(self) -> None:
        self._alarm = None
        if self._due is None:
            return
        if self._due - self._loop.time() > _EARLY:
            self._arm(self._due)
        else:
            self._expire()

    def _expire(self) -> None:
        if self._closed:
            return
        try:
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        except pycurl.error as error:
            self._replace(str(error))
            return
        self._reap()

    def _reap(self) -> None:
        """Report what is done."""
        if self._closed:
            return
        queued = 1
        while queued:
            try:
                queued, succeeded, failed = self._multi.info_read()
            except pycurl.error as error:
                self._broken = str(error)
                break
            for curl in succeeded:
                self._finished(curl, 0, "")
            for curl, code, message in failed:
                self._finished(curl, code, message)
        if self._broken:
            self._replace(self._broken)

    # --- small parts ---

    def _watch(self, fd: int, events: int) -> None:
        """Register a socket, or change what it is watched for; its number may have had another life."""
        if fd in self._interest:
            try:
                self._epoll.modify(fd, events)
            except FileNotFoundError:
                self._register(fd, events)
        else:
            self._register(fd, events)
        self._interest[fd] = events

    def _register(self, fd: int, events: int) -> None:
        try:
            self._epoll.register(fd, events)
        except FileExistsError:
            self._epoll.modify(fd, events)
        self._identities[fd] = identity(fd)

    def _forget(self, events: list[tuple[int, int]]) -> None:
        """Stop watching sockets that libcurl does not wait for; those of no transfer lose what they say.

        The sockets of paused transfers keep it.
        """
        in_use = {curl.getinfo(pycurl.ACTIVESOCKET) for curl in self._added}
        for fd, event in events:
            try:
                if not event & _READABLE:  # still watched for writing; it has not said anything yet
                    self._epoll.modify(fd, select.EPOLLIN)
                    continue
                self._epoll.unregister(fd)
            except OSError:
                event = 0  # closed meanwhile: the kernel was faster
            self._interest.pop(fd, None)
            known = self._identities.pop(fd, 0)
            if event and fd not in in_use and take_away(fd, known):
                log.debug("an idle connection was shut down: it said what nobody had asked")

    def _break(self, reason: str) -> None:
        """Note that the multi must be replaced, outside of libcurl."""
        if self._broken is None and not self._closed:
            self._broken = reason
            self._loop.call_soon(self._reap)

    def _schedule(self) -> None:
        if not self._soon:
            self._soon = True
            self._loop.call_soon(self._tick)

    def _arm(self, at: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self._loop.call_later(max(0.0, at - self._loop.time()), self._ring)
        self._alarm_at = at
