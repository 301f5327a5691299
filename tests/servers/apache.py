# SPDX-License-Identifier: Apache-2.0
"""Apache with mod_dav over one directory, which has several doors.

Knows: what Apache needs to run as one process from a directory of one's own, as root or not.
Refuses to know: ugr. Everything listens on 127.0.0.1.
"""

from __future__ import annotations

import hashlib
import http.client
import os
from pathlib import Path

from tests.servers.pki import Pki
from tests.servers.process import HOST, Daemon, environment, free_ports, require, run
from tests.servers.tree import SharedTree, discard, public_directory

USER = "ugr"
PASSWORD = 'a "pass\\word" of: ümlauts'
REALM = "storage"
MODULES = Path("/usr/lib/apache2/modules")
LOADED = (
    *("mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic", "auth_digest"),
    *("dir", "autoindex", "mime", "alias", "rewrite", "headers", "dav", "dav_fs", "socache_shmcb", "ssl"),
)

CONFIGURATION = """\
ServerRoot {place}
ServerName localhost
PidFile {place}/pid
ErrorLog /dev/stderr
LogLevel warn
LogFormat "%p %m %U %q %{{Depth}}i %>s %{{SSL_CLIENT_S_DN}}x" short
CustomLog {place}/access.log short
{modules}
{user}
DAVLockDB {place}/locks/db
DavMinTimeout 0
TypesConfig /dev/null
FileETag MTime Size
KeepAliveTimeout 60
ThreadLimit 32
ThreadsPerChild 32
MaxRequestWorkers 32
AllowEncodedSlashes NoDecode
DirectorySlash On
DocumentRoot {root}
<Directory />
    Require all denied
</Directory>
<Directory {root}>
    Dav On
    Options +Indexes
    DirectoryIndex disabled
</Directory>
{doors}
"""

OPEN_DOOR = """\
Listen {host}:{port}
<VirtualHost {host}:{port}>
    <Directory {root}>
        Require all granted
    </Directory>
</VirtualHost>
"""

PASSWORD_DOOR = """\
Listen {host}:{port}
<VirtualHost {host}:{port}>
    <Directory {root}>
        AuthType {kind}
        AuthName "{realm}"
        AuthUserFile {file}
        {provider} file
        Require user {user}
    </Directory>
</VirtualHost>
"""

CERTIFICATE_DOOR = """\
Listen {host}:{port}
<VirtualHost {host}:{port}>
    SSLEngine on
    SSLCertificateFile {certificate}
    SSLCertificateKeyFile {key}
    SSLCACertificatePath {authorities}
    SSLCARevocationPath {authorities}
    SSLCARevocationCheck chain
    SSLVerifyClient {verify}
    SSLVerifyDepth 10
    <Directory {root}>
        Require expr "%{{SSL_CLIENT_S_DN}} =~ /CN=Jane Tester/"
    </Directory>
</VirtualHost>
"""


class Apache(Daemon):
    """``with Apache(pki) as apache: apache.tree.put(...); apache.open``, and ``remove`` it at the end.

    ``tree`` is the directory that is served. ``open``, ``basic``, ``digest``, ``certificate`` and
    ``optional`` are the URLs of its doors: without a question, with a password, with the
    certificate of ``pki.user`` (refused in the handshake, or by a 403, without one).
    """

    def __init__(self, pki: Pki, name: str = "apache") -> None:
        program = require("apache2", package="apache2")
        self._htpasswd = require("htpasswd", package="apache2-utils")
        self.place = public_directory(name)
        self.tree = SharedTree(self.place / "data")
        self._pki = pki
        self._ports = free_ports(5)
        for file in self._files().items():
            (self.place / file[0]).write_text(file[1], encoding="utf-8")
        SharedTree(self.place / "locks")
        super().__init__(
            name,
            [program, "-d", self.place, "-f", "httpd.conf", "-X"],
            ready=self._answers,
            env=environment(),
        )
        self.open, self.basic, self.digest = (f"http://{HOST}:{port}" for port in self._ports[:3])
        self.certificate, self.optional = (f"https://{HOST}:{port}" for port in self._ports[3:])

    @property
    def ports(self) -> dict[str, int]:
        """The port of each door, for relays."""
        return dict(zip(("open", "basic", "digest", "certificate", "optional"), self._ports, strict=True))

    @property
    def requests(self) -> list[str]:
        """One line for each request so far: port, method, path, query, depth, status, subject of the client."""
        return (self.place / "access.log").read_text(encoding="utf-8", errors="replace").splitlines()

    def _answers(self) -> bool:
        """Say whether it answers; its sockets listen before it has read its configuration."""
        connection = http.client.HTTPConnection(HOST, self._ports[0], timeout=2.0)
        try:
            connection.request("HEAD", "/")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def remove(self) -> None:
        """Stop, and remove everything."""
        self.stop()
        discard(self.place)

    def _files(self) -> dict[str, str]:
        digest = hashlib.md5(f"{USER}:{REALM}:{PASSWORD}".encode(), usedforsecurity=False).hexdigest()
        hashed = run(self._htpasswd, "-nbB", "-C", "4", USER, PASSWORD).strip()
        return {
            "httpd.conf": self._configuration(),
            "passwords": f"{hashed}\n",
            "digests": f"{USER}:{REALM}:{digest}\n",
        }

    def _configuration(self) -> str:
        missing = [name for name in LOADED if not (MODULES / f"mod_{name}.so").exists()]
        modules = [f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in LOADED if name not in missing]
        return CONFIGURATION.format(
            place=self.place,
            root=self.tree.root,
            modules="\n".join(modules),
            user="User nobody\nGroup nogroup" if os.geteuid() == 0 else "",
            doors=self._doors(),
        )

    def _doors(self) -> str:
        common = {"host": HOST, "root": self.tree.root, "realm": REALM, "user": USER}
        host = self._pki.host
        kinds = (("Basic", "passwords", "AuthBasicProvider"), ("Digest", "digests", "AuthDigestProvider"))
        doors = [OPEN_DOOR.format(port=self._ports[0], **common)]
        for port, (kind, file, provider) in zip(self._ports[1:3], kinds, strict=True):
            door = PASSWORD_DOOR.format(port=port, kind=kind, file=self.place / file, provider=provider, **common)
            doors.append(door)
        for port, verify in zip(self._ports[3:], ("require", "optional"), strict=True):
            door = CERTIFICATE_DOOR.format(
                port=port,
                verify=verify,
                certificate=host.certificate,
                key=host.key,
                authorities=self._pki.authorities,
                **common,
            )
            doors.append(door)
        return "\n".join(doors)
