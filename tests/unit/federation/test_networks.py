# SPDX-License-Identifier: Apache-2.0
"""Which network an address is in."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ugr.config.settings import NetworkSettings
from ugr.federation.networks import Networks


def networks(**blocks):
    return Networks(
        {
            name: NetworkSettings(addresses=tuple(ipaddress.ip_network(block) for block in text.split()))
            for name, text in blocks.items()
        }
    )


SITES = networks(
    everything="0.0.0.0/0 ::/0",
    lab="192.0.2.0/24 2001:db8::/32",
    cluster="192.0.2.128/25 2001:db8:0:5::/64",
    gateway="192.0.2.200 2001:db8:0:5::1",
    mapped="::ffff:198.51.100.0/120",
)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("192.0.2.1", "lab"),
        ("192.0.2.127", "lab"),
        ("192.0.2.128", "cluster"),
        ("192.0.2.200", "gateway"),
        ("192.0.2.201", "cluster"),
        ("192.0.3.0", "everything"),
        ("::ffff:192.0.2.200", "gateway"),
        ("2001:db8:ffff::1", "lab"),
        ("2001:db8:0:5::2", "cluster"),
        ("2001:DB8:0:5:0::1", "gateway"),
        ("2001:db9::", "everything"),
        ("198.51.100.7", "mapped"),
        ("::ffff:198.51.100.7", "mapped"),
    ],
)
def test_most_specific_network_wins(address, name):
    found = SITES.find(address)

    assert found is not None
    assert found[0] == name


@pytest.mark.parametrize("address", ["", "lab", "192.0.2", "192.0.2.300", "192.0.2.1/24", "192.0.2.1 ", "[::1]"])
def test_text_that_is_no_address_is_in_no_network(address):
    assert SITES.find(address) is None


def test_address_outside_all_networks_is_in_none():
    assert networks(lab="192.0.2.0/24").find("198.51.100.1") is None
    assert networks(lab="192.0.2.0/24").find("2001:db8::1") is None
    assert Networks({}).find("192.0.2.1") is None


def test_ipv4_and_ipv6_blocks_do_not_mix():
    assert networks(low="::/96").find("0.0.0.1") is None
    assert networks(all4="0.0.0.0/0").find("::1") is None


def test_find_returns_the_settings_of_the_network():
    settings = NetworkSettings(addresses=(ipaddress.ip_network("192.0.2.0/24"),), prefer=("cern",))

    assert Networks({"lab": settings}).find("192.0.2.9") == ("lab", settings)


def test_of_two_networks_with_one_block_the_first_written_has_it():
    assert networks(first="192.0.2.0/24", second="192.0.2.0/24").find("192.0.2.1")[0] == "first"


blocks = st.builds(
    lambda bits, length: ipaddress.ip_network((bits, length), strict=False),
    st.integers(0, 0xFF).map(lambda low: 0xC0000200 | low),
    st.integers(20, 32),
)


@given(st.lists(blocks, max_size=8), st.integers(0, 0x3FF).map(lambda low: ipaddress.ip_address(0xC0000000 | low)))
def test_find_agrees_with_a_search_through_all_blocks(found, address):
    settings = {f"n{number}": NetworkSettings(addresses=(block,)) for number, block in enumerate(found)}
    holding = [block for block in found if address in block]

    result = Networks(settings).find(str(address))

    if holding:
        assert result is not None
        assert result[1].addresses[0].prefixlen == max(block.prefixlen for block in holding)
    else:
        assert result is None
