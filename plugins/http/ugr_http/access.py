# SPDX-License-Identifier: Apache-2.0
"""How questions prove who asks: the credentials in force.

Knows: which options hold them. Refuses to know: files, and when they are read again; the core does
that. Nothing of it is sent to any other host than the configured one: see ``elsewhere``.
"""

from __future__ import annotations

from ugr.plugin import Credentials
from ugr_http.options import HttpOptions

Pairs = tuple[tuple[str, str], ...]


class Access:
    """Gives out credentials and headers: the same objects until a secret changes."""

    def __init__(self, options: HttpOptions) -> None:
        self._options = options
        self._versions: tuple[int, ...] | None = None
        self._credentials = Credentials()
        self._headers: Pairs = ()
        self.elsewhere = Credentials(
            ca_directory=options.ca_directory, ca_file=options.ca_file, crls=options.crls, verify=options.verify
        )
        """For hosts that the server redirects to: whom to trust is the same, and nothing is shown."""

    def ours(self) -> tuple[Credentials, Pairs]:
        """Return what goes with a question to the configured server."""
        options = self._options
        secrets = (options.password, options.token, options.certificate, options.key)
        versions = tuple(secret.version for secret in secrets if secret is not None)
        if versions != self._versions:
            certificate, key = options.certificate, options.key or options.certificate
            self._credentials = Credentials(
                certificate=None if certificate is None else certificate.value.encode(),
                key=None if key is None else key.value.encode(),
                ca_directory=options.ca_directory,
                ca_file=options.ca_file,
                crls=options.crls,
                verify=options.verify,
                user=options.user,
                password=None if options.password is None else options.password.value,
            )
            self._headers = () if options.token is None else (("Authorization", f"Bearer {options.token.value}"),)
            self._versions = versions
        return self._credentials, self._headers
