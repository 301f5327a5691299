# SPDX-License-Identifier: Apache-2.0
"""The values of the HTTP engine: answers, credentials.

Knows: shapes. Refuses to know: libcurl.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """How one set of connections authenticates; connections are never shared between two sets.

    ``certificate`` and ``key`` are PEM bytes (a grid proxy is one PEM with everything: give it as
    both). ``ca_directory`` is a hashed directory, ``ca_file`` a bundle; with neither, the system's
    authorities are trusted. With ``ca_directory`` set, only it is. ``crls`` turns on revocation
    checks from the ``.r0`` files of ``ca_directory``. ``verify`` off is for tests only.
    ``user`` and ``password`` are for HTTP Basic, or Digest when ``digest`` is set.
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


NO_CREDENTIALS = Credentials()


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer. ``headers`` are pairs of lower-case name and value, in order."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Return the first value of a header (lower-case name), or None."""
        for key, value in self.headers:
            if key == name:
                return value
        return None
