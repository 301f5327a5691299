# SPDX-License-Identifier: Apache-2.0
"""What the conformance suite needs of a storage: to change it behind the endpoint's back.

Knows: files, directories, and the ways in which a storage fails. Refuses to know: endpoints.
"""

from __future__ import annotations

import os
import shutil
import urllib.error
import urllib.request
from abc import ABC, abstractmethod

from ugr.model import Location

TROUBLES = ("down", "hang", "stall", "deny", "garble")
"""The ways of failing that a store may offer, each the name of a method; ``up`` ends them all."""


class Store(ABC):
    """The storage under test, seen from behind.

    Paths are those that the endpoint is asked for: "/"-led and decoded. Three methods are
    required. Overriding an optional one says that the store can do that; the tests that need it
    are skipped otherwise, with the reason. The store may be shared by all tests: each works in a
    directory of its own.
    """

    @abstractmethod
    def put(self, path: str, data: bytes) -> None:
        """Make or replace a file; its directories are made when they are missing."""

    @abstractmethod
    def mkdir(self, path: str) -> None:
        """Make an empty directory, parents included; nothing happens when it is there already.

        For a storage without directories: put whatever makes the endpoint show an empty one.
        """

    @abstractmethod
    def remove(self, path: str) -> None:
        """Remove a file, or a directory with everything below; nothing happens when it is missing."""

    def impossible(self, path: str) -> str | None:
        """Return why this storage cannot hold such a name, or None. The test of the name is skipped."""
        return None

    def fetch(self, location: Location, body: bytes | None = None) -> tuple[int, bytes]:
        """Use a location as a client would; return status and body. Redirects are not followed."""
        request = urllib.request.Request(  # noqa: S310 - REDIR-2 is about the scheme
            location.url, data=body, headers=dict(location.headers), method=location.method.value
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())
        try:
            with opener.open(request, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def down(self) -> None:
        """Refuse connections, until ``up``."""
        raise NotImplementedError

    def hang(self) -> None:
        """Accept connections and answer nothing, until ``up``."""
        raise NotImplementedError

    def stall(self) -> None:
        """Give the first entries of every listing of many, then nothing more, until ``up``."""
        raise NotImplementedError

    def deny(self) -> None:
        """Refuse the endpoint's credentials, until ``up``."""
        raise NotImplementedError

    def garble(self) -> None:
        """Answer everything with nonsense, until ``up``."""
        raise NotImplementedError

    def up(self) -> None:  # noqa: B027
        """End all trouble; whatever hung is let go."""

    def escape(self, path: str) -> None:
        """Make a name that leads outside the endpoint's root (a symbolic link, say)."""
        raise NotImplementedError

    def can(self, ability: str) -> bool:
        """Say whether an optional method is there."""
        return getattr(type(self), ability) is not getattr(Store, ability)


class DirectoryStore(Store):
    """Files below one directory of this host; what serves them is the subclass's affair."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = os.fspath(root)

    def put(self, path: str, data: bytes) -> None:
        """Write to a neighbour and rename, so that no reader sees half a file."""
        target = self._local(path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(os.path.join(self.root, ".incoming"), "wb") as stream:
            stream.write(data)
        os.replace(stream.name, target)

    def mkdir(self, path: str) -> None:
        """Make a directory, parents included."""
        os.makedirs(self._local(path), exist_ok=True)

    def remove(self, path: str) -> None:
        """Remove a file, or a directory with everything below."""
        target = self._local(path)
        if os.path.isdir(target) and not os.path.islink(target):
            shutil.rmtree(target)
        elif os.path.lexists(target):
            os.unlink(target)

    def _local(self, path: str) -> str:
        return os.path.join(self.root, path.lstrip("/"))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None
