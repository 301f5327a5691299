# SPDX-License-Identifier: Apache-2.0
"""One federation of a storage of every type, and what is on which of them.

Knows: how each real server becomes an endpoint, how a file gets there behind ugr's back, and to what
URL clients are sent. Refuses to know: clients.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tests.servers.apache import Apache
from tests.servers.azurite import Azurite
from tests.servers.ceph import Ceph
from tests.servers.nginx import Nginx
from tests.servers.pki import VO, Pki
from tests.servers.process import HOST, free_port
from tests.servers.swift import Swift
from tests.servers.tree import SharedTree
from tests.servers.ugr import Ugr, serving
from tests.servers.xrootd import XRootD
from ugr.testing import DirectoryStore

PLACE = "stores"
"""The directory, bucket or container of every storage that is its endpoint's root."""

STORES = {
    "file": ("file", "a directory of the host"),
    "ceph": ("s3", "Ceph's gateway"),
    "azure": ("azure", "Azurite"),
    "swift": ("swift", "OpenStack Swift"),
    "apache": ("dav", "Apache"),
    "xrootd": ("dav", "XRootD, TLS, VOMS"),
    "nginx": ("http", "nginx"),
}
"""The endpoint's name -> its type, and what it is."""

ONLY = "only"
"""``only/STORE`` is a directory of one storage, and NAME in it is on that storage alone."""

NAME = "100% café & more.root"
"""A name that has to be written in another way in every URL."""

PAIRS = "pairs"
"""``pairs/ONE-TWO`` is a directory of two storages, with a file of each, and SHARED of both."""

SHARED = "both"

ALL = "all"
"""This file is on every storage."""

ALL_BODY = b"the same everywhere\n"

CROWD = 12
"""Files that each storage has in a crowded directory."""

CONFIGURATION = """
deadline = 20s
[health]
interval = 30s
timeout = 10s
[selection]
patience = 5s
[acl:/]
read = anonymous
list = anonymous
[endpoint:*]
connect_timeout = 10s
timeout = 10s
{endpoints}
"""

NGINX = "server {{ listen {host}:{port}; root {root}; location / {{ autoindex on; autoindex_format json; }} }}"

Put = Callable[[str, bytes], object]


@dataclass(frozen=True)
class Store:
    """One storage: its endpoint's name and options, how to put a file there, and where clients read it."""

    name: str
    options: str
    put: Put
    public: str
    requests: Callable[[], list[str]] | None = None
    """The lines of its access log so far, where it has one."""


@dataclass(frozen=True)
class Stores:
    """The federation, and its storages by their endpoints' names."""

    ugr: Ugr
    stores: Mapping[str, Store]
    pki: Pki
    proxy: Path
    """The grid proxy of the one who runs the clients."""

    def url(self, path: str = "", scheme: str = "http") -> str:
        """Return the URL of a path, percent-encoded."""
        return f"{scheme}://{HOST}:{self.ugr.port}/fed/{quote(path)}"

    def near(self, store: str) -> str:
        """Return the address of a client that is sent to this storage whenever that has the file."""
        return near(list(self.stores).index(store))

    def target(self, store: str) -> str:
        """Return what the URLs begin with to which clients are sent for a file of this storage."""
        return self.stores[store].public or f"{self.ugr.url}/-/data/"

    def crowd(self, directory: str) -> dict[str, bytes]:
        """Make a directory with files of every storage; return their names and bytes."""
        files = {}
        for store, number in itertools.product(self.stores.values(), range(CROWD)):
            name = f"{store.name}-{number}.root"
            files[name] = name.encode()
            store.put(f"{directory}/{name}", files[name])
        return files


def near(number: int) -> str:
    """Return the address of a client next to a storage, by the storage's number."""
    return f"127.0.2.{number + 1}"


def body_of(store: str) -> bytes:
    """Return the bytes of the file that is only on this storage."""
    return f"from {store}\n".encode() * 50


def pairs(stores: Mapping[str, Store]) -> list[tuple[str, str]]:
    """Return every two of the storages."""
    return list(itertools.combinations(stores, 2))


def fill(stores: Mapping[str, Store]) -> None:
    """Put everything where it belongs."""
    for store in stores.values():
        store.put(f"{ONLY}/{store.name}/{NAME}", body_of(store.name))
        store.put(ALL, ALL_BODY)
    for pair in pairs(stores):
        for name in pair:
            directory = f"{PAIRS}/{'-'.join(pair)}"
            stores[name].put(f"{directory}/of {name}", body_of(name))
            stores[name].put(f"{directory}/{SHARED}", ALL_BODY)


@contextmanager
def federated(directory: Path, stores: Mapping[str, Store], pki: Pki, proxy: Path) -> Iterator[Stores]:
    """Serve a federation of storages that have been filled."""
    endpoints = [
        f"[endpoint:{name}]\n{store.options.strip()}\n"
        f"[network:near-{name}]\naddresses = {near(number)}/32\nprefer = {name}\n"
        for number, (name, store) in enumerate(stores.items())
    ]
    with serving(directory, CONFIGURATION.format(endpoints="".join(endpoints)), name="ugr-stores") as ugr:
        yield Stores(ugr, stores, pki, proxy)


def member(pki: Pki) -> Path:
    """Return a proxy of somebody who belongs to the VO that the grid storage serves."""
    return pki.proxy(pki.user, [f"/{VO}/Role=NULL/Capability=NULL"])


def directory_store(place: Path) -> Store:
    """A directory of this host, whose files ugr serves itself."""
    tree = DirectoryStore(place)
    return Store("file", f"type = file\npath = {place}", lambda path, data: tree.put(f"/{path}", data), "")


def ceph_store(ceph: Ceph, secrets: Path) -> Store:
    """A bucket of Ceph's gateway."""
    ceph.bucket(0, PLACE)
    client, gateway = ceph.client(0), ceph.gateways[0]
    return Store(
        "ceph",
        f"""
type = s3
url = {gateway.url}
bucket = {PLACE}
addressing = path
access_key = {ceph.access_key}
secret_key_file = {_secret(secrets / "ceph", ceph.secret_key)}
""",
        lambda path, data: client.put_object(Bucket=PLACE, Key=path, Body=data),
        f"{gateway.url}/{PLACE}/",
        lambda: [line for line in gateway.log.read_text(errors="replace").splitlines() if " beast: " in line],
    )


def azure_store(azurite: Azurite, secrets: Path) -> Store:
    """A container of the emulator of Azure."""
    azurite.container(PLACE)
    container = azurite.client.get_container_client(PLACE)
    return Store(
        "azure",
        f"""
type = azure
url = {azurite.url}
account = {azurite.account}
container = {PLACE}
account_key_file = {_secret(secrets / "azure", azurite.key)}
""",
        container.upload_blob,
        f"{azurite.url}/{PLACE}/",
    )


def swift_store(swift: Swift, secrets: Path) -> Store:
    """A container of OpenStack Swift."""
    swift.container(PLACE)
    return Store(
        "swift",
        f"""
type = swift
url = {swift.storage_url}
container = {PLACE}
auth = tempauth
auth_url = {swift.auth_url}
user = {swift.user}
key_file = {_secret(secrets / "swift", swift.key)}
temp_url_key_file = {_secret(secrets / "swift-url", swift.temp_url_key)}
""",
        lambda path, data: swift.client.put_object(PLACE, path, data),
        f"{swift.storage_url}/{PLACE}/",
    )


def apache_store(apache: Apache) -> Store:
    """A directory of Apache with mod_dav, open to everybody."""
    url = f"{apache.open}/{PLACE}"
    return Store(
        "apache",
        f"type = dav\nurl = {url}\nchecksums =",
        lambda path, data: apache.tree.put(f"/{PLACE}/{path}", data),
        f"{url}/",
        lambda: apache.requests,
    )


def xrootd_store(xrootd: XRootD, pki: Pki, proxy: Path) -> Store:
    """A directory of XRootD, for holders of proxies of a VO."""
    url = f"{xrootd.url}/{PLACE}"
    return Store(
        "xrootd",
        f"""
type = dav
url = {url}
certificate_file = {proxy}
ca_directory = {pki.authorities}
crls = yes
copies = no
""",
        lambda path, data: xrootd.tree.put(f"/{PLACE}/{path}", data),
        f"{url}/",
    )


@contextmanager
def nginx_store(place: Path) -> Iterator[Store]:
    """A directory of nginx that lists in JSON, open to everybody."""
    port = free_port()
    place.mkdir()
    tree = SharedTree(place / "data")
    http = NGINX.format(host=HOST, port=port, root=tree.root)
    with Nginx(place, http, port=port, name="nginx-clients") as nginx:
        yield Store(
            "nginx",
            f"type = http\nurl = http://{HOST}:{port}/{PLACE}\nindex = json",
            lambda path, data: tree.put(f"/{PLACE}/{path}", data),
            f"http://{HOST}:{port}/{PLACE}/",
            lambda: nginx.requests,
        )


def _secret(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    return file
