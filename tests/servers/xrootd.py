# SPDX-License-Identifier: Apache-2.0
"""XRootD as WebDAV storage over TLS, for holders of proxies of one VO.

Knows: what XRootD 5 needs to run from a directory of one's own. Refuses to know: ugr. XRootD has no
option for the address on which it listens, so it runs in a network of its own (``apart``); a relay
on 127.0.0.1 is its only door.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Self

import pytest

from tests.servers.apart import apart, connected
from tests.servers.pki import VO, Pki
from tests.servers.process import HOST, Daemon, environment, require
from tests.servers.relay import Relay
from tests.servers.tree import SharedTree, discard, public_directory

PORT = 1094
"""Where it listens, in its own network."""

EXPORT = "/store"

CONFIGURATION = """\
all.export {export}
oss.localroot {place}/data
all.adminpath {place}/admin
all.pidpath {place}/run
all.sitename UGRTEST
xrd.port 1095
xrd.network nodnr
xrd.tls {place}/host.pem {place}/host.key
xrd.tlsca certdir {authorities}
xrd.protocol http:{port} libXrdHttp.so
xrootd.chksum max 4 adler32 md5
http.secxtractor libXrdHttpVOMS.so vos={vo}|certfmt=pem|grpopt=useall
ofs.authorize 1
acc.authdb {place}/authdb
acc.audit deny
"""

LIBRARIES = {"libXrdHttp": "xrootd-server-plugins", "libXrdHttpVOMS": "xrootd-voms-plugins"}
"""What it loads -> the package that has it."""

AUTHORIZATION = f"g /{VO} {EXPORT} a\n"


class XRootD(Daemon):
    """``with XRootD(pki) as xrootd: xrootd.tree.put(...); xrootd.url``, and ``remove`` it at the end.

    ``tree`` is the directory that is served below ``url``; ``port`` is the one of its door.
    Whoever shows a proxy of the VO may do everything, nobody else anything.
    """

    def __init__(self, pki: Pki, name: str = "xrootd") -> None:
        program = _installed()
        command = apart([program])
        self.place = public_directory(name)
        (self.place / "data").mkdir()
        self.tree = SharedTree(self.place / "data" / EXPORT[1:])
        for folder in ("admin", "run"):
            SharedTree(self.place / folder)
        self._files(pki)
        super().__init__(
            name,
            [*command, "-c", self.place / "xrootd.cfg", "-n", "ugr"],
            ready=self._answers,
            env=environment(X509_VOMS_DIR=str(pki.vomsdir), X509_CERT_DIR=str(pki.authorities), HOME=str(self.place)),
            cwd=self.place,
        )
        self._entered = False
        self._door = Relay(lambda: connected(self.pid, PORT))
        self.port = self._door.port
        self.url = f"https://{HOST}:{self.port}{EXPORT}"

    def start(self) -> Self:
        """Start, and open its door."""
        super().start()
        self._door.__enter__()
        self._entered = True
        return self

    def stop(self) -> None:
        """Close its door, and stop; safe to call twice."""
        if self._entered:
            self._entered = False
            self._door.__exit__(None, None, None)
        super().stop()

    def remove(self) -> None:
        """Stop, and remove everything."""
        self.stop()
        discard(self.place)

    def _files(self, pki: Pki) -> None:
        """Write what it reads; its key must belong to the user that it runs as."""
        text = CONFIGURATION.format(
            place=self.place, export=EXPORT, authorities=pki.authorities, port=PORT, vo=VO
        )
        (self.place / "xrootd.cfg").write_text(text, encoding="utf-8")
        (self.place / "authdb").write_text(AUTHORIZATION, encoding="utf-8")
        for name, source, mode in (("host.pem", pki.host.certificate, 0o444), ("host.key", pki.host.key, 0o400)):
            target = self.place / name
            target.write_bytes(source.read_bytes())
            target.chmod(mode)
            if mode == 0o400:
                shutil.chown(target, "nobody", "nogroup")

    def _answers(self) -> bool:
        try:
            connected(self.pid, PORT).close()
        except OSError:
            return False
        return True


def _installed() -> str:
    """Return the program; skip the test when it, or a library that it loads, is not installed."""
    for library, package in LIBRARIES.items():
        if not any(Path("/usr/lib").glob(f"*/{library}-*.so")) and not any(Path("/usr/lib64").glob(f"{library}-*.so")):
            pytest.skip(f"needs {package} (Debian package): not installed")
    return require("xrootd", package="xrootd-server")
