# SPDX-License-Identifier: Apache-2.0
"""Where endpoints are: hosts, DNS that fails, addresses that say nothing."""

import asyncio
import socket

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from ugr.federation.geo import GeoDatabase
from ugr.federation.places import DnsResolver, resolve_positions
from ugr.model import Position

GENEVA = Position(46.2324, 6.0502)
OSLO = Position(59.9, 10.75)


@pytest.fixture
def geo(tmp_path):
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="GeoIP2-City")
    for network, place in {"192.0.2.0/24": GENEVA, "2001:db8::/32": OSLO, "127.0.0.0/8": GENEVA}.items():
        location = {"latitude": place.latitude, "longitude": place.longitude}
        writer.insert_network(IPSet([network]), {"location": location})
    writer.to_db_file(str(tmp_path / "city.mmdb"))
    return GeoDatabase(str(tmp_path / "city.mmdb"))


class Names:
    """A resolver that knows a few names by heart."""

    def __init__(self, **known):
        self.known = {name.replace("_", "."): addresses for name, addresses in known.items()}
        self.asked = []

    async def addresses(self, host):
        self.asked.append(host)
        return self.known.get(host, ())


def places(geo, resolver, **hosts):
    return asyncio.run(resolve_positions(hosts, geo, resolver))


def test_position_is_that_of_the_hosts_first_address_that_is_somewhere(geo):
    names = Names(
        s3_example_org=("192.0.2.1",),
        dav_example_org=("198.51.100.1", "2001:db8::1", "192.0.2.1"),
    )

    assert places(geo, names, s3="s3.example.org", dav="dav.example.org") == {"s3": GENEVA, "dav": OSLO}


def test_addresses_need_no_resolver(geo):
    names = Names()

    assert places(geo, names, a="192.0.2.9", b="2001:db8::9", c="[2001:db8::9]") == {"a": GENEVA, "b": OSLO, "c": OSLO}
    assert names.asked == []


def test_hosts_that_are_nowhere_are_left_out(geo):
    names = Names(
        lost_example_org=(),
        private_example_org=("10.0.0.1",),
        localhost=("127.0.0.1", "::1"),
    )

    assert (
        places(
            geo,
            names,
            lost="lost.example.org",
            private="private.example.org",
            name="localhost",
            here="127.0.0.1",
            here6="::1",
            mapped="::ffff:127.0.0.1",
        )
        == {}
    )


def test_a_host_of_several_endpoints_is_asked_for_once(geo):
    names = Names(s3_example_org=("192.0.2.1",))

    assert places(geo, names, a="s3.example.org", b="s3.example.org") == {"a": GENEVA, "b": GENEVA}
    assert names.asked == ["s3.example.org"]


def test_without_a_database_everybody_is_nowhere():
    assert places(GeoDatabase(None), Names(), a="192.0.2.9") == {}


class Loop(asyncio.SelectorEventLoop):
    """An event loop whose DNS says what it is told, or fails."""

    answer: object = ()
    asked = 0

    async def getaddrinfo(self, host, port, *, family=0, type=0, proto=0, flags=0):
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return [(socket.AF_INET, type, 6, "", (address, 0)) for address in self.answer]


class Clock:
    """Time that stands still until it is told."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def dns():
    clock = Clock()
    resolver = DnsResolver(lifetime=600.0, clock=clock)
    with asyncio.Runner(loop_factory=Loop) as runner:

        def ask(host, answer):
            runner.get_loop().answer = answer
            return runner.run(resolver.addresses(host))

        ask.clock = clock
        ask.loop = runner.get_loop()
        yield ask


def test_dns_gives_each_address_once_in_its_order(dns):
    assert dns("a.example.org", ["192.0.2.2", "192.0.2.1", "192.0.2.2"]) == ("192.0.2.2", "192.0.2.1")


def test_dns_is_asked_again_when_its_answer_is_old(dns):
    assert dns("a.example.org", ["192.0.2.1"]) == ("192.0.2.1",)
    dns.clock.now = 599.0
    assert dns("a.example.org", ["192.0.2.2"]) == ("192.0.2.1",)
    dns.clock.now = 601.0
    assert dns("a.example.org", ["192.0.2.2"]) == ("192.0.2.2",)
    assert dns.loop.asked == 2


@pytest.mark.parametrize("failure", [socket.gaierror(-2, "Name or service not known"), UnicodeError("label too long")])
def test_dns_that_fails_is_nowhere_or_where_it_was_and_asked_again(dns, failure):
    assert dns("a.example.org", failure) == ()
    assert dns("a.example.org", ["192.0.2.1"]) == ("192.0.2.1",)
    dns.clock.now = 601.0
    assert dns("a.example.org", failure) == ("192.0.2.1",)
    assert dns("a.example.org", ["192.0.2.2"]) == ("192.0.2.2",)
