# SPDX-License-Identifier: Apache-2.0
"""The contract, clause by clause, on three real storages that have little in common."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from ugr_dav import DavEndpoint
from ugr_dav.options import DavOptions

from tests.servers.apache import PASSWORD, USER, Apache
from tests.servers.nginx import Nginx
from tests.servers.pki import Pki
from tests.servers.process import HOST, free_port
from tests.servers.relay import Relay
from tests.servers.tree import SharedTree, discard, public_directory
from tests.servers.xrootd import XRootD
from ugr.config.types import Path as PathOption
from ugr.config.types import Url
from ugr.model import Location
from ugr.plugin import Duration, Secret
from ugr.testing import EndpointSuite, Store

pytest_plugins = ["tests.servers.fixtures"]

FIRST = 24_000
"""Bytes of a listing that come before it stalls."""

PATIENT = {"connect_timeout": Duration(5.0), "timeout": Duration(10.0)}
"""Time for a machine that is busy with other tests; the calls of the suite have limits of their own."""


class ServedTree(Store):
    """A directory that a storage serves, and a relay before the endpoint's own way to it."""

    def __init__(self, tree: SharedTree, relay: Relay, secret: Secret | None, good: str, bad: str) -> None:
        self.tree = tree
        self.relay = relay
        self.secret = secret
        self.good = good
        self.bad = bad

    def put(self, path: str, data: bytes) -> None:
        self.tree.put(path, data)

    def mkdir(self, path: str) -> None:
        self.tree.mkdir(path)

    def remove(self, path: str) -> None:
        self.tree.remove(path)

    def down(self) -> None:
        self.relay.down()

    def hang(self) -> None:
        self.relay.hang()

    def stall(self) -> None:
        self.relay.stall_after(FIRST)

    def garble(self) -> None:
        self.relay.garble()

    def up(self) -> None:
        self.relay.up()
        self._renew(self.good)

    def _renew(self, text: str) -> None:
        if self.secret is not None:
            Path(self.secret.file or "").write_text(text, encoding="utf-8")
            self.secret.reload()


class RefusingTree(ServedTree):
    """The same, where the endpoint's credentials can be refused."""

    def deny(self) -> None:
        self._renew(self.bad)


class GridTree(RefusingTree):
    """The same, where clients prove themselves with a certificate, too."""

    def __init__(self, tree: SharedTree, relay: Relay, secret: Secret, good: str, bad: str, pki: Pki) -> None:
        super().__init__(tree, relay, secret, good, bad)
        self._clients = ssl.create_default_context(cafile=str(pki.bundle))
        self._clients.load_cert_chain(secret.file or "")

    def impossible(self, path: str) -> str | None:
        return "XRootD takes what follows a question mark for its own parameters" if "?" in path else None

    def fetch(self, location: Location, body: bytes | None = None) -> tuple[int, bytes]:
        parts = urlsplit(location.url)
        connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=10, context=self._clients)
        try:
            connection.request(location.method.value, parts.path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def secret(directory: Path, text: str) -> Secret:
    file = directory / "secret"
    file.write_text(text, encoding="utf-8")
    return Secret(file=str(file))


class TestApache(EndpointSuite):
    """mod_dav behind a password; clients use a door without one."""

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, apache: Apache, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedTree]:
        password = secret(tmp_path_factory.mktemp("apache"), PASSWORD)
        with Relay(apache.ports["basic"]) as relay:
            yield RefusingTree(apache.tree, relay, password, PASSWORD, "not the password")

    @pytest.fixture
    def endpoint(self, apache: Apache, store: ServedTree) -> DavEndpoint:
        options = DavOptions(
            url=Url(store.relay.url),
            public_url=Url(apache.open),
            user=USER,
            password=store.secret,
            checksums=(),
            writable=True,
            **PATIENT,
        )
        return DavEndpoint("apache", options)


class TestXRootD(EndpointSuite):
    """XRootD over TLS, for holders of proxies of a VO."""

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, xrootd: XRootD, pki: Pki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedTree]:
        good, bad = pki.proxy(pki.user, ["/atlas/Role=NULL/Capability=NULL"]), pki.proxy(pki.user)
        texts = [file.read_text(encoding="ascii") for file in (good, bad)]
        proxy = secret(tmp_path_factory.mktemp("xrootd"), texts[0])
        with Relay(xrootd.port) as relay:
            yield GridTree(xrootd.tree, relay, proxy, *texts, pki)

    @pytest.fixture
    def endpoint(self, xrootd: XRootD, pki: Pki, store: ServedTree) -> DavEndpoint:
        options = DavOptions(
            url=Url(f"https://{HOST}:{store.relay.port}/store"),
            public_url=Url(xrootd.url),
            certificate=store.secret,
            ca_directory=PathOption(str(pki.authorities)),
            crls=True,
            copies=False,
            writable=True,
            **PATIENT,
        )
        return DavEndpoint("xrootd", options)


NGINX = """\
server {{
    listen {host}:{port};
    root {root};
    dav_methods PUT DELETE MKCOL COPY MOVE;
    dav_ext_methods PROPFIND OPTIONS;
    create_full_put_path on;
    dav_access user:rw group:rw all:rw;
}}
"""
MODULE = Path("/usr/lib/nginx/modules/ngx_http_dav_ext_module.so")


class NginxTree(ServedTree):
    """A tree whose storage also has a port of its own, for clients."""

    def __init__(self, tree: SharedTree, relay: Relay, port: int) -> None:
        super().__init__(tree, relay, None, "", "")
        self.port = port

    def impossible(self, path: str) -> str | None:
        name = path.rpartition("/")[2]
        return "nginx does not list names that begin with a dot" if name.startswith(".") else None


class TestNginx(EndpointSuite):
    """nginx with the module that Debian has for PROPFIND, open to everybody."""

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls) -> Iterator[NginxTree]:
        if not MODULE.exists():
            pytest.skip("needs libnginx-mod-http-dav-ext (Debian package): not installed")
        place, port = public_directory("nginx"), free_port()
        tree = SharedTree(place / "data")
        http = NGINX.format(host=HOST, port=port, root=tree.root)
        try:
            with (
                Nginx(place, http, port=port, main=f"load_module {MODULE};\n", name="nginx-dav"),
                Relay(port) as relay,
            ):
                yield NginxTree(tree, relay, port)
        finally:
            discard(place)

    @pytest.fixture
    def endpoint(self, store: NginxTree) -> DavEndpoint:
        options = DavOptions(
            url=Url(store.relay.url),
            public_url=Url(f"http://{HOST}:{store.port}"),
            checksums=(),
            writable=True,
            **PATIENT,
        )
        return DavEndpoint("nginx", options)
