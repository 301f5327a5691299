# SPDX-License-Identifier: Apache-2.0
"""A stand-in for Keystone: version 3 passwords for one user, whose tokens a real Swift takes.

Knows: the part of the OpenStack Identity API that gives a token and a catalog. Refuses to know: Swift,
but for its version 1 authentication, from which the tokens are. The real one cannot be had for tests.
"""

from __future__ import annotations

import datetime
import json
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from tests.servers.process import HOST, free_port
from tests.servers.swift import Swift


class Keystone:
    """The authority before a store: ``with Keystone(swift) as keystone: keystone.url``.

    ``life`` is the seconds that tokens say they live; ``granted`` counts them.
    """

    user = "ugr"
    project = "atlas"

    def __init__(self, swift: Swift, auth_url: str | None = None, swift_user: str | None = None) -> None:
        self.password = "a password"
        self.life = 3600
        self.granted = 0
        self._swift = swift
        self._auth_url = auth_url or swift.auth_url
        self._swift_user = swift_user or swift.user
        port = free_port()
        self.url = f"http://{HOST}:{port}/v3"
        self._server = ThreadingHTTPServer((HOST, port), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, name="keystone", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5.0)

    def answer(self, path: str, question: Any) -> tuple[int, str | None, dict[str, Any]]:
        """Answer a question for a token: status, token, body."""
        if path != "/v3/auth/tokens":
            return 404, None, {"error": {"code": 404}}
        user = question["auth"]["identity"]["password"]["user"]
        scope = question["auth"]["scope"]["project"]
        if (user["name"], user["domain"]["name"], user["password"]) != (self.user, "Default", self.password):
            return 401, None, {"error": {"code": 401, "message": "The request you have made requires authentication."}}
        if (scope["name"], scope["domain"]["name"]) != (self.project, "Default"):
            return 401, None, {"error": {"code": 401}}
        self.granted += 1
        # its clock need not be ours
        issued = datetime.datetime(2031, 1, 1, tzinfo=datetime.UTC)
        ends = issued + datetime.timedelta(seconds=self.life)
        token = {"methods": ["password"], "issued_at": _written(issued), "expires_at": _written(ends)}
        endpoints = [
            {"interface": interface, "region": "one", "region_id": "one", "url": url}
            for interface, url in (("internal", "http://127.0.0.1:9/v1/A"), ("public", self._swift.storage_url))
        ]
        catalog = [{"type": "identity", "endpoints": []}, {"type": "object-store", "endpoints": endpoints}]
        return 201, self._swifts_token(), {"token": token | {"catalog": catalog}}

    def _swifts_token(self) -> str:
        headers = {"X-Auth-User": self._swift_user, "X-Auth-Key": self._swift.key}
        request = urllib.request.Request(self._auth_url, headers=headers)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            return str(answer.headers["X-Auth-Token"])


def _written(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _handler(keystone: Keystone) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            status, token, facts = keystone.answer(self.path, json.loads(body))
            text = json.dumps(facts).encode()
            self.send_response(status)
            if token is not None:
                self.send_header("X-Subject-Token", token)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing."""

    return Handler
