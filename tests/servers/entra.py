# SPDX-License-Identifier: Apache-2.0
"""A stand-in for Entra ID: gives tokens to one application, by the client credentials grant (RFC 6749 4.4).

Knows: the claims that Azure Storage wants in a token. Refuses to know: what is done with it. The real
one cannot be had for tests; the emulator of the storage looks at claims alone, not at signatures.
"""

from __future__ import annotations

import base64
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs

from tests.servers.pki import Holder
from tests.servers.process import HOST, free_port

TENANT = "ab1f708d-50f6-404c-a006-d71b2ac7a606"
CLIENT = "f997392c-e15a-4ad8-af9e-cd6966caba7f"
OBJECT = "11059fcc-5514-4800-b5f8-49808b9cfab6"
SCOPE = "https://storage.azure.com/.default"


class Entra:
    """The authority: ``with Entra(host) as entra: entra.url``. ``granted`` counts tokens; ``life`` is theirs."""

    def __init__(self, host: Holder) -> None:
        self.secret = "a client's secret"
        self.life = 3599
        self.audience = "https://storage.azure.com"
        self.granted = 0
        port = free_port()
        self.url = f"https://{HOST}:{port}"
        self._server = ThreadingHTTPServer((HOST, port), _handler(self))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(host.certificate, host.key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, name="entra", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5.0)

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Answer a request for a token."""
        if path != f"/{TENANT}/oauth2/v2.0/token":
            return 400, {"error": "invalid_request"}
        if form.get("grant_type") != "client_credentials" or form.get("scope") != SCOPE:
            return 400, {"error": "invalid_scope"}
        if form.get("client_id") != CLIENT or form.get("client_secret") != self.secret:
            return 401, {"error": "invalid_client"}
        self.granted += 1
        return 200, {"token_type": "Bearer", "expires_in": self.life, "access_token": self._token()}

    def _token(self) -> str:
        now = int(time.time())
        claims = {
            "aud": self.audience,
            "iss": f"https://sts.windows.net/{TENANT}/",
            "appid": CLIENT,
            "oid": OBJECT,
            "tid": TENANT,
            "iat": now,
            "nbf": now - 5,
            "exp": now + self.life,
        }
        parts = ({"typ": "JWT", "alg": "RS256"}, claims, "nobody looks at the signature")
        return ".".join(_base64(json.dumps(part)) for part in parts)


def _base64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _handler(entra: Entra) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            status, facts = entra.answer(self.path, form)
            text = json.dumps(facts).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing."""

    return Handler
