# SPDX-License-Identifier: Apache-2.0
"""What every client asks: two directories and an S3 bucket, overlapping; and one storage of every type."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest

from tests.clients import running
from tests.clients.matrix import CROWDED, TASKS
from tests.clients.running import Run
from tests.clients.stores import (
    PLACE,
    STORES,
    Stores,
    apache_store,
    azure_store,
    ceph_store,
    directory_store,
    federated,
    fill,
    member,
    nginx_store,
    swift_store,
    xrootd_store,
)
from tests.clients.versions import versions
from tests.servers.ugr import Ugr, serving
from tests.tools.clients import Found

FILES = {
    "data/plain.root": b"plain bytes\n" * 50,
    "data/with space & more.root": b"spaces\n",
    "data/caf\u00e9-\u65e5\u672c.root": b"utf-8\n",
    "data/empty": b"",
    "data/deep/er/file": b"deep\n",
    "data/big.bin": bytes(range(256)) * 4096,
}
"""Every name with its bytes; each is on one endpoint or more."""

NAMES = sorted({name.split("/")[1] for name in FILES})
"""What is in the directory ``data``."""


@dataclass
class Federation:
    """The service under test, and what is in it."""

    ugr: Ugr
    files: dict[str, bytes] = field(default_factory=lambda: dict(FILES))

    def url(self, path: str = "", scheme: str = "http") -> str:
        """Return the URL of a path, percent-encoded."""
        return f"{scheme}://127.0.0.1:{self.ugr.port}/fed/{quote(path)}"


@pytest.fixture(scope="session")
def federation(ceph, tmp_path_factory):
    directory = tmp_path_factory.mktemp("clients")
    ceph.bucket(0, "clients")
    stores = [directory / "one", directory / "two"]
    for store in stores:
        store.mkdir()
    for number, (name, body) in enumerate(FILES.items()):
        for store in stores[number % 2 :][:1]:
            (store / name).parent.mkdir(parents=True, exist_ok=True)
            (store / name).write_bytes(body)
        if number % 3 != 1:
            ceph.client(0).put_object(Bucket="clients", Key=name, Body=body)
    secret = directory / "secret"
    secret.write_text(ceph.secret_key)
    configuration = f"""
[acl:/]
read = anonymous
list = anonymous
[network:here]
addresses = 127.0.0.0/8
position = 46.2, 6.1
[endpoint:one]
type = file
path = {stores[0]}
position = 49.2, -123.1
[endpoint:two]
type = file
path = {stores[1]}
position = 35.0, 139.0
[endpoint:bucket]
type = s3
url = {ceph.gateways[0].url}
bucket = clients
addressing = path
access_key = {ceph.access_key}
secret_key_file = {secret}
position = 46.2, 6.1
"""
    with serving(directory, configuration, name="ugr-clients") as ugr:
        yield Federation(ugr)


@pytest.fixture(scope="session")
def run() -> Run:
    """Run a client's command; ``package`` is the Debian package that brings it."""
    return running.run


@pytest.fixture(scope="session")
def stores(ceph, azurite, swift, apache, xrootd, pki, tmp_path_factory) -> Iterator[Stores]:
    """One federation of a storage of every type, filled."""
    directory = tmp_path_factory.mktemp("stores")
    proxy = member(pki)
    (directory / "file").mkdir()
    with nginx_store(directory / "nginx") as nginx:
        made = [
            directory_store(directory / "file"),
            ceph_store(ceph, directory),
            azure_store(azurite, directory),
            swift_store(swift, directory),
            apache_store(apache),
            xrootd_store(xrootd, pki, proxy),
            nginx,
        ]
        by_name = {store.name: store for store in made}
        fill(by_name)
        with federated(directory, by_name, pki, proxy) as served:
            yield served
    for tree in (apache.tree, xrootd.tree):
        tree.remove(f"/{PLACE}")


@pytest.fixture(scope="session")
def found() -> Iterator[Found]:
    """What this run finds out about clients and storages; kept for whoever writes the page."""
    found = Found(
        stores={name: list(what) for name, what in STORES.items()},
        clients=[task.command for task in TASKS],
        notes={task.command: note for task in TASKS if (note := task.refusal.why if task.refusal else task.remark)},
        costs=dict.fromkeys(CROWDED),
    )
    yield found
    if found.whole:
        found.versions = versions()
    found.write()
