# SPDX-License-Identifier: Apache-2.0
"""The troubles that the conformance suite wants of a storage, for any real server behind a relay.

Knows: which trouble is made how. Refuses to know: what server it is.
"""

from __future__ import annotations

from pathlib import Path

from tests.servers.relay import Relay
from ugr.plugin import Secret
from ugr.testing import Store


class RelayedStore(Store):
    """A storage whose endpoint asks through a relay, with a secret that is kept in a file.

    ``key`` is the right secret, ``wrong`` another; requests that contain ``later`` are for the second
    and further pages of listings.
    """

    later: bytes
    wrong = "not the key"

    def __init__(self, relay: Relay, secret: Secret, key: str) -> None:
        self.relay = relay
        self.secret = secret
        self.key = key

    def down(self) -> None:
        self.relay.down()

    def hang(self) -> None:
        self.relay.hang()

    def stall(self) -> None:
        self.relay.stall(self.later)

    def garble(self) -> None:
        self.relay.garble()

    def deny(self) -> None:
        self._renew(self.wrong)

    def up(self) -> None:
        self.relay.up()
        self._renew(self.key)

    def _renew(self, key: str) -> None:
        Path(self.secret.file or "").write_text(key, encoding="utf-8")
        self.secret.reload()
