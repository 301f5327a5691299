# SPDX-License-Identifier: Apache-2.0
"""The settings of ugr itself, one frozen dataclass per kind of section.

Knows: every option outside ``[endpoint:NAME]``. Refuses to know: INI syntax, endpoint types.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_network

from ugr.config.declare import option
from ugr.config.types import Address, Addresses, Duration, LogPlace, Networks, Path, Secret, Size, Url, Words
from ugr.model import Position, Right


@dataclass(frozen=True, kw_only=True)
class UgrSettings:
    """``[ugr]``: the federation as a whole."""

    prefix: str = option("/fed", help="Path under which the namespace appears.", example="/fed")
    public_url: Url | None = option(
        None,
        help="Scheme, host and port by which clients know this service; without it the Host header is used.",
        example="https://federation.example.org",
    )
    allowed_hosts: Words = option(
        (),
        help="Values of the Host header that are answered; empty means any well-formed one.",
        example="federation.example.org",
    )
    trusted_proxies: Networks = option(
        (), help="Networks whose X-Forwarded-For and X-Forwarded-Proto are believed.", example="127.0.0.1/32"
    )
    trusted_sockets: bool = option(
        False, help="Whether forwarding headers are believed on a Unix socket (a front server on this host)."
    )
    runtime_dir: Path | None = option(
        None,
        help="Directory for locks, shared state and the key of data URLs; must be writable. Without it a directory "
        "of the running service is made and removed again.",
        example="/run/ugr",
    )
    include: Words = option((), help="Further files, relative to this one; patterns allowed.", example="conf.d/*.conf")
    absence: str = option(
        "lenient",
        help="lenient: a name is absent (404) when every endpoint that is not known to be down says so; strict: "
        "endpoints known to be down make it unknown (503).",
        choices=("strict", "lenient"),
    )
    partial_listing: str = option(
        "say",
        help="say: a listing that misses an endpoint is given, with a word about it; abort: it is refused.",
        choices=("say", "abort"),
    )
    deadline: Duration = option(Duration(3.0), help="Longest time for finding a file.", minimum=0.01)
    listing_deadline: Duration = option(Duration(60.0), help="Longest time for a whole listing.", minimum=0.01)
    url_lifetime: Duration = option(
        Duration(3600.0), help="How long a signed URL given to a client is good for.", minimum=1
    )
    federation_id: str | None = option(
        None,
        help="Name by which this federation is known to others that it has as endpoints, or that have it; hosts "
        "behind one name must share it. The default is made from data_key.",
        example="federation.example.org",
    )
    data_key: Secret | None = option(
        None,
        help="Key that signs the URLs of data served by this service; hosts behind one name must share it. Without "
        "it a key is made in runtime_dir.",
    )
    listen: Address = option(
        Address("127.0.0.1:8080"), help="Where ugr serve listens.", example="unix:/run/ugr.sock"
    )
    workers: int = option(2, help="Worker processes of ugr serve.", minimum=1, maximum=1024)
    threads: int = option(128, help="Threads in each worker process.", minimum=2, maximum=4096)
    drain: Duration = option(
        Duration(0.0),
        help="How long a service that is told to stop goes on answering, while /-/health/ready says 503: longer than "
        "front servers on other hosts need to notice.",
        maximum=300,
        example="3s",
    )
    client_timeout: Duration = option(
        Duration(30.0),
        help="How long a client may take to send the header of a request, and how long it may take nothing of an "
        "answer before it loses its connection. The body of a request has to come within deadline.",
        minimum=0.1,
    )
    max_waiting: int | None = option(
        None,
        help="Requests of one worker that may wait for endpoints at a time; must be below threads. The default is "
        "seven eighths of threads.",
        minimum=1,
    )
    max_listings: int = option(
        8, help="Listings that one worker produces at a time; never more than a quarter of threads.", minimum=1
    )
    max_data: int = option(
        16, help="Files that one worker serves itself at a time; never more than a quarter of threads.", minimum=1
    )
    max_request_body: Size = option(Size(1 << 20), help="Longest body of a request that carries XML.", minimum=1024)
    log_level: str = option(
        "info", help="Least severe event that is logged.", choices=("debug", "info", "warning", "error")
    )
    metrics_networks: Networks = option(
        (ip_network("127.0.0.0/8"), ip_network("::1/128")),
        help="Networks from which Prometheus may read /-/metrics; empty means none.",
        example="127.0.0.1/32 192.0.2.0/24",
    )
    access_log: LogPlace = option(
        LogPlace("stdout"),
        help="Where each request is written down, one line of JSON: stdout, a file, or off. A file that is renamed is "
        "opened anew.",
        example="/var/log/ugr/access.log",
    )

    @property
    def busy_limit(self) -> int:
        """Requests of one worker that may take time, whatever for, always below ``threads``."""
        return self.threads - max(1, self.threads // 8) if self.max_waiting is None else self.threads - 1

    @property
    def waiting_limit(self) -> int:
        """Requests of one worker that may wait for endpoints at a time."""
        return self.busy_limit if self.max_waiting is None else min(self.max_waiting, self.busy_limit)

    @property
    def listings_limit(self) -> int:
        """Listings that one worker produces at a time."""
        return min(self.max_listings, max(1, self.threads // 4))

    @property
    def data_limit(self) -> int:
        """Files that one worker serves itself at a time."""
        return min(self.max_data, max(1, self.threads // 4))


@dataclass(frozen=True, kw_only=True)
class CacheSettings:
    """``[cache]``: what is remembered, and for how long."""

    ttl: Duration = option(Duration(600.0), help="How long after its last use a known file is remembered.")
    max_ttl: Duration = option(Duration(3600.0), help="How long after it was found a known file is remembered at most.")
    negative_ttl: Duration = option(Duration(10.0), help="How long the absence of a file is remembered.")
    partial_ttl: Duration = option(
        Duration(5.0), help="How long an answer is remembered when an endpoint was silent or not asked."
    )
    listing_ttl: Duration = option(Duration(60.0), help="How long a listing is remembered.")
    max_entries: int = option(1_000_000, help="Files, absences and listed names remembered by one worker.", minimum=1)
    memcached: Addresses = option(
        Addresses(()),
        help="The memcached servers through which hosts share what they know, the same ones in the same words on "
        "every host. Without any, each host keeps to itself.",
        example="192.0.2.21:11211 192.0.2.22:11211",
    )
    memcached_timeout: Duration = option(
        Duration(0.05),
        help="Longest time for one answer of memcached; a server that takes longer is left alone for two seconds.",
        minimum=0.001,
        maximum=10,
    )
    memcached_prefix: str = option(
        "ugr", help="Keeps federations apart that use the same memcached; the same on all hosts of one federation."
    )
    memcached_key: Secret | None = option(
        None,
        help="Key that proves what is read from memcached to be written by a host of this federation. Without it only "
        "damage is noticed, and whoever can write to memcached can have clients sent to any endpoint for any name.",
    )


@dataclass(frozen=True, kw_only=True)
class SelectionSettings:
    """``[selection]``: which of several copies a client is sent to."""

    policies: Words = option(
        ("health", "network", "geo", "weight", "shuffle"),
        help="Steps of the choice, in order; each refines the order that the one before left.",
    )
    geoip: Path | None = option(
        None,
        help="A GeoIP City database in MaxMind DB format; read again when it changes.",
        example="/usr/share/GeoIP/GeoLite2-City.mmdb",
    )
    fuzz: float = option(10.0, help="Kilometres within which endpoints count as equally close.", minimum=0)
    patience: Duration = option(
        Duration(0.3),
        help="Least time that a better placed endpoint is waited for when a worse placed one has already answered; "
        "the bound is three times its usual latency when that is longer.",
    )


@dataclass(frozen=True, kw_only=True)
class HealthSettings:
    """``[health]``: how endpoints are watched."""

    enabled: bool = option(True, help="Whether endpoints are probed at all.")
    interval: Duration = option(Duration(10.0), help="Time between two probes of an endpoint.", minimum=0.01)
    retry_interval: Duration = option(
        Duration(2.0),
        help="Time between two probes of an endpoint that failed its last one or is down.",
        minimum=0.01,
    )
    timeout: Duration = option(Duration(3.0), help="Longest time for a probe.", minimum=0.01)
    max_latency: Duration = option(Duration(10.0), help="A probe slower than this counts as failed.", minimum=0.01)
    failures: int = option(
        3, help="Failures in a row, of probes or questions, after which an endpoint is down.", minimum=1
    )
    recoveries: int = option(2, help="Good probes in a row after which it is up again.", minimum=1)


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """``[network:NAME]``: addresses whose place is known better than GeoIP knows it."""

    addresses: Networks = option(help="CIDR blocks.", example="192.0.2.0/24 2001:db8::/32")
    position: Position | None = option(None, help="Where these clients are.", example="46.23, 6.05")
    prefer: Words = option((), help="Endpoints that these clients are sent to first, best first.", example="cern")


@dataclass(frozen=True, kw_only=True)
class AclSettings:
    """``[acl:/prefix]``: who may do what below a prefix. What is not granted is refused."""

    read: Words | None = option(None, help="Who may read files.", example="anonymous")
    list: Words | None = option(None, help="Who may list directories.", example="network:cern")
    write: Words | None = option(None, help="Who may write files and make directories.")
    delete: Words | None = option(None, help="Who may delete.")
    copy: Words | None = option(None, help="Who may have copies made.")

    def granted(self, right: Right) -> Words | None:
        """Return the words written for a right, None when the section does not speak of it."""
        value: Words | None = getattr(self, right.value)
        return value


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything but the endpoints. ``acls`` is keyed by prefix, ``networks`` by name."""

    ugr: UgrSettings = field(default_factory=UgrSettings)
    cache: CacheSettings = field(default_factory=CacheSettings)
    selection: SelectionSettings = field(default_factory=SelectionSettings)
    health: HealthSettings = field(default_factory=HealthSettings)
    networks: dict[str, NetworkSettings] = field(default_factory=dict)
    acls: dict[str, AclSettings] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    """``file:line`` of each section by its header, for messages."""
