# SPDX-License-Identifier: Apache-2.0
"""The values of the HTTP engine: answers, credentials.

Knows: shapes. Refuses to know: libcurl.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ugr.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Credentials:
    """How one set of connections authenticates; connections are never shared between two sets.

    ``certificate`` and ``key`` are PEM bytes (a grid proxy is one PEM with everything: give it as
    both). ``ca_directory`` is a hashed directory, ``ca_file`` a bundle; with neither, the system's
    authorities are trusted. With ``ca_directory`` set, only it is. ``crls`` turns on revocation
    checks from the ``.r0`` files of ``ca_directory``; every authority there then needs one.
    ``verify`` off is for tests only. ``user`` and ``password`` are for HTTP Basic, or Digest when
    ``digest`` is set.

    A renewed certificate is a new value, hence new connections. Raises ConfigError for fields
    that cannot work together.
    """

    certificate: bytes | None = field(default=None, repr=False)
    key: bytes | None = field(default=None, repr=False)
    ca_directory: str | None = None
    ca_file: str | None = None
    crls: bool = False
    verify: bool = True
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    digest: bool = False

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise ConfigError("a client certificate and its key go together; a grid proxy is both")
        if self.crls and self.ca_directory is None:
            raise ConfigError("revocation checks need a directory of authorities, whose .r0 files they read")
        if self.user is None:
            if self.password is not None or self.digest:
                raise ConfigError("a password needs a user")
        elif not self.user.isascii() or not self.user.isprintable() or ":" in self.user:
            raise ConfigError("a user for HTTP authentication must be printable ASCII without a colon (RFC 7617, 2)")
        if self.password is not None and not self.password.isprintable():
            raise ConfigError("a password for HTTP authentication must not contain control characters")


NO_CREDENTIALS = Credentials()


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer.

    ``status`` is what the endpoint said. ``headers`` are pairs of lower-case name and value, in
    order; each value is visible ASCII, space and tab, without white space around it: a header
    that is anything else was dropped, so a value may be echoed. ``body`` has no transfer coding
    left; a content coding is not undone.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Return the first value of a header (lower-case name), or None."""
        for key, value in self.headers:
            if key == name:
                return value
        return None
