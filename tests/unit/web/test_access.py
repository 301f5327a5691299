# SPDX-License-Identifier: Apache-2.0
"""Credentials are shown to whom they are for, as long as they are good, and said to be bad in time."""

from __future__ import annotations

import datetime
import logging
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ugr.errors import PermissionDenied, Refused, Unauthenticated
from ugr.plugin import Secret
from ugr.plugin.web import Access, AccessOptions, Certificates

URL = "https://dav.example.org/data"
NOW = time.time()
DAY = 86400.0


class Pair:
    """A certificate and its key, in PEM, good for some seconds from now; ``signer`` makes it a proxy."""

    def __init__(self, seconds: float = 100 * DAY, starts: float = -DAY, signer: Pair | None = None) -> None:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody")])
        self.private = ec.generate_private_key(ec.SECP256R1())
        moments = [datetime.datetime.fromtimestamp(NOW + offset, datetime.UTC) for offset in (starts, seconds)]
        builder = x509.CertificateBuilder(name, name, self.private.public_key(), x509.random_serial_number(), *moments)
        made = builder.sign((signer or self).private, hashes.SHA256())
        self.certificate = made.public_bytes(serialization.Encoding.PEM).decode()
        self.key = self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        if signer is not None:
            self.certificate += self.key + signer.certificate


@pytest.fixture
def kept(tmp_path):
    """Keep a secret in a file: ``kept(name, text)``; again to renew it."""
    made: dict[str, Secret] = {}

    def keep(name: str, text: str) -> Secret:
        (tmp_path / name).write_text(text, encoding="utf-8")
        if name in made:
            made[name].reload()
        else:
            made[name] = Secret(file=str(tmp_path / name))
        return made[name]

    return keep


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def access(clock=time.time, **options) -> Access:
    return Access(AccessOptions(**{"url": URL} | options), clock)


def test_nothing_is_shown_when_nothing_is_configured():
    credentials, headers = access().ours()
    assert (credentials.user, credentials.certificate, headers) == (None, None, ())
    assert credentials.verify


def test_a_password_is_for_http_authentication():
    credentials, headers = access(user="ugr", password=Secret(literal="secret"), authentication="digest").ours()
    assert (credentials.user, credentials.password, credentials.digest, headers) == ("ugr", "secret", True, ())


def test_a_renewed_token_is_shown_from_then_on(kept):
    ours = access(token=kept("token", "old"))
    assert ours.ours().headers == (("Authorization", "Bearer old"),)
    kept("token", "newer")
    assert ours.ours().headers == (("Authorization", "Bearer newer"),)


def test_the_same_credentials_are_the_same_object_so_that_connections_are_kept(kept):
    pair = Pair()
    ours = access(certificate=kept("pem", pair.certificate + pair.key))
    assert ours.ours() is ours.ours()


def test_a_renewed_certificate_is_another_set_of_credentials(kept):
    old, new = Pair(), Pair()
    ours = access(certificate=kept("pem", old.certificate + old.key))
    before = ours.ours().credentials
    kept("pem", new.certificate + new.key)
    after = ours.ours().credentials
    assert before != after
    assert after.certificate == after.key
    assert new.certificate.encode() in after.certificate


def test_a_certificate_whose_key_is_not_renewed_yet_is_not_used_yet(kept):
    old, new = Pair(), Pair()
    ours = access(certificate=kept("cert", old.certificate), key=kept("key", old.key))
    before = ours.ours().credentials
    kept("cert", new.certificate)
    assert ours.ours().credentials == before
    kept("key", new.key)
    assert ours.ours().credentials.certificate.decode().strip() == new.certificate.strip()


@pytest.mark.parametrize(
    ("certificate", "key", "says"),
    [
        ("nonsense", None, "not a certificate"),
        (Pair().certificate, None, "no key"),
        (Pair().certificate, Pair().key, "do not belong together"),
        (Pair().certificate, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "key cannot be read"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_said_so(kept, certificate, key, says):
    options = {"certificate": kept("cert", certificate)}
    if key is not None:
        options["key"] = kept("key", key)
    ours = access(**options)
    with pytest.raises(Unauthenticated, match=says) as caught:
        ours.ours()
    assert "AAAA" not in caught.value.message


def test_an_expired_certificate_is_not_shown(kept):
    clock, pair = Clock(), Pair(seconds=DAY)
    ours = access(clock, certificate=kept("pem", pair.certificate + pair.key))
    assert ours.ours().credentials.certificate
    clock.now += DAY + 1
    with pytest.raises(Unauthenticated, match=r"expired \d{4}-\d\d-\d\d .* UTC; renew it"):
        ours.ours()
    longer = Pair()
    kept("pem", longer.certificate + longer.key)
    assert ours.ours().credentials.certificate


def test_a_proxy_is_good_no_longer_than_the_certificate_that_made_it():
    maker = Pair(seconds=DAY)
    proxy = Pair(seconds=2 * DAY, signer=maker)
    validity = Certificates.read(proxy.certificate.encode(), proxy.certificate.encode())
    assert validity.expires == pytest.approx(NOW + DAY, abs=2)


@pytest.mark.parametrize(
    ("life", "left", "warns"),
    [(DAY, 4 * 3600.0, False), (DAY, 2 * 3600.0, True), (400 * DAY, 15 * DAY, False), (400 * DAY, 13 * DAY, True)],
)
def test_the_end_of_a_certificate_is_told_once_and_in_time(kept, caplog, life, left, warns):
    clock, pair = Clock(), Pair(seconds=left, starts=left - life)
    ours = access(clock, certificate=kept("pem", pair.certificate + pair.key))
    with caplog.at_level(logging.WARNING):
        assert ours.watch("site") == ours.watch("site") == 60.0
    assert [record.getMessage()[:45] for record in caplog.records] == (
        ["[endpoint:site] the client certificate expire"] if warns else []
    )


def test_nothing_is_watched_without_a_certificate():
    assert access().watch("site") is None


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://dav.example.org/other", True),
        ("https://DAV.example.org:443/data/x", True),
        ("https://pool1.pools.example.org:1094/x", True),
        ("https://mirror.example.net/x", True),
        ("http://dav.example.org/data", False),
        ("http://pool1.pools.example.org/x", False),
        ("https://dav.example.org:8443/data", False),
        ("https://evilpools.example.org/x", False),
        ("https://pools.example.org/x", False),
        ("https://dav.example.org.example.net/data", False),
        ("https://[::1]/x", False),
    ],
)
def test_credentials_are_shown_to_the_server_and_to_trusted_hosts_only(url, shown):
    ours = access(token=Secret(literal="t"), trusted_hosts=("*.pools.example.org", "Mirror.example.net"))
    assert ours.proof(url).headers == ((("Authorization", "Bearer t"),) if shown else ())


def test_an_expired_certificate_does_not_matter_to_others(kept):
    pair = Pair(seconds=-1, starts=-DAY)
    ours = access(certificate=kept("pem", pair.certificate + pair.key))
    assert ours.proof("https://another.example.org/x").credentials.certificate is None


@pytest.mark.parametrize(
    ("message", "options", "error", "says"),
    [
        ("h:443: connection lost: tlsv13 alert certificate required", {}, Unauthenticated, "write certificate"),
        ("h:443: TLS handshake failed: sslv3 alert certificate expired", {}, Unauthenticated, "write certificate"),
        ("h:443: the endpoint wants a client certificate", {}, Unauthenticated, "write certificate"),
        ("h:443: tlsv1 alert unknown ca", {"certificate": Secret(literal="x")}, Unauthenticated, "renew it"),
        ("h:443: sslv3 alert handshake failure", {}, Refused, "handshake failure"),
        ("h:443: no connection: connection refused", {}, Refused, "connection refused"),
        ("h:443: certificate of the endpoint not accepted: unable to get issuer", {}, Refused, "not accepted"),
    ],
)
def test_a_handshake_that_breaks_over_our_certificate_is_a_refusal_of_it(message, options, error, says):
    found = access(**options).judged(Refused(message))
    assert type(found) is error
    assert says in found.message


@pytest.mark.parametrize(("status", "error"), [(401, Unauthenticated), (403, PermissionDenied)])
def test_a_refusal_says_which_credential(status, error):
    found = access(token=Secret(literal="very secret")).refusal(status, "the storage answered")
    assert type(found) is error
    assert "bearer token" in found.message
    assert "very secret" not in found.message
