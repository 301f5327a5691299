# SPDX-License-Identifier: Apache-2.0
"""Where a client is taken to be, and who says so."""

import ipaddress
import os

from mmdb_writer import MMDBWriter
from netaddr import IPSet

from ugr.config.settings import NetworkSettings
from ugr.federation.geo import GeoDatabase
from ugr.federation.networks import Networks
from ugr.federation.selection import Selection
from ugr.model import Position
from ugr.plugin.policy import Client

LYON = Position(45.76, 4.84)
OSLO = Position(59.9, 10.75)


def write(path, records):
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="GeoIP2-City")
    for network, place in records.items():
        location = {"latitude": place.latitude, "longitude": place.longitude}
        writer.insert_network(IPSet([network]), {"location": location})
    writer.to_db_file(str(path))
    return str(path)


def test_client_is_where_its_network_says_before_geoip(tmp_path):
    geo = GeoDatabase(write(tmp_path / "city.mmdb", {"192.0.2.0/23": OSLO}))
    networks = {
        "lab": NetworkSettings(addresses=(ipaddress.ip_network("192.0.2.0/25"),), position=LYON, prefer=("cern",)),
        "hall": NetworkSettings(addresses=(ipaddress.ip_network("192.0.2.128/25"),), prefer=("oslo", "cern")),
    }
    made = Selection([], geo, Networks(networks), fuzz=10.0)

    assert made.client("192.0.2.1") == Client("192.0.2.1", LYON, "lab", ("cern",))
    assert made.client("192.0.2.200") == Client("192.0.2.200", OSLO, "hall", ("oslo", "cern"))
    assert made.client("192.0.3.1") == Client("192.0.3.1", OSLO)
    assert made.client("198.51.100.1") == Client("198.51.100.1")
    assert made.client("not an address") == Client("not an address")
    assert made.client(None) == Client(None)


def test_describe_says_who_knows_where_a_client_is(tmp_path):
    geo = GeoDatabase(write(tmp_path / "city.mmdb", {"192.0.2.0/23": OSLO}))
    networks = {
        "lab": NetworkSettings(addresses=(ipaddress.ip_network("192.0.2.0/25"),), position=LYON),
        "hall": NetworkSettings(addresses=(ipaddress.ip_network("192.0.2.128/25"),)),
    }
    made = Selection([], geo, Networks(networks), fuzz=10.0)

    def told(address):
        about = made.describe(made.client(address))
        assert about["address"] == address
        return about["network"], about["position"], about["source"]

    assert told("192.0.2.1") == ("lab", (LYON.latitude, LYON.longitude), "network")
    assert told("192.0.2.200") == ("hall", (OSLO.latitude, OSLO.longitude), "geoip")
    assert told("192.0.3.1") == (None, (OSLO.latitude, OSLO.longitude), "geoip")
    assert told("198.51.100.1") == (None, None, "unknown")
    assert told(None) == (None, None, "unknown")


def test_clients_move_when_the_database_does(tmp_path):
    path = write(tmp_path / "city.mmdb", {"192.0.2.0/24": OSLO})
    geo = GeoDatabase(path)
    made = Selection([], geo, Networks({}), fuzz=10.0)
    assert made.client("192.0.2.1").position == OSLO

    os.replace(write(tmp_path / "new.mmdb", {"192.0.2.0/24": LYON}), path)
    assert made.client("192.0.2.1").position == OSLO
    geo.refresh()

    assert made.client("192.0.2.1").position == LYON
