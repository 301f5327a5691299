# SPDX-License-Identifier: Apache-2.0
"""Who ugr is to the storage: a token, where it came from, and until when it is good.

Knows: version 1 authentication (Swift's tempauth, Ceph's gateway) and Keystone's version 3 (OpenStack
Identity API reference, "Password authentication with scoped authorization"). Refuses to know: what a
token is used for.
"""

from __future__ import annotations

import datetime
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ugr.plugin import Answer, Call, ConfigError, EndpointError, Misbehaved
from ugr.plugin.objects import Held, Wire, number
from ugr_swift.faults import authentication_fault
from ugr_swift.options import SwiftOptions

MAX_CATALOG_BYTES = 1 << 20

MARGIN = 300.0
"""Seconds before its end at which a token is renewed in the background; a fifth of its life if that is less."""

UNKNOWN_LIFE = 3600.0
"""Seconds between looks at a token that does not say how long it is good for."""

_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]_-]+(/[!$&-.0-9;=@A-Z_a-z~%/:]*)?\Z")


@dataclass(frozen=True, slots=True)
class Pass:
    """A token, or none where none is needed, and the URL of the account. Times are seconds since 1970."""

    token: str | None = field(repr=False)
    url: str
    key: str = field(default="", repr=False)
    """The key that it was given for."""
    made: float = 0.0
    expires: float | None = None


class Session(Held[Pass]):
    """Gives out the pass in force. One for each endpoint."""

    def __init__(self, options: SwiftOptions, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(clock=clock)
        self._options = options
        self.account: str | None = options.url
        """The URL of the account as far as it is known; from any thread."""
        if options.auth == "none" and options.url is not None:
            self.value = Pass(None, options.url)

    def good(self, value: Pass) -> bool:
        """Say whether a pass is for the key in force, and has not ended."""
        return value.key == self._key and (value.expires is None or value.expires > self.clock())

    def due(self, value: Pass) -> float:
        """Return when a pass should be renewed: some time before it ends.

        tempauth gives the same token to all who ask, until it has ended: then it is asked more and
        more often, and the storage's refusal has the last word.
        """
        if value.expires is None:
            # the storage will refuse it when it has ended
            return self.clock() + UNKNOWN_LIFE
        return value.expires - min(MARGIN, (value.expires - value.made) / 5)

    async def obtain(self, wire: Wire, call: Call) -> Pass:
        """Ask for a token."""
        ask = self._version_1 if self._options.auth == "tempauth" else self._keystone
        value = await ask(wire, call, self._key)
        self.account = value.url
        return value

    async def _version_1(self, wire: Wire, call: Call, key: str) -> Pass:
        if not (key.isascii() and key.isprintable()):
            raise ConfigError("key: tempauth takes printable ASCII only")
        headers = (("X-Auth-User", self._options.user or ""), ("X-Auth-Key", key))
        now = self.clock()
        answer = await wire.send("GET", self._options.auth_url or "", call, headers=headers)
        return _from_headers(answer, self._options, key, now)

    async def _keystone(self, wire: Wire, call: Call, key: str) -> Pass:
        url, now = (self._options.auth_url or "").removesuffix("/v3"), self.clock()
        headers = (("Content-Type", "application/json"), ("Accept", "application/json"))
        answer = await wire.send(
            "POST",
            f"{url}/v3/auth/tokens",
            call,
            headers=headers,
            body=json.dumps(_question(self._options, key)).encode(),
            max_body=MAX_CATALOG_BYTES,
        )
        return _from_keystone(answer, self._options, key, now)

    @property
    def _key(self) -> str:
        return self._options.key.value if self._options.key is not None else ""


def _from_headers(answer: Answer, options: SwiftOptions, key: str, now: float) -> Pass:
    """Return the pass that version 1 gives."""
    if answer.status not in (200, 204):
        raise authentication_fault(answer, now)
    token = answer.header("x-auth-token") or answer.header("x-storage-token")
    if not token:
        raise Misbehaved("the authentication service gave no token; check auth and auth_url")
    seconds = number(answer.header("x-auth-token-expires"))
    url = options.url or _account(answer.header("x-storage-url"))
    return Pass(token, url, key, made=now, expires=None if seconds is None else now + seconds)


def _question(options: SwiftOptions, key: str) -> dict[str, Any]:
    password = {"user": {"name": options.user, "domain": {"name": options.user_domain}, "password": key}}
    project = {"name": options.project, "domain": {"name": options.project_domain}}
    return {
        "auth": {"identity": {"methods": ["password"], "password": password}, "scope": {"project": project}}
    }


def _from_keystone(answer: Answer, options: SwiftOptions, key: str, now: float) -> Pass:
    """Return the pass that Keystone gives; its length of life is taken, not its clock."""
    if answer.status != 201:
        raise authentication_fault(answer, now)
    token = answer.header("x-subject-token")
    if not token:
        raise Misbehaved("Keystone gave no token; check auth_url")
    try:
        facts = json.loads(answer.body)["token"]
        life = _moment(facts["expires_at"]) - _moment(facts["issued_at"])
        url = options.url or _account(_listed(facts.get("catalog", ()), options))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Misbehaved("Keystone's answer is not one of version 3; check auth_url") from None
    return Pass(token, url, key, made=now, expires=now + life)


def _moment(text: str) -> float:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC).timestamp()


def _listed(catalog: Any, options: SwiftOptions) -> str:
    """Return the URL of the object store in Keystone's catalog."""
    for service in catalog:
        if service["type"] != "object-store":
            continue
        for endpoint in service["endpoints"]:
            regions = (endpoint.get("region_id"), endpoint.get("region"))
            if endpoint["interface"] == options.interface and options.region in (None, *regions):
                return str(endpoint["url"])
    where = f" in region {options.region}" if options.region else ""
    raise EndpointError(
        f"Keystone's catalog has no {options.interface} object-store{where}; check region and interface, or write url",
        retryable=False,
    )


def _account(url: str | None) -> str:
    """Return the URL of the account as the authentication service tells it; Misbehaved when it is none."""
    if url is None or not _URL.match(url):
        raise Misbehaved("the authentication service names no storage URL; write url")
    return url.rstrip("/")
