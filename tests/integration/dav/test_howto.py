# SPDX-License-Identifier: Apache-2.0
"""What the page about WebDAV storages says, on a real Apache and a real XRootD."""

from __future__ import annotations

import datetime
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.blocks import DOCS, blocks
from tests.docs.shell import Howto
from tests.servers.apache import PASSWORD, USER, Apache
from tests.servers.pki import VO, Holder, Pki
from tests.servers.xrootd import EXPORT, XRootD

PAGE = DOCS / "howto/store-dav.rst"
NAME = "Jane Tester"


def block(language: str) -> str:
    """Return the page's only block in a language."""
    (text,) = (block.text for block in blocks(language) if block.page == PAGE)
    return text


class ReadOnly(Apache):
    """Apache as the page configures it: the door for certificates lets one look and read."""

    def _doors(self) -> str:
        rule = block("apache").replace("CN=ugr.example.org", f"CN={NAME}")
        doors, count = re.subn(r'Require expr "[^"]+"', lambda _: rule, super()._doors())
        assert count == 2
        return doors


class Storage:
    """The page's storage, and the files in which its credentials are."""

    def __init__(self, place: Path, pki: Pki, apache: Apache) -> None:
        self.place = place
        self.pki = pki
        self.apache = apache
        apache.tree.put("/data/raw/run-1.dat", b"x" * 1000)
        here = {
            "https://dav.example.org": apache.certificate,
            "/etc/ugr": str(place),
            "/etc/grid-security/certificates": str(pki.authorities),
        }
        self.known()
        self.howto = Howto(PAGE, place, here)

    def known(self) -> None:
        """Use the certificate that the storage knows."""
        self.use(self.pki.user)

    def use(self, holder: Holder) -> None:
        """Use a certificate."""
        (self.place / "hostcert.pem").write_bytes(holder.certificate.read_bytes())
        (self.place / "hostkey.pem").write_bytes(holder.key.read_bytes())

    def request(self, url: str, method: str) -> int:
        """Ask with ugr's own certificate, for anything; return the status."""
        context = ssl.create_default_context(cafile=str(self.pki.bundle))
        context.load_cert_chain(self.pki.user.certificate, self.pki.user.key)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        data = b"x" if method == "PUT" else None
        try:
            with opener.open(urllib.request.Request(url, data, method=method), timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code


@pytest.fixture(scope="module")
def storage(pki: Pki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    """Start Apache."""
    server = ReadOnly(pki, "apache-howto")
    try:
        with server:
            yield Storage(tmp_path_factory.mktemp("howto-dav"), pki, server)
    finally:
        server.remove()


def test_the_answers_are_those_that_the_page_shows(storage: Storage) -> None:
    assert storage.howto.follow({"the certificate is known": storage.known}) == 2


def test_apache_lets_the_certificate_look_and_read_and_nothing_else(storage: Storage) -> None:
    url = f"{storage.apache.certificate}/data/raw/run-1.dat"
    assert [storage.request(url, method) for method in ("GET", "HEAD", "PROPFIND")] == [200, 200, 207]
    assert [storage.request(url, method) for method in ("PUT", "DELETE", "MKCOL", "MOVE")] == [403] * 4


def test_what_the_page_says_of_refusals_is_what_is_said(storage: Storage) -> None:
    reason, pki, password = storage.howto.reason, storage.pki, storage.place / "password"
    by_password = {
        "url": f"{storage.apache.basic}/data",
        "user": USER,
        "password_file": password,
        "certificate_file": None,
        "key_file": None,
    }
    said = {
        "nothing": reason(url=f"{storage.apache.certificate}/nowhere"),
        "none": reason(certificate_file=None, key_file=None).rpartition("; ")[2],
        "authority": re.sub(r"^\S+: ([^:]+): .*$", r"\1", reason(ca_directory=None, crls=None)),
        "proxy": reason(certificate_file=pki.proxy(pki.user), key_file=None).rpartition("; ")[2],
    }
    storage.use(pki.other)
    said["other"] = reason()
    storage.use(pki.issue("Old", starts=-datetime.timedelta(hours=3), lasts=datetime.timedelta(hours=1)))
    said["expired"] = re.sub(r" [\d-]+ [\d:]+ UTC; renew it$", "", reason())
    storage.known()
    password.write_text("wrong", encoding="utf-8")
    said["password"] = reason(**by_password)
    password.write_text(PASSWORD, encoding="utf-8")

    assert reason(**by_password) == ""
    assert {what: words for what, words in said.items() if not words or words not in storage.howto.reasons} == {}


def test_xrootd_lets_the_vo_look_and_read_and_nothing_else(pki: Pki, tmp_path: Path) -> None:
    server = XRootD(pki, "xrootd-howto")
    authdb = block("text")
    assert f"/{VO} {EXPORT} " in authdb
    (server.place / "authdb").write_text(authdb, encoding="utf-8")
    server.tree.put("/raw/run-1.dat", b"x" * 1000)
    proxy = pki.proxy(pki.user, [f"/{VO}/Role=NULL/Capability=NULL"])
    here = {
        "https://dav.example.org/data": server.url,
        "/etc/ugr/hostcert.pem": str(proxy),
        "/etc/ugr/hostkey.pem": str(proxy),
        "/etc/grid-security/certificates": str(pki.authorities),
    }
    try:
        with server:
            shell = Howto(PAGE, tmp_path, here).shell
            listed = shell.run("ugr ls /atlas/raw")
            found = shell.run("ugr locate /atlas/raw/run-1.dat")
            changed = shell.run(
                f"curl -s -o /dev/null -w '%{{http_code}}' --capath {pki.authorities} --cert {proxy} --key {proxy} "
                f"-T {proxy} {server.url}/raw/new"
            )
    finally:
        server.remove()
    assert listed == "run-1.dat\n"
    assert f"302 Found, to desy\n         {server.url}/raw/run-1.dat" in found
    assert changed == "403"
