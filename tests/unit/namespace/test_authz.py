# SPDX-License-Identifier: Apache-2.0
"""What is granted, what is refused, and what the refusal says."""

import ipaddress

import pytest

from ugr.call import Call
from ugr.config.settings import AclSettings, NetworkSettings
from ugr.errors import PermissionDenied
from ugr.model import Right
from ugr.namespace.authz import Authorizer, Operator

NETWORKS = {
    "cern": NetworkSettings(addresses=(ipaddress.ip_network("192.0.2.0/24"), ipaddress.ip_network("2001:db8::/32")))
}


def from_(address):
    return Call.until(1.0, address=address)


def authorizer(**acls):
    return Authorizer({prefix.replace("_", "/") or "/": acl for prefix, acl in acls.items()}, NETWORKS)


def test_nothing_configured_refuses_and_says_which_line_is_missing():
    with pytest.raises(PermissionDenied) as caught:
        Authorizer({}, {}).require(Right.READ, "/f", from_("192.0.2.1"))
    assert '"read = anonymous" to [acl:/]' in caught.value.message


def test_grant_names_the_section_that_gave_it():
    permit = authorizer(_atlas=AclSettings(read=("anonymous",))).require(Right.READ, "/atlas/d/f", from_(None))
    assert (permit.granted_by, permit.right, permit.path) == ("[acl:/atlas]", Right.READ, "/atlas/d/f")


def test_prefix_ends_on_a_component_boundary():
    rules = authorizer(_atlas=AclSettings(read=("any",)))
    assert rules.allows(Right.READ, "/atlas", from_(None))
    assert not rules.allows(Right.READ, "/atlasX", from_(None))
    assert not rules.allows(Right.READ, "/", from_(None))


def test_rights_are_inherited_one_by_one_and_the_deepest_word_counts():
    rules = Authorizer(
        {
            "/": AclSettings(read=("anonymous",), list=("anonymous",)),
            "/secret": AclSettings(read=("nobody",)),
            "/secret/open": AclSettings(read=("any",)),
        },
        NETWORKS,
    )
    client = from_("198.51.100.1")
    assert rules.allows(Right.READ, "/f", client)
    assert not rules.allows(Right.READ, "/secret/f", client)
    assert rules.allows(Right.LIST, "/secret", client)
    assert rules.allows(Right.READ, "/secret/open/f", client)
    assert not rules.allows(Right.WRITE, "/f", client)
    assert not rules.allows(Right.DELETE, "/f", client)
    assert not rules.allows(Right.COPY, "/f", client)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("192.0.2.77", True),
        ("::ffff:192.0.2.77", True),
        ("2001:db8::1", True),
        ("192.0.3.1", False),
        ("2001:db9::1", False),
        ("not an address", False),
        (None, False),
    ],
)
def test_network_grants_by_address(address, allowed):
    rules = Authorizer({"/": AclSettings(read=("network:cern",))}, NETWORKS)
    assert rules.allows(Right.READ, "/f", from_(address)) is allowed


def test_refusal_says_who_one_is_and_who_may():
    rules = Authorizer({"/": AclSettings(read=("network:cern",))}, NETWORKS)
    with pytest.raises(PermissionDenied, match=r"anonymous may not read here: \[acl:/\] grants read to network:cern"):
        rules.require(Right.READ, "/f", from_("198.51.100.1"))


def test_empty_list_grants_to_nobody():
    with pytest.raises(PermissionDenied, match="to nobody"):
        Authorizer({"/": AclSettings(read=())}, {}).require(Right.READ, "/f", from_(None))


def test_operator_may_do_everything():
    assert Operator().require(Right.DELETE, "/f", from_(None)).granted_by == "operator"
    assert Operator().allows(Right.WRITE, "/f", from_(None))
