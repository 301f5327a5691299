# SPDX-License-Identifier: Apache-2.0
"""The smallest endpoint that is of use: a web server that lists its directories as JSON.

Knows: what nginx says with ``autoindex on; autoindex_format json;``. Refuses to know: ugr, beyond
the contract. Written with ``requests``, whose calls block, hence a ``BlockingEndpoint``.
"""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from urllib.parse import quote

import requests

from ugr.plugin import (
    BlockingEndpoint,
    BlockingOptions,
    Call,
    FileInfo,
    Intent,
    Location,
    Misbehaved,
    NotADirectory,
    NotFound,
    PermissionDenied,
    Refused,
    Timeout,
    Transfer,
    Unsupported,
)


class ExampleEndpoint(BlockingEndpoint):
    """A web server that lists its directories as JSON (nginx: autoindex_format json)."""

    type = "example"
    Options = BlockingOptions

    def stat(self, path: str, call: Call) -> FileInfo:
        """Ask for the head; a directory is led to its name with a slash."""
        name = path.rpartition("/")[2]
        answer = self.ask("HEAD", path, call)
        if answer.is_redirect or path == "/":
            return FileInfo(name, directory=True)
        if "Content-Length" not in answer.headers:
            raise Misbehaved("the web server tells no size")
        size, changed = int(answer.headers["Content-Length"]), answer.headers.get("Last-Modified")
        return FileInfo(name, size=size, mtime=when(changed))

    def list(self, path: str, call: Call) -> Iterator[FileInfo]:
        """Read the directory's JSON."""
        if not self.stat(path, call).directory:
            raise NotADirectory("it is a file", path=path)
        try:
            entries = self.ask("GET", path.rstrip("/") + "/", call).json()
        except requests.JSONDecodeError as error:
            raise Misbehaved("its listing is not JSON") from error
        for entry in entries:
            directory = entry["type"] == "directory"
            yield FileInfo(entry["name"], directory, None if directory else entry["size"], when(entry.get("mtime")))

    def redirect(self, path: str, intent: Intent, transfer: Transfer, call: Call) -> Location:
        """Send readers to the web server itself."""
        if intent not in (Intent.GET, Intent.HEAD):
            raise Unsupported(f"a list of files cannot be used with {intent.value}")
        return Location(f"{self.options.public_url or self.options.url}{quote(path)}", intent)

    def ask(self, method: str, path: str, call: Call) -> requests.Response:
        """Ask the web server; every way of failing has its own fact."""
        url = f"{self.options.url}{quote(path)}"
        try:
            answer = requests.request(method, url, timeout=call.require_time(), allow_redirects=False)
        except requests.Timeout as error:
            raise Timeout("no answer in time") from error
        except requests.ConnectionError as error:
            raise Refused("no connection") from error
        except requests.RequestException as error:
            raise Misbehaved("its answer is not HTTP") from error
        if answer.status_code == 404:
            raise NotFound("the web server does not have it")
        if answer.status_code in (401, 403):
            raise PermissionDenied("the web server refuses")
        if answer.status_code >= 400:
            raise Misbehaved(f"the web server answers {answer.status_code}")
        return answer


def when(date: str | None) -> float | None:
    """Return an HTTP date as seconds since 1970."""
    return None if date is None else parsedate_to_datetime(date).timestamp()
