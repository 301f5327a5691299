# SPDX-License-Identifier: Apache-2.0
"""OpenStack Swift, all in one: proxy, account, container and object server with one device, one replica.

Knows: how Swift is made to run below one directory, in the foreground, without touching ``/etc/swift``.
Refuses to know: ugr. Data is gone when it stops.
"""

from __future__ import annotations

import getpass
import http.client
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.servers.process import HOST, Daemon, free_port, free_ports, listening, require, run

USER = "test:tester"
KEY = "swift/Test+Key"
HASTY = "test:hasty"
"""Another user with the same key and rights: a user has one token at a time, however long-lived."""
STRANGER = "other:stranger"
STRANGER_KEY = "strangersKey"
TEMP_URL_KEY = "temp/URL+key 0123456789"

SERVERS = ("account", "container", "object")

# swift.conf is read from a fixed place, except by whoever names another one before anything else is imported
LAUNCHER = """\
import sys
from swift.common import utils
utils.set_swift_dir(sys.argv[1])
from swift.common.wsgi import run_wsgi
more = {}
if sys.argv[3] == "object-server":
    from swift.obj import server
    more["global_conf_callback"] = server.global_conf_callback
sys.exit(run_wsgi(sys.argv[2], sys.argv[3], **more))
"""

COMMON = """\
[swift-hash]
swift_hash_path_suffix = ugr
swift_hash_path_prefix = test
[storage-policy:0]
name = only
default = yes
"""

DEFAULTS = """\
[DEFAULT]
bind_ip = {host}
bind_port = {port}
# none: the process that was started is the one that serves
workers = 0
user = {user}
swift_dir = {place}
devices = {place}/devices
mount_check = false
disable_fallocate = true
fallocate_reserve = 0
log_level = ERROR
"""

STORAGE = """\
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""

PROXY = """\
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats bulk tempurl tempauth copy \
container-quotas slo dlo versioned_writes proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = {key} .admin
user_test_hasty = {key} .admin
user_other_stranger = {stranger_key} .admin
storage_url_scheme = http
token_life = {token_life}
[filter:tempurl]
use = egg:swift#tempurl
allowed_digests = sha1 sha256 sha512
[filter:cache]
use = egg:swift#memcache
memcache_servers = {host}:{memcached}
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:copy]
use = egg:swift#copy
[filter:container-quotas]
use = egg:swift#container_quotas
[filter:slo]
use = egg:swift#slo
min_segment_size = 1
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
"""


class Swift:
    """The store, with one account and a key for temporary URLs: ``with Swift() as swift: swift.url``."""

    user = USER
    key = KEY
    temp_url_key = TEMP_URL_KEY

    def __init__(self) -> None:
        programs = [require(f"swift-{server}-server", package=f"swift-{server}") for server in (*SERVERS, "proxy")]
        self._python = _interpreter(programs[0])
        self.place = Path(tempfile.mkdtemp(prefix="ugr-swift-"))
        self.port, self._memcached, *self._ports = free_ports(2 + len(SERVERS))
        self.url = f"http://{HOST}:{self.port}"
        self.auth_url = f"{self.url}/auth/v1.0"
        self._daemons: list[Daemon] = []
        self._connection: Any = None

    @property
    def storage_url(self) -> str:
        """The URL of the account."""
        return f"{self.url}/v1/AUTH_test"

    def __enter__(self) -> Self:
        try:
            self._configure()
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End everything and remove its files; safe to call twice. There is no data to save, so nothing is gentle."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        for daemon in reversed(self._daemons):
            daemon.kill()
        shutil.rmtree(self.place, ignore_errors=True)

    @property
    def client(self) -> Any:
        """A swiftclient connection of the account's owner: one try, and it logs nothing."""
        if self._connection is None:
            import swiftclient

            self._connection = swiftclient.Connection(self.auth_url, USER, KEY, retries=0)
        return self._connection

    def container(self, name: str) -> str:
        """Make a container and return its name; no error when it is there already."""
        self.client.put_container(name)
        return name

    def another_proxy(self, token_life: int) -> str:
        """Start one more proxy, whose tokens live for some seconds; return its URL. It lives as long as the store."""
        port = free_port()
        self._proxy(port, token_life).start()
        return f"http://{HOST}:{port}"

    def _configure(self) -> None:
        (self.place / "devices" / "one").mkdir(parents=True)
        (self.place / "swift.conf").write_text(COMMON, encoding="utf-8")
        (self.place / "launch.py").write_text(LAUNCHER, encoding="utf-8")
        builder = require("swift-ring-builder", package="swift")
        for name, port in zip(SERVERS, self._ports, strict=True):
            ring = self.place / f"{name}.builder"
            run(builder, ring, "create", "0", "1", "0")
            where = ("--region", "1", "--zone", "1", "--ip", HOST, "--port", str(port), "--device", "one")
            run(builder, ring, "add", *where, "--weight", "1")
            run(builder, ring, "rebalance")

    def _start(self) -> None:
        memcached = require("memcached", package="memcached")
        cache = Daemon(
            "swift-memcached",
            [memcached, "-u", getpass.getuser(), "-l", HOST, "-p", str(self._memcached), "-U", "0", "-m", "16"],
            ready=lambda: listening(self._memcached),
        )
        self._proxy(self.port, 86400)
        servers = [
            self._server(name, port, STORAGE.format(name=name), lambda port=port: listening(port))
            for name, port in zip(SERVERS, self._ports, strict=True)
        ]
        self._daemons += [cache, *servers]
        # together: each takes a second to import itself
        for daemon in self._daemons:
            daemon.launch()
        for daemon in self._daemons:
            daemon.await_ready()
        self.client.post_account({"x-account-meta-temp-url-key": TEMP_URL_KEY})

    def _proxy(self, port: int, token_life: int) -> Daemon:
        text = PROXY.format(
            host=HOST, memcached=self._memcached, key=KEY, stranger_key=STRANGER_KEY, token_life=token_life
        )
        daemon = self._server("proxy", port, text, lambda: _healthy(port))
        self._daemons.append(daemon)
        return daemon

    def _server(self, name: str, port: int, text: str, ready: Callable[[], bool]) -> Daemon:
        file = self.place / f"{name}-{port}.conf"
        defaults = DEFAULTS.format(host=HOST, port=port, user=getpass.getuser(), place=self.place)
        file.write_text(defaults + text, encoding="utf-8")
        argv = [self._python, "-I", self.place / "launch.py", self.place, file, f"{name}-server"]
        return Daemon(f"swift-{name}-{port}", argv, ready=ready)


def _interpreter(program: str) -> str:
    """Return the Python that a program is for: Debian's, which has Swift, and not whichever comes first."""
    return Path(program).read_text(encoding="utf-8").partition("\n")[0].removeprefix("#!").strip()


def _healthy(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=2.0)
    try:
        connection.request("GET", "/healthcheck")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
