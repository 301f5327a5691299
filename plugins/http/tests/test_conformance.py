# SPDX-License-Identifier: Apache-2.0
"""The contract, clause by clause, on a real nginx that lists in JSON, and on a real Apache that lists in HTML."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from ugr_http import HttpEndpoint
from ugr_http.options import HttpOptions

from tests.servers.nginx import Nginx
from tests.servers.process import HOST, Daemon, environment, free_port, listening, require
from tests.servers.relay import Relay
from tests.servers.tree import SharedTree, discard, public_directory
from ugr.config.types import Url
from ugr.plugin import Location, Secret
from ugr.testing import EndpointSuite

NGINX = """
server {{
    listen {host}:{port};
    root {root};
    auth_basic "files";
    auth_basic_user_file {place}/passwords;
    location / {{ autoindex on; autoindex_format json; }}
}}
"""

APACHE = """\
ServerRoot {place}
ServerName localhost
PidFile {place}/pid
ErrorLog /dev/stderr
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule dir_module /usr/lib/apache2/modules/mod_dir.so
LoadModule autoindex_module /usr/lib/apache2/modules/mod_autoindex.so
{user}
ThreadLimit 32
ThreadsPerChild 32
MaxRequestWorkers 32
KeepAliveTimeout 60
MaxKeepAliveRequests 0
AllowEncodedSlashes NoDecode
Listen {host}:{port}
DocumentRoot {root}
<Directory />
    Require all denied
</Directory>
<Directory {root}>
    Require expr "%{{HTTP:Authorization}} == 'Bearer t0p.s3cret'"
    Options +Indexes
    DirectoryIndex disabled
    IndexOptions FancyIndexing IconsAreLinks NameWidth=* Charset=UTF-8
    IndexIgnoreReset ON
</Directory>
"""


class HalfRelay(Relay):
    """A relay that can also stop in the middle of long answers."""

    limit: int | None = None

    def halve(self) -> None:
        """Pass back the first bytes of each answer only."""
        self.limit = 4000
        self.stall(b"\0")  # no request has one; ending that trouble resets the connections

    def up(self) -> None:
        self.limit = None
        super().up()

    async def _pass_back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        limited = _Limited(reader, self)
        await super()._pass_back(limited, writer)  # type: ignore[arg-type]


class _Limited:
    """The far end, as a relay with a limit lets it be heard."""

    def __init__(self, reader: asyncio.StreamReader, relay: HalfRelay) -> None:
        self.reader = reader
        self.relay = relay
        self.passed = 0

    async def read(self, most: int) -> bytes:
        limit = self.relay.limit
        if limit is not None and self.passed >= limit:
            await asyncio.Event().wait()
        data = await self.reader.read(most if limit is None else limit)
        self.passed = len(data)
        return data


class WebStore(SharedTree):
    """A directory that a server gives out, the relay before it, and the secret that the endpoint shows."""

    def __init__(self, root: Path, relay: HalfRelay, secret: Secret) -> None:
        super().__init__(root)
        self.relay = relay
        self.secret = secret
        self.right = secret.value

    def down(self) -> None:
        self.relay.down()

    def hang(self) -> None:
        self.relay.hang()

    def stall(self) -> None:
        self.relay.halve()

    def garble(self) -> None:
        self.relay.garble()

    def deny(self) -> None:
        self._renew("not the right one")

    def up(self) -> None:
        self.relay.up()
        self._renew(self.right)

    def fetch(self, location: Location, body: bytes | None = None) -> tuple[int, bytes]:
        """Be a client that the server lets in: credentials are its own affair."""
        return super().fetch(dataclasses.replace(location, headers=(self.proof,)), body)

    proof = ("Authorization", "")

    def _renew(self, text: str) -> None:
        Path(self.secret.file or "").write_text(text, encoding="utf-8")
        self.secret.reload()


class NginxStore(WebStore):
    """Behind nginx, with a password."""

    proof = ("Authorization", "Basic dWdyOnRoZSBwYXNzd29yZA==")

    def impossible(self, path: str) -> str | None:
        return "nginx lists no names that start with a dot" if "/." in path else None


class ApacheStore(WebStore):
    """Behind Apache, with a token."""

    proof = ("Authorization", "Bearer t0p.s3cret")


def secret(place: Path, text: str) -> Secret:
    file = place / "secret"
    file.write_text(text, encoding="utf-8")
    return Secret(file=str(file))


class TestNginx(EndpointSuite):
    """Listings in JSON."""

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls) -> Iterator[NginxStore]:
        place, port = public_directory("http-nginx"), free_port()
        (place / "passwords").write_text("ugr:{PLAIN}the password\n", encoding="utf-8")
        server = NGINX.format(host=HOST, port=port, root=place / "data", place=place)
        with Nginx(place, server, port=port, name="nginx-http"), HalfRelay(port) as relay:
            yield NginxStore(place / "data", relay, secret(place, "the password"))
        discard(place)

    @pytest.fixture
    def endpoint(self, store: NginxStore) -> HttpEndpoint:
        return HttpEndpoint(
            "web", HttpOptions(url=Url(store.relay.url), index="json", user="ugr", password=store.secret)
        )


class TestApache(EndpointSuite):
    """Pages of links; each file is asked for."""

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls) -> Iterator[ApacheStore]:
        place, port = public_directory("http-apache"), free_port()
        user = "User nobody\nGroup nogroup" if os.geteuid() == 0 else ""
        text = APACHE.format(host=HOST, port=port, root=place / "data", place=place, user=user)
        (place / "httpd.conf").write_text(text, encoding="utf-8")
        server = Daemon(
            "apache-http",
            [require("apache2", package="apache2"), "-d", place, "-f", "httpd.conf", "-X"],
            ready=lambda: listening(port),
            env=environment(),
        )
        with HalfRelay(port) as relay:
            store = ApacheStore(place / "data", relay, secret(place, "t0p.s3cret"))
            with server:
                yield store
        discard(place)

    @pytest.fixture
    def endpoint(self, store: ApacheStore) -> HttpEndpoint:
        return HttpEndpoint("web", HttpOptions(url=Url(store.relay.url), index="html", token=store.secret))
