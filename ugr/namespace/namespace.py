# SPDX-License-Identifier: Apache-2.0
"""The verbs, on paths as users see them: check the path, the right, the mounts, then ask.

Knows: LFNs, rights, mounts. Refuses to know: HTTP, how endpoints are asked and chosen.

Every verb begins with the right that it needs, so a new source of identity changes nothing here.
Caches and flights further in know no identities: authorization comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import BinaryIO, Protocol

from ugr.call import Call
from ugr.errors import NotFound, PermissionDenied
from ugr.federation.answers import EndpointStatus, Explanation, Listing, Located, Redirection
from ugr.federation.federation import Federation
from ugr.federation.routes import Eligible
from ugr.model import FileInfo, Intent, Right, Transfer
from ugr.namespace.authz import Permit
from ugr.namespace.mounts import Mounts
from ugr.namespace.paths import normalise
from ugr.transport.peers import NOBODY, Ourselves


class Rights(Protocol):
    """Whoever decides rights."""

    def require(self, right: Right, path: str, call: Call) -> Permit:
        """Return a permit or raise PermissionDenied."""
        ...

    def allows(self, right: Right, path: str, call: Call) -> bool:
        """Say whether a right is granted."""
        ...


class Namespace:
    """One federation's namespace for one kind of authority (clients, or the operator)."""

    def __init__(
        self,
        federation: Federation,
        mounts: Mounts,
        rights: Rights,
        statuses: Callable[[], Sequence[EndpointStatus]],
        ourselves: Ourselves = NOBODY,
    ) -> None:
        self.federation = federation
        self.mounts = mounts
        self.rights = rights
        self.ourselves = ourselves
        self._statuses = statuses

    def require(self, right: Right, path: str, call: Call) -> Permit:
        """Return a permit for a right on a path; raise PermissionDenied or BadRequest."""
        return self.rights.require(right, normalise(path), call)

    def peek(self, path: str, call: Call) -> Located | None:
        """Return a file that is remembered, None when somebody must be asked; any thread.

        Raises BadRequest, PermissionDenied, and NotFound for a remembered absence.
        """
        lfn = normalise(path)
        self.rights.require(Right.READ, lfn, call)
        if self.mounts.exists(lfn):
            return _by_configuration(lfn)
        return None if call.via else self.federation.peek(lfn, self.mounts.eligible(lfn))

    async def stat(self, path: str, call: Call) -> Located:
        """Describe a name. Needs the right to read it or to list it."""
        lfn = normalise(path)
        self._require_either(lfn, call)
        if self.mounts.exists(lfn):
            return _by_configuration(lfn)
        return await self.federation.stat(lfn, self._eligible(lfn), call)

    async def list(self, path: str, call: Call) -> Listing:
        """List a directory. Needs the right to list it."""
        lfn = normalise(path)
        self.rights.require(Right.LIST, lfn, call)
        return await self.federation.list(
            lfn,
            self.mounts.eligible(lfn) if self.mounts.exists(lfn) else self._eligible(lfn),
            call,
            virtual=self.mounts.children(lfn),
            exists=self.mounts.exists(lfn),
        )

    async def locate(self, path: str, call: Call) -> Located:
        """Find a file's copies. Needs the right to read it."""
        lfn = normalise(path)
        self.rights.require(Right.READ, lfn, call)
        if self.mounts.exists(lfn):
            return _by_configuration(lfn)
        return await self.federation.locate(lfn, self._eligible(lfn), call)

    def redirect(self, located: Located, intent: Intent, transfer: Transfer, call: Call) -> Redirection:
        """Choose the copy for this client; any thread. Raises Unavailable when none is usable."""
        return self.federation.redirect(located, intent, transfer, call)

    async def explain(self, path: str, call: Call, as_from: str | None = None) -> Explanation:
        """Answer as ``locate`` would, with everything that led there. Needs the right to read it.

        ``as_from`` is the address of a client for which the copy is chosen instead. Rights are those
        of whoever asks: an address that somebody only names grants nothing.
        """
        lfn = normalise(path)
        self.rights.require(Right.READ, lfn, call)
        if as_from is not None:
            call = replace(call, address=as_from)
        if self.mounts.exists(lfn):
            client = self.federation.selection.describe(self.federation.selection.client(call.address))
            return Explanation(lfn, client, (), located=_by_configuration(lfn), cached=True)
        return await self.federation.explain(lfn, self._eligible(lfn), call)

    async def data(self, endpoint: str, path: str, call: Call) -> BinaryIO:
        """Open a file that this host serves. The signed URL that led here is the permit."""
        return await self.federation.data(endpoint, normalise(path), call)

    def statuses(self) -> Sequence[EndpointStatus]:
        """Return every endpoint's state, by name; any thread."""
        return sorted(self._statuses(), key=lambda status: status.name)

    def _eligible(self, lfn: str) -> Eligible:
        eligible = self.mounts.eligible(lfn)
        if not eligible.asked and not eligible.listers:
            raise NotFound("no endpoint is mounted there", path=lfn)
        return eligible

    def _require_either(self, lfn: str, call: Call) -> None:
        try:
            self.rights.require(Right.READ, lfn, call)
        except PermissionDenied:
            if not self.rights.allows(Right.LIST, lfn, call):
                raise


def _by_configuration(lfn: str) -> Located:
    """Return a directory that exists because something is mounted at or below it."""
    return Located(lfn, FileInfo(lfn.rpartition("/")[2], directory=True), ())
