# SPDX-License-Identifier: Apache-2.0
"""What an administrator writes for ``type = http``.

Knows: the options and which of them cannot go together. Refuses to know: requests.
"""

from __future__ import annotations

from dataclasses import dataclass

from ugr.plugin import ConfigError, EndpointOptions, Path, Secret, Url, Words, option

ALGORITHMS = ("adler32", "crc32c", "md5", "sha1", "sha256", "sha512")
"""The checksums that a server can be asked for."""


@dataclass(frozen=True, kw_only=True)
class HttpOptions(EndpointOptions):
    """The options of one web server, or of one directory on it."""

    url: Url = option(
        help="Where ugr reaches the directory that is the endpoint's root.", example="https://www.example.org/data"
    )
    index: str = option(
        "none",
        help="What the server answers for a directory. json: the JSON of nginx (autoindex_format json) or of another "
        "ugr; html: a page of links, as Apache, nginx and others make, whose files are then asked for one by one; "
        "none: nothing to go by, and this endpoint is not asked for listings whatever listable says.",
        choices=("none", "json", "html"),
    )
    metalink: bool = option(
        False,
        help="Whether the server is another federation (ugr, Dynafed), which is asked for metalinks. Clients are sent "
        "to it, and it sends them on.",
    )
    probe: str | None = option(
        None,
        help="A file that is always there, and asked for to see whether the server is well. Without it the root is.",
        example="/.ugr-probe",
    )
    checksums: Words = option(
        (),
        help="Checksums that the server knows or computes when it is asked for them (Want-Digest).",
        example="adler32 md5",
        choices=ALGORITHMS,
    )
    user: str | None = option(None, help="User for HTTP Basic authentication.", example="ugr")
    password: Secret | None = option(None, help="Password of that user.", example="/etc/ugr/web.password")
    token: Secret | None = option(None, help="Bearer token that is sent with each question.", example="/etc/ugr/token")
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

    def __post_init__(self) -> None:
        if self.index == "none":
            object.__setattr__(self, "listable", False)

    @property
    def authenticated(self) -> bool:
        """Whether questions carry credentials."""
        return not (self.user is None and self.token is None and self.certificate is None)


def check(name: str, options: HttpOptions) -> None:
    """Raise ConfigError, with all faults, when the options cannot work together."""
    faults = _faults(options)
    if faults:
        raise ConfigError("; ".join(faults), endpoint=name)


def _faults(options: HttpOptions) -> list[str]:
    faults = []
    if options.writable:
        faults.append("writable: a web server of this type is only read; type = dav is for those that can be changed")
    if options.probe is not None and (not options.probe.startswith("/") or options.probe == "/"):
        faults.append(f'probe = {options.probe}: must be the path of a file, starting with "/"')
    if (options.user is None) != (options.password is None):
        faults.append("user, password: one is of no use without the other; write both")
    if options.user is not None and options.token is not None:
        faults.append("token: a server takes a password or a token, not both; leave one out")
    if options.key is not None and options.certificate is None:
        faults.append("key: is that of a certificate; write certificate_file too")
    if options.crls and options.ca_directory is None:
        faults.append("crls: the lists are read from ca_directory; write that too")
    return faults
