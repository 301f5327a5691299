# SPDX-License-Identifier: Apache-2.0
"""A web server that lists its directories as JSON, as an endpoint.

Knows: what nginx says with ``autoindex on; autoindex_format json;``. Refuses to know: ugr, beyond
the contract. Written with ``requests``, whose calls block, hence a ``BlockingEndpoint``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, unquote

import requests
from ugr.plugin import (
    BlockingEndpoint,
    Busy,
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
    Unauthenticated,
    Unsupported,
)

from ugr_example.options import ExampleOptions

FACTS = {
    401: Unauthenticated,
    403: PermissionDenied,
    404: NotFound,
    410: NotFound,
    414: NotFound,
    429: Busy,
    503: Busy,
}
"""What a status means; any other from 400 on is a server that does not do its work."""

LONGEST = 16 << 20
"""Bytes of a listing that are read at most."""


class ExampleEndpoint(BlockingEndpoint):
    """A web server that lists its directories as JSON (nginx: autoindex_format json)."""

    type = "example"
    Options = ExampleOptions
    options: ExampleOptions

    def stat(self, path: str, call: Call) -> FileInfo:
        """Ask for the head; a directory is led to its name with a slash."""
        name = path.rpartition("/")[2]
        answer = self.ask("HEAD", path, call)
        if path == "/" or (answer.is_redirect and unquote(answer.headers["Location"]).endswith(f"{path}/")):
            return FileInfo(name, directory=True)
        size = answer.headers.get("Content-Length", "")
        if answer.status_code != 200 or not size.isdecimal():
            raise Misbehaved("the web server tells no size")
        return FileInfo(name, size=int(size), mtime=when(answer.headers.get("Last-Modified")))

    def list(self, path: str, call: Call) -> Iterator[FileInfo]:
        """Read the directory's JSON."""
        if not self.stat(path, call).directory:
            raise NotADirectory("it is a file", path=path)
        body = self.read(self.ask("GET", path.rstrip("/") + "/", call), call)
        try:
            entries = [described(entry) for entry in json.loads(body)]
        except (KeyError, TypeError, ValueError) as error:
            raise Misbehaved("its listing is not what nginx writes") from error
        yield from entries

    def redirect(self, path: str, intent: Intent, transfer: Transfer, call: Call) -> Location:
        """Send readers to the web server itself."""
        if intent not in (Intent.GET, Intent.HEAD):
            raise Unsupported(f"a list of files cannot be used with {intent.value}")
        return Location(f"{self.options.public_url or self.options.url}{quote(path)}", intent)

    def open(self) -> None:
        """Make the session, which keeps connections; proxies and netrc of this host do not count."""
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Accept-Encoding"] = "identity"  # the size of the file, not of its compressed form

    def close(self) -> None:
        """Close the connections."""
        self.session.close()

    def ask(self, method: str, path: str, call: Call) -> requests.Response:
        """Ask the web server; the body of the answer to a GET is yet to be read."""
        left = call.require_time()
        token = self.options.token
        with failures_told():
            answer = self.session.request(
                method,
                f"{self.options.url}{quote(path)}",
                headers={} if token is None else {"Authorization": f"Bearer {token.value}"},
                timeout=(min(self.options.connect_timeout, left), left),
                allow_redirects=False,
                stream=method == "GET",
            )
        if answer.status_code >= 400:
            answer.close()
            raise FACTS.get(answer.status_code, Misbehaved)(f"the web server answers {answer.status_code}")
        return answer

    def read(self, answer: requests.Response, call: Call) -> bytes:
        """Read a body to its end, while there is time: the timeout of requests is for each wait anew."""
        body = bytearray()
        with answer, failures_told():
            for block in answer.iter_content(1 << 16):
                call.require_time()
                body += block
                if len(body) > LONGEST:
                    raise Misbehaved(f"its listing is longer than {LONGEST} bytes")
        return bytes(body)


@contextmanager
def failures_told() -> Iterator[None]:
    """Turn what goes wrong in requests into facts: each way of failing has its own."""
    try:
        yield
    except requests.Timeout as error:
        raise Timeout("no answer in time") from error
    except requests.ConnectionError as error:
        raise Refused("no connection") from error
    except requests.RequestException as error:
        raise Misbehaved("its answer is not HTTP") from error


def described(entry: dict[str, Any]) -> FileInfo:
    """Return what an entry of a listing says."""
    directory = entry["type"] == "directory"
    return FileInfo(entry["name"], directory, None if directory else int(entry["size"]), when(entry.get("mtime")))


def when(date: str | None) -> float | None:
    """Return an HTTP date as seconds since 1970, None when it is none."""
    try:
        return None if date is None else parsedate_to_datetime(date).timestamp()
    except (OverflowError, ValueError):
        return None
