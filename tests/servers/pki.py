# SPDX-License-Identifier: Apache-2.0
"""A small grid's certificates: an authority with its revocation list, hosts, people, and their proxies.

Knows: the files that grid software expects, and where (IGTF's hashed directory of authorities, VOMS's
LSC files). Refuses to know: who uses them. Proxies are made by VOMS's own tool, so that they are
what a storage finds in the wild.
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.servers.process import HOST, require, run

VO = "atlas"
VOMS_HOST = "voms.example.org"
HOUR = datetime.timedelta(hours=1)
DOMAIN = ("org", "ugr-test")
"""Domain components with which all names begin."""

SIGNING_POLICY = """\
access_id_CA  X509    '{authority}'
pos_rights    globus  CA:sign
cond_subjects globus  '"{domain}/*"'
"""


@dataclass(frozen=True)
class Holder:
    """Somebody with a certificate: PEM files, and the subject as grids write it."""

    subject: str
    certificate: Path
    key: Path
    serial: int


class Pki:
    """The authority ``name`` and all that it issued, below one directory.

    ``authorities`` is a hashed directory with a revocation list, ``bundle`` the authority alone.
    ``host`` is good for localhost and 127.0.0.1; ``user`` and ``other`` are people.
    """

    def __init__(self, place: Path, name: str = "ugr Test CA") -> None:
        self.place = place
        self.authorities = place / "certificates"
        self.vomsdir = place / "vomsdir"
        self.bundle = place / "ca.pem"
        self.authorities.mkdir(parents=True)
        self._name = _named(name)
        self._key = _new_key()
        self._certificate = self._sign(self._name, self._key.public_key(), lasts=1000 * HOUR, authority=True)
        self._revoked: list[int] = []
        self._proxies = 0
        self._write_authority()

    @cached_property
    def host(self) -> Holder:
        """A server on this machine."""
        return self.issue("localhost", unit="Hosts", server=True)

    @cached_property
    def user(self) -> Holder:
        """Somebody."""
        return self.issue("Jane Tester")

    @cached_property
    def other(self) -> Holder:
        """Somebody else."""
        return self.issue("Bob Other")

    def issue(
        self,
        name: str,
        *,
        unit: str = "People",
        server: bool = False,
        starts: datetime.timedelta = -HOUR,
        lasts: datetime.timedelta = 100 * HOUR,
    ) -> Holder:
        """Issue a certificate; it is valid ``starts`` from now, for as long as ``lasts``."""
        subject, key = _named(name, unit), _new_key()
        certificate = self._sign(subject, key.public_key(), starts=starts, lasts=lasts, server=server)
        stem = f"{unit.lower()}-{certificate.serial_number:x}"
        holder = Holder(
            _slashed(subject), self.place / f"{stem}.pem", self.place / f"{stem}.key", certificate.serial_number
        )
        holder.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        _write_key(holder.key, key)
        return holder

    def revoke(self, holder: Holder) -> None:
        """Put a certificate on the revocation list."""
        self._revoked.append(holder.serial)
        self._write_revocations()

    def proxy(self, owner: Holder, fqans: Sequence[str] = (), *options: str) -> Path:
        """Make an RFC 3820 proxy of ``owner``, with VOMS attributes if any are named; return its file.

        ``options`` go to voms-proxy-fake: ``-hours 1``, ``-limited``, ``-pastproxy 30:00``.
        """
        tool = require("voms-proxy-fake", package="voms-clients")
        self._proxies += 1
        out = self.place / f"proxy-{self._proxies}.pem"
        command = [tool, "-quiet", "-rfc", "-cert", owner.certificate, "-key", owner.key, "-certdir", self.authorities]
        if fqans:
            command += ["-hostcert", self._voms.certificate, "-hostkey", self._voms.key, "-voms", VO]
            command += ["-uri", f"{VOMS_HOST}:15001", "-newformat"]
            for fqan in fqans:
                command += ["-fqan", fqan]
        run(*command, "-out", out, *options, log="voms-proxy-fake")
        return out

    @cached_property
    def _voms(self) -> Holder:
        """The VOMS server that vouches for attributes; whoever trusts ``vomsdir`` believes it."""
        holder = self.issue(VOMS_HOST, unit="Hosts", server=True)
        folder = self.vomsdir / VO
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{VOMS_HOST}.lsc").write_text(f"{holder.subject}\n{_slashed(self._name)}\n", encoding="utf-8")
        return holder

    def _sign(
        self,
        subject: x509.Name,
        public: rsa.RSAPublicKey,
        *,
        starts: datetime.timedelta = -HOUR,
        lasts: datetime.timedelta,
        server: bool = False,
        authority: bool = False,
    ) -> x509.Certificate:
        begin = datetime.datetime.now(datetime.UTC) + starts
        serial = x509.random_serial_number()
        builder = x509.CertificateBuilder(self._name, subject, public, serial, begin, begin + lasts)
        builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        builder = builder.add_extension(_usage(authority), critical=True)
        if not authority:
            issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
            purposes = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if server else [])]
            builder = builder.add_extension(issuer, critical=False)
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        if server:
            names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(HOST))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def _write_authority(self) -> None:
        self.bundle.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))
        policy = SIGNING_POLICY.format(authority=_slashed(self._name), domain=_slashed(x509.Name(_domain())))
        for stem in self._hashes:
            (self.authorities / f"{stem}.0").write_bytes(self.bundle.read_bytes())
            (self.authorities / f"{stem}.signing_policy").write_text(policy, encoding="utf-8")
        self._write_revocations()

    def _write_revocations(self) -> None:
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateRevocationListBuilder(self._name, now - HOUR, now + 100 * HOUR)
        for serial in self._revoked:
            entry = x509.RevokedCertificateBuilder(serial, now - HOUR).build()
            builder = builder.add_revoked_certificate(entry)
        revocations = builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        for stem in self._hashes:
            (self.authorities / f"{stem}.r0").write_bytes(revocations)

    @cached_property
    def _hashes(self) -> list[str]:
        """The names under which OpenSSL, new and old, looks for the authority."""
        tool = require("openssl", package="openssl")
        return run(tool, "x509", "-in", self.bundle, "-noout", "-subject_hash", "-subject_hash_old").split()


def _domain() -> list[x509.NameAttribute[str]]:
    return [x509.NameAttribute(NameOID.DOMAIN_COMPONENT, part) for part in DOMAIN]


def _named(name: str, unit: str | None = None) -> x509.Name:
    units = [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit)] if unit else []
    return x509.Name([*_domain(), *units, x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _slashed(name: x509.Name) -> str:
    """Write a name as grids do: ``/DC=org/DC=ugr-test/CN=Jane Tester``."""
    return "".join(f"/{attribute.rfc4514_attribute_name}={attribute.value}" for attribute in name)


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def _write_key(path: Path, key: rsa.RSAPrivateKey) -> None:
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )


def _usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_encipherment=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
