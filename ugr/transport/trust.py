# SPDX-License-Identifier: Apache-2.0
"""From credentials to libcurl's TLS options.

Knows: whom a connection trusts and what it shows. Refuses to know: requests, passwords (they are
header fields: ``passwords.py``).

libcurl's traps, measured: a directory of authorities alone leaves the system's bundle trusted;
``.r0`` files are ignored unless a list file is set too; a TLS session that is resumed is not checked
again, so a certificate revoked meanwhile would go on being accepted; a certificate renewed under the
same path is not noticed, so certificates are given as blobs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pycurl

from ugr.errors import ConfigError
from ugr.transport.messages import Credentials

BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch, Alpine
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Red Hat and its family
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",  # SUSE
)
"""Where systems keep the authorities that they trust; the first that exists is used."""

CA_CACHE_TIMEOUT = 321
"""CURLOPT_CA_CACHE_TIMEOUT, for which pycurl has no name; libcurl's default is a day."""

BUNDLE_SECONDS = 60
"""How long a bundle file is taken to be what it was; reading a large one takes milliseconds."""

_CRL = b"-----BEGIN X509 CRL-----"


def tls_options(credentials: Credentials) -> Iterator[tuple[int, object]]:
    """Yield (option, value); the value None means that libcurl's default must be taken away.

    Reads the directory of authorities when revocation is checked. Raises ConfigError when
    nothing there can be used.
    """
    yield pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2
    yield pycurl.SSL_VERIFYPEER, int(credentials.verify)
    yield pycurl.SSL_VERIFYHOST, 2 if credentials.verify else 0
    yield pycurl.CAPATH, credentials.ca_directory
    if credentials.ca_directory is not None:
        yield pycurl.CAINFO, None
        yield pycurl.SSL_SESSIONID_CACHE, 0
    elif credentials.ca_file is not None:
        yield pycurl.CAINFO, credentials.ca_file
        yield CA_CACHE_TIMEOUT, BUNDLE_SECONDS
        yield pycurl.SSL_SESSIONID_CACHE, 0
    else:
        bundle = system_bundle()
        if bundle is not None:
            yield pycurl.CAINFO, bundle
    if credentials.crls and credentials.ca_directory is not None:
        yield pycurl.CRLFILE, any_crl(credentials.ca_directory)
    if credentials.certificate is not None and credentials.key is not None:
        yield pycurl.SSLCERT_BLOB, credentials.certificate
        yield pycurl.SSLKEY_BLOB, credentials.key


def system_bundle() -> str | None:
    """Return the file of the authorities that this system trusts, None where it is not known."""
    return next((path for path in BUNDLES if os.path.isfile(path)), None)


def any_crl(directory: str) -> str:
    """Return one revocation list of a directory of authorities; raise ConfigError without any.

    Which one does not matter: that a list file is set makes libcurl read all ``.r0`` files.
    """
    try:
        names = sorted(name for name in os.listdir(directory) if name.endswith(".r0"))
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise ConfigError(f"cannot read the directory of authorities {directory}: {reason}") from error
    for name in names:
        path = os.path.join(directory, name)
        try:
            with open(path, "rb") as stream:
                if _CRL in stream.read(1 << 16):
                    return path
        except OSError:
            continue  # a list that is being replaced; any other will do
    raise ConfigError(f"no readable revocation list (*.r0) in {directory}; run fetch-crl, or set crls = no")
