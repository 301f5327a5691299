# SPDX-License-Identifier: Apache-2.0
"""The directories above the namespace, ``/`` first of all: they hold nothing but the way to it.

Asks nobody. Some WebDAV clients (Windows among them) walk down from ``/`` before they use what
they were told to use, and each step must be a directory.
"""

from __future__ import annotations

from ugr.frontend import headers, multistatus
from ugr.frontend.door import Request, encoded_prefix
from ugr.frontend.methods.propfind import NO_CACHE, XML, asked
from ugr.frontend.multistatus import Writer
from ugr.frontend.replies import Reply
from ugr.model import FileInfo


def page(request: Request) -> Reply:
    """Say where the files are."""
    return request.inside.pages.html("home.html", files=encoded_prefix(request.settings.ugr.prefix) + "/")


def propfind(request: Request) -> Reply:
    """Describe the directory; with Depth 1 also the one below it that leads to the namespace."""
    depth, query = asked(request)
    writer = Writer(query)
    here = request.url_path.rstrip("/")
    base = headers.encode_path(here)
    responses = writer.response(base, here.rpartition("/")[2] or "/", FileInfo("", directory=True))
    if depth == 1:
        below = request.settings.ugr.prefix[len(here) + 1 :].partition("/")[0]
        responses += writer.responses(base + "/", [FileInfo(below, directory=True)])
    return Reply(207, (XML, NO_CACHE), multistatus.single(responses).encode())
