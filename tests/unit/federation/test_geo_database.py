# SPDX-License-Identifier: Apache-2.0
"""GeoIP databases of both forms, good and bad, and what happens when the file changes."""

import logging
import os
import threading

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from ugr.federation.geo import GeoDatabase
from ugr.model import Position

GENEVA = Position(46.2324, 6.0502)
OSLO = Position(59.9, 10.75)


def nested(latitude, longitude):
    return {"city": {"names": {"en": "Somewhere"}}, "location": {"latitude": latitude, "longitude": longitude}}


def write(path, records, ip_version=6, kind="GeoIP2-City"):
    writer = MMDBWriter(ip_version=ip_version, ipv4_compatible=ip_version == 6, database_type=kind)
    for network, record in records.items():
        writer.insert_network(IPSet([network]), record)
    writer.to_db_file(str(path))
    return str(path)


@pytest.fixture
def city(tmp_path):
    return write(
        tmp_path / "city.mmdb",
        {
            "192.0.2.0/24": nested(46.2324, 6.0502),
            "198.51.100.0/25": nested(59.9, 10.75),
            "198.51.100.128/26": nested(-33.9, 18.4),
            "198.51.100.200/32": nested(35.7, 139.7),
            "2001:db8:1::/48": nested(46.2324, 6.0502),
            "2001:db8:2::/64": nested(59.9, 10.75),
            "203.0.113.0/28": {"city": {"names": {"en": "No Location"}}},
            "203.0.113.16/28": {"location": {"time_zone": "Europe/Zurich"}},
            "203.0.113.32/28": nested(0.0, 0.0),
            "203.0.113.48/28": nested(91.0, 6.0),
            "203.0.113.64/28": {"location": {"latitude": 46.0}},
            "203.0.113.80/28": nested(0.0, 32.5),
            "203.0.113.96/28": {"location": "Geneva"},
            "203.0.113.112/28": nested(True, True),
        },
    )


@pytest.mark.parametrize(
    ("address", "position"),
    [
        ("192.0.2.1", GENEVA),
        ("192.0.2.255", GENEVA),
        ("::ffff:192.0.2.7", GENEVA),
        ("::FFFF:c000:0207", GENEVA),
        ("2001:db8:1:ffff::1", GENEVA),
        ("2001:db8:2::1", OSLO),
        ("203.0.113.81", Position(0.0, 32.5)),
    ],
)
def test_lookup_of_a_known_address_is_its_position(city, address, position):
    assert GeoDatabase(city).lookup(address) == position


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("192.0.3.1", id="not in the database"),
        pytest.param("10.0.0.1", id="private"),
        pytest.param("127.0.0.1", id="loopback"),
        pytest.param("::1", id="loopback, IPv6"),
        pytest.param("fe80::1%eth0", id="link-local with zone"),
        pytest.param("fd00::1", id="unique local"),
        pytest.param("2001:db8:2:1::1", id="beside a known /64"),
        pytest.param("203.0.113.1", id="record without a location"),
        pytest.param("203.0.113.17", id="location without numbers"),
        pytest.param("203.0.113.33", id="null island"),
        pytest.param("203.0.113.49", id="latitude off the Earth"),
        pytest.param("203.0.113.65", id="half a position"),
        pytest.param("203.0.113.97", id="location is text"),
        pytest.param("203.0.113.113", id="numbers are booleans"),
        pytest.param("", id="empty"),
        pytest.param("192.0.2", id="three numbers"),
        pytest.param("192.0.2.999", id="number too large"),
        pytest.param("192.0.2.1:443", id="with a port"),
        pytest.param("localhost", id="a name"),
        pytest.param("\x00", id="NUL"),
    ],
)
def test_lookup_of_an_unknown_address_is_none(city, address):
    assert GeoDatabase(city).lookup(address) is None


def test_lookup_tells_addresses_of_a_divided_block_apart(city):
    geo = GeoDatabase(city)

    expected = {"1": 59.9, "129": -33.9, "200": 35.7, "201": None, "127": 59.9}
    for _ in range(2):
        for last, latitude in expected.items():
            position = geo.lookup(f"198.51.100.{last}")
            assert (position.latitude if position else None) == latitude


def test_lookup_reads_flat_records_with_numbers_or_text(tmp_path):
    path = write(
        tmp_path / "flat.mmdb",
        {
            "192.0.2.0/24": {"latitude": 46.2324, "longitude": 6.0502, "city": "Geneva"},
            "198.51.100.0/24": {"latitude": "59.9", "longitude": "10.75"},
            "203.0.113.0/24": {"latitude": "", "longitude": ""},
            "203.0.112.0/24": {"latitude": "nan", "longitude": "inf"},
        },
        kind="city ipv4",
    )
    geo = GeoDatabase(path)

    assert geo.lookup("192.0.2.1") == GENEVA
    assert geo.lookup("198.51.100.1") == OSLO
    assert geo.lookup("203.0.113.1") is None
    assert geo.lookup("203.0.112.1") is None


def test_lookup_of_an_ipv6_address_in_an_ipv4_database_is_none(tmp_path):
    geo = GeoDatabase(write(tmp_path / "four.mmdb", {"192.0.2.0/24": nested(46.2324, 6.0502)}, ip_version=4))

    assert geo.lookup("2001:db8::1") is None
    assert geo.lookup("192.0.2.1") == GENEVA
    assert geo.lookup("::ffff:192.0.2.1") == GENEVA


def test_without_a_path_nobody_is_anywhere():
    geo = GeoDatabase(None)

    assert geo.lookup("192.0.2.1") is None
    assert geo.refresh() is False
    assert geo.describe() == {"path": None, "loaded": False, "error": None}


def test_describe_tells_type_and_age_of_the_database(city):
    about = GeoDatabase(city).describe()

    assert about["path"] == city
    assert about["loaded"] is True
    assert about["error"] is None
    assert about["type"] == "GeoIP2-City"
    assert 0.0 <= about["age"] < 600.0


def test_refresh_of_an_unchanged_file_changes_nothing(city):
    geo = GeoDatabase(city)

    assert geo.refresh() is False
    assert geo.generation == 1


def test_refresh_takes_a_file_that_was_replaced(city, tmp_path):
    geo = GeoDatabase(city)
    assert geo.lookup("192.0.2.1") == GENEVA

    os.replace(write(tmp_path / "new.mmdb", {"192.0.2.0/24": nested(59.9, 10.75)}), city)

    assert geo.lookup("192.0.2.1") == GENEVA
    assert geo.refresh() is True
    assert geo.generation == 2
    assert geo.lookup("192.0.2.1") == OSLO


def test_file_overwritten_in_place_neither_kills_nor_changes_answers_before_refresh(city):
    geo = GeoDatabase(city)
    size = os.path.getsize(city)
    with open(city, "r+b") as stream:
        stream.truncate(0)
        assert geo.lookup("192.0.2.1") == GENEVA
        stream.write(b"\xff" * size)
    assert geo.lookup("198.51.100.1") == OSLO


@pytest.mark.parametrize("content", [b"", b"<html>404 not found</html>", b"\x00" * 100_000, None, "cut"])
def test_broken_new_file_leaves_the_old_one_in_use_and_is_complained_about_once(city, content, caplog):
    geo = GeoDatabase(city)
    with open(city, "rb") as stream:
        good = stream.read()
    os.remove(city)
    if content is not None:
        with open(city, "wb") as stream:
            stream.write(good[: len(good) // 2] if content == "cut" else content)

    with caplog.at_level(logging.WARNING, "ugr.geo"):
        assert [geo.refresh() for _ in range(3)] == [False, False, False]

    assert geo.lookup("192.0.2.1") == GENEVA
    assert len(caplog.records) == 1
    assert city in caplog.text
    assert geo.describe()["loaded"] is True
    assert geo.describe()["error"]

    with open(city, "wb") as stream:
        stream.write(good)
    assert geo.refresh() is True
    assert geo.describe()["error"] is None


def test_file_that_is_missing_at_first_is_taken_when_it_comes(tmp_path):
    path = tmp_path / "late.mmdb"
    geo = GeoDatabase(str(path))
    assert geo.lookup("192.0.2.1") is None
    assert geo.describe()["error"].startswith("cannot be read")

    write(path, {"192.0.2.0/24": nested(46.2324, 6.0502)})

    assert geo.refresh() is True
    assert geo.lookup("192.0.2.1") == GENEVA


def test_file_moved_away_and_back_is_well_again(city):
    geo = GeoDatabase(city)
    os.rename(city, city + ".away")
    geo.refresh()
    os.rename(city + ".away", city)
    geo.refresh()

    assert geo.describe()["error"] is None
    assert geo.lookup("192.0.2.1") == GENEVA


def test_refresh_leaves_no_file_open(city):
    before = len(os.listdir("/proc/self/fd"))
    geo = GeoDatabase(city)
    for number in range(20):
        os.utime(city, (number, number))
        assert geo.refresh() is True

    assert len(os.listdir("/proc/self/fd")) == before


def test_memory_of_a_replaced_database_is_given_back(city):
    geo = GeoDatabase(city)
    geo.lookup("192.0.2.1")
    for number in range(20):
        os.utime(city, (number, number))
        geo.refresh()
        geo.lookup("198.51.100.1")

    with open("/proc/self/maps", encoding="utf-8") as maps:
        assert sum("memfd:geoip" in line for line in maps) == 1


def test_lookups_from_many_threads_during_refreshes_are_always_right(city):
    geo = GeoDatabase(city)
    wrong = []

    def look():
        for number in range(3000):
            if geo.lookup(f"192.0.2.{number % 256}") != GENEVA:
                wrong.append(number)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(30):
        os.utime(city, (number, number))
        geo.refresh()
    for thread in threads:
        thread.join()

    assert wrong == []
