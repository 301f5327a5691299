# SPDX-License-Identifier: Apache-2.0
"""The key that signs: the account's own, or one that the storage gives to an application for a while.

Knows: the client credentials grant of Entra ID (OAuth 2, RFC 6749 section 4.4) and "Get User Delegation
Key" of the Azure Storage REST API reference. Refuses to know: what is signed.
"""

from __future__ import annotations

import base64
import binascii
import calendar
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from ugr.plugin import Call, ConfigError, Misbehaved, Secret, Unauthenticated, Unavailable
from ugr.plugin.objects import Held, Mac, Wire
from ugr.plugin.xml import Facts
from ugr_azure.faults import authority_fault, storage_fault
from ugr_azure.options import DEFAULT_LIFETIME, AzureOptions
from ugr_azure.signing import EARLIER, VERSION, Delegation, Key, iso_time

SCOPE = "https://storage.azure.com/.default"
"""What a token is asked for: Azure Storage, in every cloud."""

KEY_LIFE = 7 * 86400
"""The longest life of a delegation key, in seconds."""

SPARE = 86400
"""Seconds that a delegation key lives longer than the URLs that it signs: the time there is to renew it."""

RENEWED_AFTER = 6 * 3600
"""Seconds after which a new delegation key is asked for, while the old one is good for long."""

DOUBTED_AFTER = 60.0
"""Seconds that a key is not doubted for: when signatures are refused all the same, it is something else."""

MAX_TOKEN_BYTES = 65536


class Keyring(ABC):
    """Gives out the key in force: the same object until it changes."""

    @abstractmethod
    def key(self) -> Key:
        """Return the key, from any thread; Unavailable when there is none yet."""

    async def ready(self, wire: Wire, call: Call) -> None:  # noqa: B027
        """See to it that there is a key."""

    def refused(self) -> None:  # noqa: B027
        """Hear that the storage refused a signature."""

    async def refreshed(self, wire: Wire, call: Call) -> float | None:
        """Renew the key if that is due; return the seconds until it is again, None for never."""
        return None


class AccountKey(Keyring):
    """The account's own key, as last read."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret
        self._made: tuple[str, Key] | None = None

    def key(self) -> Key:
        """Return the key; Unauthenticated when it is not what Azure shows as one."""
        value, made = self._secret.value, self._made
        if made is not None and made[0] == value:
            return made[1]
        try:
            key = Key(Mac(base64.b64decode(value.encode("ascii"), validate=True)))
        except (binascii.Error, UnicodeEncodeError):
            raise Unauthenticated("account_key is not base64, as Azure's keys are") from None
        self._made = (value, key)
        return key


@dataclass(frozen=True, slots=True)
class Granted:
    """A delegation key, when it was had, and the version of the secret that got it."""

    key: Key
    made: float
    secret: int


class DelegatedKey(Keyring, Held[Granted]):
    """A user delegation key of an application of Entra ID."""

    def __init__(self, options: AzureOptions, secret: Secret, *, clock: Callable[[], float] = time.time) -> None:
        Held.__init__(self, clock=clock)
        self._options = options
        self._secret = secret
        self._doubted: Granted | None = None
        self._lifetime = int(options.url_lifetime or DEFAULT_LIFETIME)

    def key(self) -> Key:
        """Return the key as last had."""
        value = self.value
        if value is None or value.key.expires <= self.clock():
            raise Unavailable("there is no key to sign with before Entra ID and the storage have given one")
        return value.key

    async def ready(self, wire: Wire, call: Call) -> None:
        """Ask for a key when there is none."""
        await self.current(wire, call)

    def refused(self) -> None:
        """Have the next question ask for another key: somebody may have revoked this one."""
        value = self.value
        if value is not None and self.clock() - value.made > DOUBTED_AFTER:
            self._doubted = value

    async def refreshed(self, wire: Wire, call: Call) -> float | None:
        """Renew the key; return the seconds to the next time."""
        return await self.renewed(wire, call)

    def good(self, value: Granted) -> bool:
        """Say whether a key still signs, as far as is known; one that was had with another secret is had anew."""
        known = value.key.expires > self.clock() and value.secret == self._secret.version
        return known and value is not self._doubted

    def due(self, value: Granted) -> float:
        """Return when a key should be renewed."""
        return min(value.made + RENEWED_AFTER, value.key.expires - self._lifetime)

    async def obtain(self, wire: Wire, call: Call) -> Granted:
        """Ask Entra ID for a token, and with it the storage for a key."""
        version, now = self._secret.version, self.clock()
        token = await self._token(wire, call)
        body = (
            f"<KeyInfo><Start>{iso_time(now - EARLIER)}</Start>"
            f"<Expiry>{iso_time(now + min(KEY_LIFE - 60, self._lifetime + SPARE))}</Expiry></KeyInfo>"
        )
        answer = await wire.send(
            "POST",
            f"{self._options.url}/?restype=service&comp=userdelegationkey",
            call,
            headers=(
                ("Authorization", f"Bearer {token}"),
                ("Content-Type", "application/xml"),
                ("x-ms-version", VERSION),
            ),
            body=body.encode(),
        )
        if answer.status != 200:
            raise storage_fault(answer, self.clock())
        return Granted(_granted(answer.body), now, version)

    async def _token(self, wire: Wire, call: Call) -> str:
        options = self._options
        form = {
            "grant_type": "client_credentials",
            "client_id": options.client_id,
            "client_secret": self._secret.value,
            "scope": SCOPE,
        }
        answer = await wire.send(
            "POST",
            f"{options.authority}/{options.tenant}/oauth2/v2.0/token",
            call,
            headers=(("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")),
            body=urlencode(form).encode(),
            max_body=MAX_TOKEN_BYTES,
        )
        if answer.status != 200:
            raise authority_fault(answer, self.clock())
        try:
            token = json.loads(answer.body)["access_token"]
        except (ValueError, KeyError, TypeError, RecursionError):
            token = None
        if not (isinstance(token, str) and token.isascii() and token.isprintable()):
            raise Misbehaved("the authority gave no token; check authority and tenant")
        return token


def keyring(options: AzureOptions, *, clock: Callable[[], float] = time.time) -> Keyring:
    """Return what gives out the key that the options speak of; ConfigError when they speak of none."""
    if options.account_key is not None:
        return AccountKey(options.account_key)
    if options.client_secret is None:
        raise ConfigError("account_key_file: is missing")
    return DelegatedKey(options, options.client_secret, clock=clock)


def _granted(body: bytes) -> Key:
    """Read the storage's answer; its own words are part of every signature."""
    reader = Facts("UserDelegationKey")
    reader.feed(body)
    reader.close()
    facts = reader.facts
    try:
        words = [
            facts[name]
            for name in ("SignedOid", "SignedTid", "SignedStart", "SignedExpiry", "SignedService", "SignedVersion")
        ]
        starts, expires = (
            float(calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))) for text in words[2:4]
        )
        mac = Mac(base64.b64decode(facts["Value"].encode("ascii"), validate=True))
    except (KeyError, ValueError):
        raise Misbehaved("the storage's answer is not a user delegation key") from None
    return Key(mac, Delegation(*words), starts=starts, expires=expires)
