# SPDX-License-Identifier: Apache-2.0
"""Who may come in, under which name, from where, and how long they have."""

from __future__ import annotations

import ipaddress
import time
from typing import Any

import pytest

from tests.unit.frontend.fake import Client, FakeNamespace, World
from tests.unit.identity.test_chain import Tokens
from ugr.identity import IdentityChain

HERE = tuple(ipaddress.ip_network(text) for text in ("127.0.0.1/32", "10.0.0.0/8", "2001:db8:1::/48"))


def address_seen(world: World, ask: Client, peer: str, **headers: str) -> str | None:
    """Return the client address with which the namespace was asked."""
    environ = ask.environ("GET", "/fed/atlas/f", {name.replace("_", "-"): text for name, text in headers.items()}, b"")
    environ["REMOTE_ADDR"] = peer
    status, _, _ = ask.open(environ)
    assert status == 302
    return world.namespace.calls[-1].address


def test_forwarded_address_of_a_stranger_is_not_believed(world: World, ask: Client) -> None:
    world.configure(trusted_proxies=HERE)
    assert address_seen(world, ask, "192.0.2.7", X_Forwarded_For="198.51.100.1") == "192.0.2.7"


def test_forwarded_address_of_a_trusted_proxy_is_believed(world: World, ask: Client) -> None:
    world.configure(trusted_proxies=HERE)
    assert (
        address_seen(world, ask, "127.0.0.1", X_Forwarded_For="203.0.113.9, 198.51.100.1, 10.1.1.1") == "198.51.100.1"
    )


def test_nobody_is_trusted_unless_configured(world: World, ask: Client) -> None:
    assert address_seen(world, ask, "127.0.0.1", X_Forwarded_For="198.51.100.1") == "127.0.0.1"


@pytest.mark.parametrize(("trusted", "expected"), [(True, "198.51.100.1"), (False, None)])
def test_unix_socket_is_trusted_only_when_configured(
    world: World, ask: Client, trusted: bool, expected: str | None
) -> None:
    world.configure(trusted_sockets=trusted)
    assert address_seen(world, ask, "", X_Forwarded_For="198.51.100.1") == expected


def test_ipv4_client_of_an_ipv6_socket_has_an_ipv4_address(world: World, ask: Client) -> None:
    assert address_seen(world, ask, "::ffff:192.0.2.7") == "192.0.2.7"


def slashed(ask: Client, peer: str = "192.0.2.7", **headers: Any) -> tuple[int, str | None]:
    """Ask for a directory as a browser does without a slash: the answer's Location has scheme and host."""
    fields = {"Accept": "text/html"} | {name.replace("_", "-"): text for name, text in headers.items()}
    environ = ask.environ("GET", "/fed/atlas", fields, b"")
    environ["REMOTE_ADDR"] = peer
    if "Host" in headers and headers["Host"] is None:
        del environ["HTTP_HOST"]
    status, pairs, _ = ask.open(environ)
    return status, dict(pairs).get("Location")


def test_scheme_and_host_are_those_of_the_request(ask: Client) -> None:
    assert slashed(ask) == (301, "http://fed.example/fed/atlas/")


def test_forwarded_scheme_is_believed_of_a_trusted_proxy_only(world: World, ask: Client) -> None:
    world.configure(trusted_proxies=HERE)
    assert slashed(ask, "127.0.0.1", X_Forwarded_Proto="https") == (301, "https://fed.example/fed/atlas/")
    assert slashed(ask, "127.0.0.1", X_Forwarded_Proto="gopher") == (301, "http://fed.example/fed/atlas/")
    assert slashed(ask, "192.0.2.7", X_Forwarded_Proto="https") == (301, "http://fed.example/fed/atlas/")


def test_public_url_wins_over_host(world: World, ask: Client) -> None:
    world.configure(public_url="https://public.example:8443")
    assert slashed(ask) == (301, "https://public.example:8443/fed/atlas/")


@pytest.mark.parametrize("host", ["evil example", "a/b", "fed.example@evil", "a,b", "", "[::1", "fed.example:99999"])
def test_forged_host_is_refused(ask: Client, host: str) -> None:
    answer = ask("GET", "/fed/atlas/f", {"Host": host})
    assert answer.status == 400
    assert answer.text.startswith("400 bad-host:")


def test_host_that_is_not_allowed_is_refused(world: World, ask: Client) -> None:
    world.configure(allowed_hosts=("fed.example", "other.example:8443"))
    assert slashed(ask)[0] == 301
    assert slashed(ask, Host="FED.example:9000")[0] == 301
    assert slashed(ask, Host="other.example:8443")[0] == 301
    assert slashed(ask, Host="other.example:80")[0] == 400
    assert slashed(ask, Host="evil.example")[0] == 400


def test_name_in_public_url_is_allowed(world: World, ask: Client) -> None:
    world.configure(allowed_hosts=("internal.example",), public_url="https://public.example")
    assert slashed(ask, Host="public.example")[0] == 301


def test_health_is_answered_under_any_name(world: World, ask: Client) -> None:
    world.configure(allowed_hosts=("fed.example",))
    assert ask("GET", "/-/health/live", {"Host": "10.0.0.5:8080"}).status == 200
    assert ask("GET", "/-/health/live", {"Host": "a b"}).status == 400


def test_http_1_1_needs_a_host_and_1_0_does_not(ask: Client) -> None:
    environ = ask.environ("GET", "/fed/atlas", {"Accept": "text/html"}, b"")
    del environ["HTTP_HOST"]
    assert ask.open(dict(environ))[0] == 400
    status, headers, _ = ask.open(environ | {"SERVER_PROTOCOL": "HTTP/1.0"})
    assert (status, dict(headers)["Location"]) == (301, "http://127.0.0.1:8080/fed/atlas/")


def test_whole_url_as_target_names_the_host(ask: Client) -> None:
    answer = ask("GET", "http://named.example/fed/atlas", {"Accept": "text/html"})
    assert answer["Location"] == "http://named.example/fed/atlas/"


def test_target_as_sent_counts_not_what_the_server_made_of_it(ask: Client) -> None:
    environ = ask.environ("GET", "/fed/atlas/../secret", {}, b"") | {"PATH_INFO": "/fed/secret"}
    assert ask.open(environ)[0] == 400


def test_request_uri_and_then_path_info_are_used_where_there_is_no_raw_uri(ask: Client) -> None:
    environ = ask.environ("HEAD", "/fed/atlas/f", {}, b"")
    del environ["RAW_URI"]
    assert ask.open(environ | {"REQUEST_URI": "/fed/atlas/f?x"})[0] == 200
    assert ask.open(environ | {"PATH_INFO": "/fed/atlas/a b&<c>'\"\u00c3\u00a9%"})[0] == 200
    assert ask.open(environ | {"SCRIPT_NAME": "/fed", "PATH_INFO": "/atlas/f"})[0] == 200
    assert ask.open(environ | {"PATH_INFO": "/fed/atlas//f"})[0] == 400
    assert ask.open(environ | {"PATH_INFO": "/fed/atlas/\xff"})[0] == 400


def test_request_id_of_the_client_is_kept_when_it_is_one(ask: Client) -> None:
    assert ask("GET", "/fed/atlas/f", {"X-Request-Id": "job-1.2_3"})["Ugr-Request-Id"] == "job-1.2_3"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "a\r\nSet-Cookie: b"])
def test_other_request_id_is_replaced(ask: Client, given: str) -> None:
    answer = ask("GET", "/fed/atlas/f", {"X-Request-Id": given})
    assert len(answer["Ugr-Request-Id"]) == 16


def test_call_ends_with_the_configured_deadline(world: World, ask: Client) -> None:
    world.configure(deadline=2.0)
    before = time.monotonic()
    ask("GET", "/fed/atlas/f")
    call = world.namespace.calls[-1]
    assert before + 2.0 <= call.deadline <= time.monotonic() + 2.0


def test_listing_has_its_own_deadline(world: World, ask: Client) -> None:
    world.configure(listing_deadline=30.0)
    before = time.monotonic()
    ask("GET", "/fed/atlas/")
    assert before + 30.0 <= world.namespace.calls[-1].deadline <= time.monotonic() + 30.0


def test_prefix_counts_on_component_boundaries(world: World, ask: Client) -> None:
    assert ask("GET", "/fedora/atlas/f").status == 404
    assert ask("GET", "/Fed/atlas/f").status == 404
    assert ask("GET", "/%66ed/atlas/f").status == 302


def test_namespace_can_be_the_whole_host(world: World, ask: Client) -> None:
    world.configure(prefix="/")
    assert ask("GET", "/atlas/f").status == 302
    assert "</D:multistatus>" in ask("PROPFIND", "/", {"Depth": "1"}).text
    assert "<D:href>/atlas/</D:href>" in ask("PROPFIND", "/", {"Depth": "1"}).text
    assert ask("GET", "/-/health/live").text == "ok\n"


def test_prefix_can_be_deep(world: World, ask: Client) -> None:
    world.configure(prefix="/store/fed/")
    assert ask("GET", "/store/fed/atlas/f").status == 302
    assert ask("PROPFIND", "/store", {"Depth": "1"}).text.count("<D:href>/store/fed/</D:href>") == 1
    assert ask("GET", "/store/other").status == 404


def test_reload_swaps_settings_and_namespace_for_the_next_request(world: World, ask: Client) -> None:
    assert ask("GET", "/fed/new").status == 404
    world.namespace = FakeNamespace()
    world.namespace.file("/new")
    world.configure(prefix="/other")
    assert ask("GET", "/fed/new").status == 404
    assert ask("GET", "/other/new").status == 302


def test_identity_goes_with_the_call(world: World) -> None:
    world.chain = IdentityChain([Tokens("Bearer good", "alice")])
    Client(world.app())("GET", "/fed/atlas/f", {"Authorization": "Bearer good"})
    assert world.namespace.calls[-1].identity.name == "alice"


def test_bad_credential_is_401_with_the_challenges(world: World) -> None:
    world.chain = IdentityChain([Tokens("Bearer good", "alice")])
    answer = Client(world.app())("GET", "/fed/atlas/f", {"Authorization": "Bearer bad"})
    assert (answer.status, answer["WWW-Authenticate"]) == (401, "Bearer")
