# SPDX-License-Identifier: Apache-2.0
"""Three gateways of a real Ceph as three sites, and a GeoIP database that knows three clients."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

PLACES = {
    "geneva": ("127.0.1.0/24", 46.23, 6.05),
    "vancouver": ("127.0.2.0/24", 49.25, -123.23),
    "victoria": ("127.0.3.0/24", 48.46, -123.31),
}
CLIENTS = {"geneva": "127.0.1.7", "vancouver": "127.0.2.7", "victoria": "127.0.3.7"}
"""A client's address near each site."""


@dataclass(frozen=True)
class Sites:
    """The three sites: each has a gateway of its own and a bucket of its own."""

    ceph: object
    geoip: Path
    secret: Path

    def gateway(self, site: str):
        return self.ceph.gateways[list(PLACES).index(site)]

    def put(self, key: str, body: bytes, *sites: str) -> None:
        """Store an object at some sites, all when none is named."""
        for site in sites or PLACES:
            number = list(PLACES).index(site)
            self.ceph.client(number).put_object(Bucket=f"site-{site}", Key=key, Body=body)

    def remove(self, key: str, site: str) -> None:
        self.ceph.client(0).delete_object(Bucket=f"site-{site}", Key=key)

    def configuration(self, *, urls: dict[str, str] | None = None, health: str = "", absence: str = "lenient") -> str:
        """Return a federation of the three sites; ``urls`` says by which way ugr itself reaches one."""
        endpoints = "\n".join(
            f"""
[endpoint:{site}]
type = s3
url = {(urls or {}).get(site, self.gateway(site).url)}
public_url = {self.gateway(site).url}
bucket = site-{site}
access_key = {self.ceph.access_key}
secret_key_file = {self.secret}
addressing = path
position = {latitude}, {longitude}
timeout = 1s
"""
            for site, (_, latitude, longitude) in PLACES.items()
        )
        return f"""
absence = {absence}
deadline = 2s
url_lifetime = 60s
[selection]
geoip = {self.geoip}
[health]
interval = 500ms
retry_interval = 300ms
timeout = 500ms
failures = 3
recoveries = 2
{health}
[acl:/]
read = anonymous
list = anonymous
{endpoints}
"""


@pytest.fixture(scope="module")
def sites(ceph, tmp_path_factory) -> Sites:
    directory = tmp_path_factory.mktemp("sites")
    writer = MMDBWriter(4, "GeoIP2-City", languages=["en"])
    for network, latitude, longitude in PLACES.values():
        writer.insert_network(IPSet([network]), {"location": {"latitude": latitude, "longitude": longitude}})
    geoip = directory / "city.mmdb"
    writer.to_db_file(str(geoip))
    secret = directory / "secret"
    secret.write_text(ceph.secret_key + "\n")
    secret.chmod(0o600)
    for number, site in enumerate(PLACES):
        ceph.bucket(number, f"site-{site}")
    return Sites(ceph, geoip, secret)
