# SPDX-License-Identifier: Apache-2.0
"""A certificate authority for one test run: certificates, revocation lists, hashed directories."""

import datetime
import hashlib
import ipaddress
import pathlib
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.datetime.now(datetime.UTC)
PROXY = x509.UnrecognizedExtension(  # RFC 3820, 3.8: proxyCertInfo, no limit of length, inherits all
    x509.ObjectIdentifier("1.3.6.1.5.5.7.1.14"), bytes.fromhex("300c300a06082b06010505071501")
)
DAY = datetime.timedelta(days=1)


def named(name):
    """Make a name; lower case, because OpenSSL hashes names in a canonical form that is."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def name_hash(name):
    """Return the file name under which OpenSSL looks for an authority (X509_NAME_hash)."""
    encoded = name.public_bytes()
    return f"{int.from_bytes(hashlib.sha1(encoded[2:]).digest()[:4], 'little'):08x}"


class Certificate:
    """A certificate with its key, as PEM."""

    def __init__(self, certificate, key, chain=b""):
        self.certificate = certificate
        self.private = key
        self.serial = certificate.serial_number
        self.pem = certificate.public_bytes(serialization.Encoding.PEM) + chain
        self.key = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


class Authority:
    """Issues certificates; everything is written below one directory."""

    def __init__(self, name, folder):
        self.name = named(name)
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = self._sign(self.name, self._key.public_key(), self.name, self._key, authority=True)
        self.pem = self._certificate.public_bytes(serialization.Encoding.PEM)
        self.bundle = str(folder / "bundle.pem")
        (folder / "bundle.pem").write_bytes(self.pem)

    def directory(self, name, revoked=None):
        """Write a hashed directory; with ``revoked`` (serial numbers), also a revocation list."""
        folder = self.folder / name
        folder.mkdir()
        (folder / f"{name_hash(self.name)}.0").write_bytes(self.pem)
        if revoked is not None:
            self.revoke(folder, revoked)
        return str(folder)

    def revoke(self, folder, serials):
        """Write the revocation list of a hashed directory."""
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.name)
        builder = builder.last_update(NOW - DAY).next_update(NOW + 30 * DAY)
        for serial in serials:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW - DAY).build()
            builder = builder.add_revoked_certificate(entry)
        crl = builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        (pathlib.Path(folder) / f"{name_hash(self.name)}.r0").write_bytes(crl)

    def issue(self, name, address="127.0.0.1"):
        """Issue a certificate for a host address (or a client)."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        return Certificate(self._sign(named(name), key.public_key(), self.name, self._key, alternative), key)

    def proxy(self, owner):
        """Let a certificate sign another one, as a grid proxy is signed; the PEM holds the chain."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([*owner.certificate.subject, x509.NameAttribute(NameOID.COMMON_NAME, "12345")])
        signed = self._sign(name, key.public_key(), owner.certificate.subject, owner.private, PROXY, critical=True)
        made = Certificate(signed, key)
        made.pem = made.pem + made.key + owner.pem
        return made

    def server(self, certificate, clients=None):
        """Make a server's context; with ``clients`` (an authority), clients must show a certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        path = self.folder / f"{certificate.serial}.pem"
        path.write_bytes(certificate.pem + certificate.key)
        context.load_cert_chain(path)
        if clients is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=clients.pem.decode())
        return context

    @staticmethod
    def _sign(name, public, issuer, key, extension=None, *, authority=False, critical=False):
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - DAY)
            .not_valid_after(NOW + 30 * DAY)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if extension is not None:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(key, hashes.SHA256())
