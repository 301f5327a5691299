# SPDX-License-Identifier: Apache-2.0
"""A small Ceph with S3 and Swift gateways: a monitor, one store in memory, and N gateways of one cluster.

Knows: how Ceph 16 and later is made to run without cephx, manager or more than one store. Refuses
to know: ugr. Each gateway plays one site; give each its own bucket. Data lives in the store's
memory and is gone when it stops.
"""

from __future__ import annotations

import http.client
import json
import shutil
import tempfile
import uuid
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.servers.process import HOST, Daemon, free_ports, listening, require, run

ACCESS_KEY = "UGRTESTACCESSKEY0001"
SECRET_KEY = "ugr/Test+SecretKey0123456789abcdefghijkl"
SWIFT_KEY = "ugrTestSwiftKey"
REGION = "us-east-1"

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam:::user/ugr"]}, "Action": ["sts:AssumeRole"]}
        ],
    }
)
ALL = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": "arn:aws:s3:::*"}],
    }
)

CONFIGURATION = """\
[global]
fsid = {fsid}
mon_host = [v2:{host}:{mon_v2},v1:{host}:{mon_v1}]
public_addr = {host}
cluster_addr = {host}
ms_bind_ipv6 = false
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
keyring = {place}/keyring
run_dir = {place}
admin_socket =
crash_dir = {place}/crash
log_file =
log_to_stderr = true
mon_cluster_log_to_file = false
# one copy of everything, on one store, in small pools
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
[mon]
mon_data = {place}/mon
# the disk of a machine that runs tests may be nearly full
mon_data_avail_crit = 1
mon_data_avail_warn = 2
# decide at once: there is nobody to wait for
paxos_propose_interval = 0.02
paxos_min_wait = 0.01
[osd]
osd_data = {place}/osd
osd_objectstore = memstore
memstore_device_bytes = 4294967296
osd_op_num_shards = 2
osd_op_num_threads_per_shard = 1
[client]
# gateways insist on encryption, which does not exist without cephx: they would wait for ever
ms_mon_client_mode = crc
rgw_thread_pool_size = 32
rgw_num_rados_handles = 1
# host names of buckets, for virtual-host addressing: BUCKET.localhost
rgw_dns_name = localhost
rgw_enable_apis = s3, swift, swift_auth, admin, sts
rgw_sts_key = ugrtestsessionke
"""


class SwiftApi(NamedTuple):
    """How a gateway is reached by Swift's API."""

    auth_url: str
    storage_url: str
    user: str
    key: str


class Gateway(Daemon):
    """One S3 gateway: a site of the federation."""

    def __init__(self, number: int, configuration: Path, place: Path, port: int, *options: str) -> None:
        self.port = port
        self.url = f"http://{HOST}:{port}"
        data = place / f"rgw-{number}"
        data.mkdir()
        super().__init__(
            f"ceph-gateway-{number}",
            [
                require("radosgw", package="radosgw"),
                *("-c", configuration, "-n", f"client.gateway{number}", "-f"),
                # without tcp_nodelay a listing waits 40 ms for the client's acknowledgement
                f"--rgw_frontends=beast endpoint={HOST}:{port} tcp_nodelay=1",
                f"--rgw_data={data}",
                *options,
            ],
            ready=self._answers,
            limit=30.0,
        )

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=2.0)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


class Ceph:
    """The cluster: ``with Ceph(3) as ceph: ceph.gateways[0].url``."""

    access_key = ACCESS_KEY
    secret_key = SECRET_KEY
    region = REGION

    def __init__(self, gateways: int = 3) -> None:
        require("ceph-mon", package="ceph-mon")
        require("ceph-osd", package="ceph-osd")
        require("radosgw", package="radosgw")
        self.place = Path(tempfile.mkdtemp(prefix="ugr-ceph-"))
        self.configuration = self.place / "ceph.conf"
        self._ports = free_ports(2 + gateways)
        self._fsid = str(uuid.uuid4())
        self._configure()
        self.gateways = [
            Gateway(number, self.configuration, self.place, port) for number, port in enumerate(self._ports[2:])
        ]
        self._daemons: list[Daemon] = []
        self._clients: dict[int, Any] = {}

    def __enter__(self) -> Self:
        try:
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
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        for daemon in (*self.gateways, *reversed(self._daemons)):
            daemon.kill()
        shutil.rmtree(self.place, ignore_errors=True)

    def client(self, number: int = 0) -> Any:
        """Return a boto3 client of one gateway: path style, signature version 4, one try."""
        if number not in self._clients:
            self._clients[number] = self.session.client(
                "s3", endpoint_url=self.gateways[number].url, config=self.client_configuration()
            )
        return self._clients[number]

    @cached_property
    def session(self) -> Any:
        """The boto3 session with the cluster's one user."""
        import boto3

        return boto3.Session(ACCESS_KEY, SECRET_KEY, region_name=REGION)

    def client_configuration(self, **more: Any) -> Any:
        """Return botocore's configuration for these gateways, which know no checksum trailers."""
        from botocore.config import Config

        settings = {
            "signature_version": "s3v4",
            "s3": {"addressing_style": "path"},
            "retries": {"total_max_attempts": 1},
            "connect_timeout": 5,
            "read_timeout": 20,
            "proxies": {},
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
        }
        return Config(**(settings | more))

    def bucket(self, number: int, name: str) -> str:
        """Make a bucket through one gateway and return its name; no error when it is there already."""
        self.client(number).create_bucket(Bucket=name)
        return name

    def another_gateway(self, *options: str) -> Gateway:
        """Start one more gateway, with options of its own; it lives as long as the cluster."""
        number = len(self.gateways) + len(self._daemons)
        gateway = Gateway(number, self.configuration, self.place, free_ports(1)[0], *options)
        self._daemons.append(gateway)
        return gateway.start()

    @cached_property
    def session_gateway(self) -> Gateway:
        """A gateway that knows session tokens; the others do not, for one that does calls all refusals AccessDenied."""
        gateway = self.another_gateway("--rgw_s3_auth_use_sts=true")
        self.admin("role", "create", "--role-name=any", "--path=/", f"--assume-role-policy-doc={TRUST}")
        self.admin("role-policy", "put", "--role-name=any", "--policy-name=all", f"--policy-doc={ALL}")
        return gateway

    @cached_property
    def swift(self) -> SwiftApi:
        """The same user by Swift's API: the first gateway's storage URL, and what it takes to use it."""
        self.admin(
            *("subuser", "create", "--uid=ugr", "--subuser=ugr:swift", "--access=full"),
            *("--key-type=swift", f"--secret={SWIFT_KEY}"),
        )
        url = self.gateways[0].url
        return SwiftApi(f"{url}/auth/v1.0", f"{url}/swift/v1", "ugr:swift", SWIFT_KEY)

    def session_keys(self) -> tuple[str, str, str]:
        """Return an access key, secret key and session token, good for 15 minutes and every bucket (AssumeRole)."""
        url = self.session_gateway.url
        client = self.session.client("sts", endpoint_url=url, config=self.client_configuration())
        role = client.assume_role(RoleArn="arn:aws:iam:::role/any", RoleSessionName="test", DurationSeconds=900)
        client.close()
        keys = role["Credentials"]
        return keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]

    def admin(self, *words: str) -> str:
        """Run radosgw-admin and return what it prints."""
        program = require("radosgw-admin", package="radosgw")
        return run(program, "-c", self.configuration, "-n", "client.admin", *words, log="ceph-admin")

    def _configure(self) -> None:
        self.configuration.write_text(
            CONFIGURATION.format(
                fsid=self._fsid, host=HOST, place=self.place, mon_v2=self._ports[0], mon_v1=self._ports[1]
            ),
            encoding="utf-8",
        )
        (self.place / "keyring").touch()

    def _start(self) -> None:
        self._start_monitor()
        self._start_store()
        first, *others = self.gateways
        first.start()
        for gateway in others:
            gateway.launch()
        self.admin(
            *("user", "create", "--uid=ugr", "--display-name=ugr", "--max-buckets=0"),
            *(f"--access-key={ACCESS_KEY}", f"--secret-key={SECRET_KEY}"),
        )
        for gateway in others:
            gateway.await_ready()

    def _start_monitor(self) -> None:
        monitor = require("ceph-mon", package="ceph-mon")
        addresses = f"[v2:{HOST}:{self._ports[0]},v1:{HOST}:{self._ports[1]}]"
        monmap = self.place / "monmap"
        run("monmaptool", "--create", "--fsid", self._fsid, "--addv", "a", addresses, monmap)
        run(monitor, "-c", self.configuration, "-i", "a", "--mkfs", "--monmap", monmap)
        daemon = Daemon(
            "ceph-monitor",
            [monitor, "-c", self.configuration, "-i", "a", "-f"],
            ready=lambda: listening(self._ports[0]),
        )
        self._daemons.append(daemon)
        daemon.start()

    def _start_store(self) -> None:
        store = require("ceph-osd", package="ceph-osd")
        (self.place / "osd").mkdir()
        identity = str(uuid.uuid4())
        number = run("ceph", "-c", self.configuration, "--connect-timeout", "20", "osd", "new", identity).strip()
        run(store, "-c", self.configuration, "-i", number, "--mkfs", "--osd-uuid", identity, log="ceph-store-mkfs")
        daemon = Daemon("ceph-store", [store, "-c", self.configuration, "-i", number, "-f"], ready=lambda: True)
        self._daemons.append(daemon)
        # not awaited: the first gateway answers only when the store does
        daemon.start()
