# SPDX-License-Identifier: Apache-2.0
"""A WebDAV storage that answers each method and path as a test wrote it."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from tests.integration.transport.servers import Connection, Seen, Server

PROPERTIES = {
    "file": "<resourcetype/><getcontentlength>5</getcontentlength>",
    "directory": "<resourcetype><collection/></resourcetype>",
}


def response(href: str, kind: str = "file") -> str:
    """Return the response element of a file or directory."""
    return (
        f"<response><href>{href}</href><propstat><prop>{PROPERTIES[kind]}</prop>"
        "<status>HTTP/1.1 200 OK</status></propstat></response>"
    )


def multistatus(*responses: str) -> str:
    """Return a whole document."""
    return f'<?xml version="1.0"?><multistatus xmlns="DAV:">{"".join(responses)}</multistatus>'


class Scripted:
    """``with Scripted() as storage: storage.says("PROPFIND", "/f", 207, body)``; all else is 404.

    ``seen`` are the requests in order.
    """

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], tuple[int, bytes, dict[str, str]]] = {}
        self._server = Server(self._serve)
        self.url = self._server.url
        self.port = self._server.port

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    @property
    def seen(self) -> list[Seen]:
        return list(self._server.seen)

    @property
    def asked(self) -> list[str]:
        """Method and target of each request."""
        return [f"{seen.method} {seen.target}" for seen in self.seen]

    def says(self, method: str, target: str, status: int, body: str | bytes = b"", **headers: str) -> None:
        """Answer a method on a target, as it stands in the request line, from now on."""
        data = body.encode(errors="surrogateescape") if isinstance(body, str) else body
        self._answers[method, target] = (status, data, headers)

    def has(self, target: str, kind: str = "file") -> None:
        """Have a file or a directory, which says so when it is asked for its properties."""
        self.says("PROPFIND", target, 207, multistatus(response(target, kind)))

    def _serve(self, connection: Connection) -> Any:
        while (seen := connection.read()) is not None:
            status, body, headers = self._answers.get((seen.method, seen.target), (404, b"", {}))
            fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
            connection.answer(body, f"{status} Said", fields, head=seen.method == "HEAD")
