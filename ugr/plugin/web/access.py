# SPDX-License-Identifier: Apache-2.0
"""How questions prove who asks: the options for it, and the credentials in force.

Knows: which options hold them, to whom they are shown, when they expire. Refuses to know: files,
and when they are read again; the core does that. Requests too.

Credentials are shown to the configured server, and to ``trusted_hosts`` when it redirects there; to
nobody else, and never over plain HTTP when the server is asked over TLS.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from ugr.config.types import Path, Secret, Url, Words
from ugr.errors import PermissionDenied, UgrError, Unauthenticated
from ugr.plugin.options import EndpointOptions, option
from ugr.plugin.web.certificates import Certificates
from ugr.plugin.web.trail import origin
from ugr.transport import Credentials

log = logging.getLogger(__name__)

Fields = tuple[tuple[str, str], ...]

LOOK_EVERY = 60.0
"""Seconds after which the end of a certificate is looked at again."""

FORTNIGHT = 14 * 86400.0

_HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?\Z|\[[0-9a-f:.]+\]\Z")

# What TLS servers say of a client's certificate (RFC 8446, 6.2), in OpenSSL's words.
_REFUSED_CERTIFICATE = re.compile(
    r"alert (bad certificate|(unsupported )?certificate( \w+)?|unknown ca|access denied)"
    r"|wants a client certificate"
)


@dataclass(frozen=True, kw_only=True)
class AccessOptions(EndpointOptions):
    """What an administrator writes for an endpoint on a web server: where it is, who asks, whom to trust."""

    url: Url = option(
        help="Where ugr reaches the directory that is the endpoint's root.", example="https://dav.example.org/data"
    )
    user: str | None = option(None, help="User for HTTP authentication.", example="ugr")
    password: Secret | None = option(None, help="Password of that user.", example="/etc/ugr/web.password")
    authentication: str = option(
        "basic",
        help="How user and password are shown: basic (RFC 7617), or digest (RFC 7616), which does not send the "
        "password itself and costs one more request now and then.",
        choices=("basic", "digest"),
    )
    token: Secret | None = option(
        None, help="Bearer token that is sent with each question (RFC 6750).", example="/etc/ugr/token"
    )
    certificate: Secret | None = option(
        None,
        help="Client certificate, with its chain, in PEM; a grid proxy has the key in the same file.",
        example="/etc/grid-security/hostcert.pem",
    )
    key: Secret | None = option(
        None,
        help="Key of the certificate, in PEM without a passphrase, unless the certificate's file has it.",
        example="/etc/grid-security/hostkey.pem",
    )
    ca_directory: Path | None = option(
        None,
        help="Hashed directory of the authorities that may vouch for the server; only these are trusted then.",
        example="/etc/grid-security/certificates",
    )
    ca_file: Path | None = option(
        None, help="File of the authorities that may vouch for the server, in PEM.", example="/etc/ssl/site-ca.pem"
    )
    crls: bool = option(False, help="Whether revocation lists in ca_directory are checked; each authority needs one.")
    verify: bool = option(True, help="Whether the server's certificate is checked. No is for tests only.")
    trusted_hosts: Words = option(
        (),
        help="Further hosts of the same storage. Where the server redirects to one of them, credentials are shown "
        "there too.",
        example="*.pools.example.org",
    )


def access_faults(options: AccessOptions) -> list[str]:
    """Return what is wrong with these options, a remedy with each."""
    faults = []
    if (options.user is None) != (options.password is None):
        faults.append("user, password: one is of no use without the other; write both")
    if options.user is not None and options.token is not None:
        faults.append("token: a server takes a password or a token, not both; leave one out")
    if options.authentication == "digest" and options.user is None:
        faults.append("authentication = digest: is about user and password; write both, or leave it out")
    if options.key is not None and options.certificate is None:
        faults.append("key: is that of a certificate; write certificate_file too")
    if options.certificate is not None and not options.url.startswith("https:"):
        faults.append(f"certificate: is shown over TLS only, and url = {options.url} is not https")
    if options.crls and options.ca_directory is None:
        faults.append("crls: the lists are read from ca_directory; write that too")
    for host in options.trusted_hosts:
        if not _HOST.match(host.lower()):
            faults.append(f"trusted_hosts = {host}: is not a host; write for example pool1.example.org *.example.org")
    return faults


class Proof(NamedTuple):
    """What goes with a question: connections of one kind, and header fields."""

    credentials: Credentials
    headers: Fields


class Access:
    """Gives out what proves who asks: the same objects until a secret changes. Used on the loop."""

    def __init__(self, options: AccessOptions, clock: Callable[[], float] = time.time) -> None:
        self._options = options
        self._clock = clock
        self._origin = origin(options.url)
        self._secure = options.url.startswith("https:")
        self._versions: tuple[int, ...] | None = None
        self._ours = Proof(Credentials(), ())
        self._validity: Certificates | None = None
        self._unusable: str | None = None
        self._warned: float | None = None
        trust = Credentials(
            ca_directory=options.ca_directory, ca_file=options.ca_file, crls=options.crls, verify=options.verify
        )
        self._nothing = Proof(trust, ())

    @property
    def words(self) -> str:
        """What is shown, for messages: ``the bearer token``; "" when nothing is."""
        options = self._options
        if options.token is not None:
            return "the bearer token"
        if options.user is not None:
            return "the user with this password"
        return "the client certificate" if options.certificate is not None else ""

    def proof(self, url: str) -> Proof:
        """Return what goes with a question to a URL; Unauthenticated when our own credentials cannot be used."""
        return self.ours() if self._trusted(url) else self._nothing

    def ours(self) -> Proof:
        """Return what is shown to the configured server."""
        self._renew()
        if self._unusable is not None:
            raise Unauthenticated(f"the client certificate cannot be used: {self._unusable}; check certificate and key")
        if self._validity is not None and self._clock() >= self._validity.expires:
            raise Unauthenticated(f"the client certificate expired {_moment(self._validity.expires)}; renew it")
        return self._ours

    def watch(self, name: str) -> float | None:
        """Log, once for each certificate, that its end is near; return the seconds to the next look."""
        if self._options.certificate is None:
            return None
        self._renew()
        validity = self._validity
        if self._unusable is not None:
            log.warning("[endpoint:%s] the client certificate cannot be used: %s", name, self._unusable)
        elif validity is not None and self._warned != validity.expires:
            left = validity.expires - self._clock()
            if left < min(FORTNIGHT, (validity.expires - validity.starts) / 8):
                self._warned = validity.expires
                tense = "expires" if left > 0 else "expired"
                log.warning("[endpoint:%s] the client certificate %s %s", name, tense, _moment(validity.expires))
        return LOOK_EVERY

    def refusal(self, status: int, answered: str) -> UgrError:
        """Return the error of a 401 or 403, which names what was refused; ``answered`` begins the message."""
        kind = Unauthenticated if status == 401 else PermissionDenied
        if not self.words:
            hint = "nobody in particular asked; write user, token or certificate"
        elif status == 401:
            hint = f"{self.words} is refused; check it, or renew it"
        else:
            hint = f"{self.words} does not have this right there"
            if self._options.certificate is not None and self.words.endswith("certificate"):
                hint += "; a proxy may lack the attributes of its VO"
        return kind(f"{answered}: {hint}")

    def judged(self, error: UgrError) -> UgrError:
        """Return what a broken connection means: a certificate that is refused breaks the handshake."""
        if not _REFUSED_CERTIFICATE.search(error.message):
            return error
        if self._options.certificate is None:
            return Unauthenticated(f"{error.message}; no client certificate is configured, write certificate")
        return Unauthenticated(f"{error.message}; the client certificate is refused, check it or renew it")

    def _trusted(self, url: str) -> bool:
        if origin(url) == self._origin:
            return True
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        return (parts.scheme == "https" or not self._secure) and any(
            host == trusted.strip("[]") or (trusted.startswith("*.") and host.endswith(trusted[1:]))
            for trusted in map(str.lower, self._options.trusted_hosts)
        )

    def _renew(self) -> None:
        """Take secrets that changed. A certificate and key of which only one is new yet change nothing."""
        options = self._options
        secrets = (options.password, options.token, options.certificate, options.key)
        versions = tuple(secret.version for secret in secrets if secret is not None)
        if versions == self._versions:
            return
        certificate, key = _pem(options.certificate), _pem(options.key or options.certificate)
        unusable = None
        if certificate is not None and key is not None:
            try:
                self._validity = Certificates.read(certificate, key)
            except ValueError as error:
                unusable = str(error)
        if unusable is not None and self._ours.credentials.certificate is not None:
            certificate, key = self._ours.credentials.certificate, self._ours.credentials.key
            log.warning("a renewed client certificate is not used: %s", unusable)
            unusable = None
        self._unusable = unusable
        self._versions = versions
        credentials = Credentials(
            certificate=None if unusable else certificate,
            key=None if unusable else key,
            ca_directory=options.ca_directory,
            ca_file=options.ca_file,
            crls=options.crls,
            verify=options.verify,
            user=options.user,
            password=None if options.password is None else options.password.value,
            digest=options.authentication == "digest",
        )
        token = options.token
        self._ours = Proof(credentials, () if token is None else (("Authorization", f"Bearer {token.value}"),))


def _pem(secret: Secret | None) -> bytes | None:
    return None if secret is None else f"{secret.value}\n".encode()


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
