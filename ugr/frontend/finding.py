# SPDX-License-Identifier: Apache-2.0
"""How the methods ask the namespace about one name: what is remembered first, then the loop.

Knows: which of the namespace's questions a request needs. Refuses to know: how answers look.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from ugr.errors import EndpointError, NotFound, PermissionDenied, Unauthenticated, Unavailable
from ugr.federation.answers import L1, Located
from ugr.frontend import conditions
from ugr.frontend.door import Request
from ugr.frontend.outcome import COLD


def find(request: Request) -> Located:
    """Return where a file is, or a directory; for GET.

    A file needs the right to read. Whoever has only the right to list is still told that a
    directory is one, because GET lists it.
    """
    namespace, path, call = request.namespace, request.path, request.call
    try:
        located = _remembered(request)
        if located is None:
            located = _asked(request, lambda: namespace.locate(path, call))
    except (PermissionDenied, Unauthenticated):
        located = _asked(request, lambda: namespace.stat(path, call))
        if not located.info.directory:
            raise
    return _named_rightly(located, request)


def describe(request: Request) -> Located:
    """Return what a name is; for PROPFIND. Needs the right to read or to list."""
    namespace, path, call = request.namespace, request.path, request.call
    located = None
    try:
        located = _remembered(request)
    except (PermissionDenied, Unauthenticated):
        located = None  # the right to list is as good, and is looked at by stat
    if located is None:
        located = _asked(request, lambda: namespace.stat(path, call))
    return _named_rightly(located, request)


def _remembered(request: Request) -> Located | None:
    try:
        return request.namespace.peek(request.path, request.call)
    except NotFound:
        request.outcome.known(L1)
        raise


def _asked(request: Request, question: Callable[[], Coroutine[Any, Any, Located]]) -> Located:
    try:
        return request.inside.bridge.ask(question, request.call)
    except (NotFound, Unavailable, EndpointError) as error:
        request.outcome.known(error.level or COLD, error.answers)
        raise


def _named_rightly(located: Located, request: Request) -> Located:
    request.outcome.found(located)
    if request.slash and not located.info.directory:
        raise not_a_directory(request)
    return located


def not_a_directory(request: Request) -> NotFound:
    """Return the error for a file that was asked for with a trailing slash.

    Such a name is that of a directory (RFC 4918 5.2), and there is none. It is not redirected to
    the bare name either: a client that goes on to delete or to fill "the directory" must not meet
    the file.
    """
    return NotFound("it is a file, not a directory; ask for it without the slash at the end", path=request.path)


def not_modified(request: Request, located: Located) -> bool:
    """Say whether the client already has this very file, by If-None-Match or If-Modified-Since."""
    return conditions.not_modified(
        request.header("If-None-Match"), request.header("If-Modified-Since"), located.etag, located.info.mtime
    )
