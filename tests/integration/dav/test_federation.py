# SPDX-License-Identifier: Apache-2.0
"""A grid site with proxies and a web site with a password, as one namespace of a served ugr."""

from __future__ import annotations

import http.client
import itertools
import json
import ssl
from urllib.parse import urlsplit

import pytest

from tests.servers.apache import PASSWORD, USER
from tests.servers.process import wait_for
from tests.servers.ugr import ask, serving

MEMBER = ("/atlas/Role=NULL/Capability=NULL",)

CONFIGURATION = """
[acl:/]
read = anonymous
list = anonymous
[health]
interval = 500ms
retry_interval = 300ms
[endpoint:grid]
type = dav
url = {xrootd}
certificate_file = {directory}/proxy.pem
ca_directory = {authorities}
crls = yes
copies = no
connect_timeout = 5s
timeout = 5s
mount = /data=/federation
[endpoint:web]
type = dav
url = {apache}
public_url = {public}
user = {user}
password_file = {directory}/password
checksums =
weight = 0
mount = /data=/federation
"""


@pytest.fixture(scope="module")
def federation(apache, xrootd, pki, tmp_path_factory):
    directory = tmp_path_factory.mktemp("federation")
    (directory / "password").write_text(PASSWORD, encoding="utf-8")
    (directory / "proxy.pem").write_bytes(pki.proxy(pki.user, MEMBER).read_bytes())
    for tree, name in ((xrootd.tree, "on the grid"), (apache.tree, "on the web"), (xrootd.tree, "100% both")):
        tree.put(f"/federation/{name}", name.encode())
    apache.tree.put("/federation/100% both", b"100% both")
    text = CONFIGURATION.format(
        xrootd=xrootd.url,
        apache=apache.basic,
        public=apache.open,
        user=USER,
        directory=directory,
        authorities=pki.authorities,
    )
    with serving(directory, text, options="deadline = 5s") as ugr:
        yield ugr, directory
    for tree in (apache.tree, xrootd.tree):
        tree.remove("/federation")


def test_one_listing_of_both(federation):
    ugr, _ = federation
    answer = ugr.ask("/fed/data/", headers={"Accept": "application/json"})
    assert answer.status == 200
    assert sorted(entry["name"] for entry in json.loads(answer.body)["entries"]) == [
        "100% both",
        "on the grid",
        "on the web",
    ]


def test_a_client_is_sent_to_the_storage_and_proves_there_who_it_is(federation, xrootd, apache, pki):
    ugr, directory = federation
    located = ugr.ask("/fed/data/on%20the%20web").location
    assert located == f"{apache.open}/federation/on%20the%20web"
    assert ask(located).body == b"on the web"

    located = ugr.ask("/fed/data/100%25%20both").location
    assert located == f"{xrootd.url}/federation/100%25%20both"
    context = ssl.create_default_context(cafile=str(pki.bundle))
    context.load_cert_chain(directory / "proxy.pem")
    parts = urlsplit(located)
    connection = http.client.HTTPSConnection(parts.hostname, parts.port, context=context, timeout=10)
    connection.request("GET", parts.path)
    assert connection.getresponse().read() == b"100% both"
    connection.close()


def test_a_missing_file_is_absent_because_both_say_so(federation):
    assert federation[0].ask("/fed/data/nothing").status == 404


def test_a_proxy_that_is_replaced_is_used_without_a_restart(federation, pki):
    ugr, directory = federation
    numbers = itertools.count()

    def status() -> int:
        """Ask for a name that nobody has, and nobody was asked for yet."""
        return ugr.ask(f"/fed/data/missing-{next(numbers)}").status

    good = (directory / "proxy.pem").read_bytes()
    assert status() == 404
    (directory / "proxy.pem").write_bytes(pki.proxy(pki.user).read_bytes())
    # who was denied has not said that it is absent
    assert wait_for(lambda: status() != 404, limit=12.0, interval=0.3)
    (directory / "proxy.pem").write_bytes(good)
    assert wait_for(lambda: status() == 404, limit=12.0, interval=0.3)
