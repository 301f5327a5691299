# SPDX-License-Identifier: Apache-2.0
"""Whom a connection trusts, what it shows, and that renewed credentials are used at once."""

import asyncio
import os
import socket
import ssl
import warnings

import pytest
from cryptography import x509

from tests.integration.transport.servers import plain
from ugr.call import Call
from ugr.errors import Refused, Timeout
from ugr.transport import Credentials
from ugr.transport.leftovers import identity, take_away


def soon(seconds=10.0):
    return Call.until(seconds)


def shown(connection):
    """Answer with the serial number of the certificate that the client showed."""
    certificate = connection.socket.getpeercert(binary_form=True)
    serial = x509.load_der_x509_certificate(certificate).serial_number if certificate else 0
    while connection.read() is not None:
        connection.answer(str(serial).encode())


def ask(run, url, credentials):
    async def scenario(transport):
        answers = [await transport.send("GET", url, call=soon(), credentials=credentials) for _ in range(2)]
        assert answers[0] == answers[1]
        return answers[0]

    return run(scenario)


@pytest.fixture
def secure(serve, authority):
    """A server whose certificate is good for 127.0.0.1."""
    return serve(plain, tls=authority.server(authority.issue("server")))


def test_a_bundle_of_authorities_is_trusted(run, secure, authority):
    assert ask(run, secure.url + "/x", Credentials(ca_file=authority.bundle)).body == b"/x"
    assert secure.connections == 1


def test_a_directory_of_authorities_is_trusted(run, secure, authority, tmp_path_factory):
    folder = authority.directory(tmp_path_factory.mktemp("cas").name)
    assert ask(run, secure.url + "/x", Credentials(ca_directory=folder)).body == b"/x"


def test_with_a_directory_nothing_else_is_trusted(run, secure, authority, stranger, monkeypatch):
    folder = stranger.directory(f"only-{id(run)}")
    monkeypatch.setenv("SSL_CERT_FILE", authority.bundle)
    monkeypatch.setenv("CURL_CA_BUNDLE", authority.bundle)
    with pytest.raises(Refused, match="certificate of the endpoint not accepted"):
        ask(run, secure.url, Credentials(ca_directory=folder, ca_file=authority.bundle))


def test_an_unknown_authority_is_refused(run, secure, stranger):
    for credentials in (Credentials(), Credentials(ca_file=stranger.bundle)):
        with pytest.raises(Refused, match=rf"^127\.0\.0\.1:{secure.port}: certificate of the endpoint not accepted"):
            ask(run, secure.url, credentials)
    assert secure.seen == []


def test_a_wrong_name_is_refused(run, serve, authority):
    server = serve(plain, tls=authority.server(authority.issue("other", address="127.0.0.2")))
    with pytest.raises(Refused, match="certificate of the endpoint not accepted"):
        ask(run, server.url, Credentials(ca_file=authority.bundle))
    assert server.seen == []


def test_verification_can_be_turned_off_and_is_not_shared_with_who_verifies(run, secure, stranger):
    trusting, strict = Credentials(verify=False), Credentials(ca_file=stranger.bundle)

    async def scenario(transport):
        for _ in range(2):
            assert (await transport.send("GET", secure.url, call=soon(), credentials=trusting)).status == 200
            with pytest.raises(Refused):
                await transport.send("GET", secure.url, call=soon(), credentials=strict)

    run(scenario)


def test_authorities_that_cannot_be_read_are_refused_and_looked_at_again(run, secure, authority, tmp_path):
    later = tmp_path / "later.pem"
    credentials = Credentials(ca_file=str(later))

    async def scenario(transport):
        with pytest.raises(Refused, match="certificate authorities not readable"):
            await transport.send("GET", secure.url, call=soon(), credentials=credentials)
        later.write_bytes(authority.pem)
        assert (await transport.send("GET", secure.url, call=soon(), credentials=credentials)).status == 200

    run(scenario)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_certificate_is_shown_and_its_renewal_used_at_once(run, serve, authority, version):
    context = authority.server(authority.issue("server"), clients=authority)
    context.minimum_version = context.maximum_version = version
    server = serve(shown, tls=context)
    old, new = authority.issue("robot"), authority.issue("robot")

    async def scenario(transport):
        async def serial(certificate, method="GET"):
            credentials = Credentials(certificate=certificate.pem, key=certificate.key, ca_file=authority.bundle)
            answer = await transport.send(method, server.url, call=soon(), credentials=credentials)
            return int(answer.body)

        assert [await serial(old) for _ in range(3)] == [old.serial] * 3
        assert [await serial(new) for _ in range(3)] == [new.serial] * 3
        assert await serial(old, "DELETE") == old.serial  # a new connection; a resumed session must be its own
        assert await serial(new, "DELETE") == new.serial
        assert await serial(old) == old.serial

    run(scenario)
    assert server.connections == 4


def test_a_proxy_is_shown_with_its_chain(run, serve, authority):
    context = authority.server(authority.issue("server"), clients=authority)
    context.verify_flags |= ssl.VerifyFlags.VERIFY_ALLOW_PROXY_CERTS
    server = serve(shown, tls=context)
    user = authority.issue("user")
    proxy = authority.proxy(user)
    credentials = Credentials(certificate=proxy.pem, key=proxy.pem, ca_file=authority.bundle)
    assert int(ask(run, server.url, credentials).body) == proxy.serial


def test_a_missing_client_certificate_is_refused(run, serve, authority):
    server = serve(shown, tls=authority.server(authority.issue("server"), clients=authority))
    with pytest.raises(Refused):
        ask(run, server.url, Credentials(ca_file=authority.bundle))


def test_a_client_certificate_that_is_none_is_refused_and_not_shown(run, secure, authority):
    credentials = Credentials(certificate=b"geheim", key=b"geheim", ca_file=authority.bundle)
    with pytest.raises(Refused, match="client certificate or key not usable") as caught:
        ask(run, secure.url, credentials)
    assert "geheim" not in str(caught.value)


def test_a_revoked_certificate_is_refused_only_when_lists_are_read(run, serve, authority):
    good, revoked = authority.issue("good"), authority.issue("revoked")
    folder = authority.directory(f"lists-{id(run)}", revoked=[revoked.serial])
    checked, unchecked = Credentials(ca_directory=folder, crls=True), Credentials(ca_directory=folder)
    servers = [serve(plain, tls=authority.server(certificate)) for certificate in (good, revoked)]
    assert ask(run, servers[0].url, checked).status == 200
    with pytest.raises(Refused, match="revoked"):
        ask(run, servers[1].url, checked)
    assert ask(run, servers[1].url, unchecked).status == 200


def test_lists_that_are_missing_are_refused_until_they_are_there(run, serve, authority):
    revoked = authority.issue("revoked")
    server = serve(plain, tls=authority.server(revoked))
    folder = authority.directory(f"none-{id(run)}")
    credentials = Credentials(ca_directory=folder, crls=True)

    async def scenario(transport):
        with pytest.raises(Refused, match="no readable revocation list"):
            await transport.send("GET", server.url, call=soon(), credentials=credentials)
        assert server.connections == 0
        authority.revoke(folder, [revoked.serial])
        with pytest.raises(Refused, match="revoked"):
            await transport.send("GET", server.url, call=soon(), credentials=credentials)

    run(scenario)


def test_a_list_that_is_renewed_counts_for_the_next_connection(run, serve, authority):
    certificate = authority.issue("soon revoked")
    server = serve(plain, tls=authority.server(certificate))
    folder = authority.directory(f"renewed-{id(run)}", revoked=[])
    credentials = Credentials(ca_directory=folder, crls=True)

    async def scenario(transport):
        assert (await transport.send("GET", server.url, call=soon(), credentials=credentials)).status == 200
        authority.revoke(folder, [certificate.serial])
        with pytest.raises(Refused, match="revoked"):
            await transport.send("DELETE", server.url, call=soon(), credentials=credentials)

    run(scenario)


def test_tls_connections_are_kept_although_tickets_come_late(run, serve, authority):
    server = serve(plain, tls=authority.server(authority.issue("server")))
    credentials = Credentials(ca_file=authority.bundle)

    async def scenario(transport):
        for number in range(10):
            await transport.send("HEAD", server.url, call=soon(), credentials=credentials)
            await asyncio.sleep(0.01 if number % 2 else 0)

    run(scenario)
    assert server.connections == 1


def test_a_server_without_tls_is_no_tls_server(run, serve, authority):
    server = serve(lambda connection: connection.send(b"220 hello\r\n" * 10))
    with pytest.raises((Refused, Timeout), match=f"127.0.0.1:{server.port}: TLS handshake failed"):
        ask(run, f"https://127.0.0.1:{server.port}/", Credentials(ca_file=authority.bundle))


def test_old_tls_is_not_spoken(run, serve, authority):
    context = authority.server(authority.issue("server"))
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(Refused):
        ask(run, serve(plain, tls=context).url, Credentials(ca_file=authority.bundle))


def test_only_tcp_connections_that_speak_are_shut_down(tmp_path):
    with open(tmp_path / "file", "w+b") as file:
        assert not take_away(file.fileno(), identity(file.fileno()))
    one, two = socket.socketpair()
    with one, two:
        two.send(b"x")
        assert not take_away(one.fileno(), identity(one.fileno()))
        assert one.recv(9) == b"x"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one = socket.create_connection(listener.getsockname())
        two, _ = listener.accept()
        with one, two:
            assert not take_away(one.fileno(), identity(one.fileno()))
            two.send(b"x")
            assert not take_away(one.fileno(), identity(two.fileno()))
            assert take_away(one.fileno(), identity(one.fileno()))
            assert two.recv(9) == b""
    assert not take_away(os.dup(0) + 1000, 1)
