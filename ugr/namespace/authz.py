# SPDX-License-Identifier: Apache-2.0
"""Who may do what: the one place that grants; everything else is refused.

Knows: ``[acl:/prefix]`` sections, identities, the networks' addresses. Refuses to know: how an
identity was established, HTTP.

A right on a path is decided by the deepest ``[acl:...]`` section at or above it that speaks of
that right; sections that do not speak of it are passed over, so rights are inherited one by one.
Prefixes end on component boundaries. What no section grants is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from ugr.call import Call
from ugr.config.settings import AclSettings, NetworkSettings
from ugr.config.types import Words
from ugr.errors import PermissionDenied
from ugr.federation.networks import parse_address
from ugr.model import Identity, Right
from ugr.namespace.paths import ancestors


@dataclass(frozen=True, slots=True)
class Permit:
    """Proof that a right was checked: who, what, where, and the section that granted it."""

    identity: Identity
    right: Right
    path: str
    granted_by: str


class Authorizer:
    """Decides rights; immutable after construction, safe from any thread."""

    def __init__(self, acls: Mapping[str, AclSettings], networks: Mapping[str, NetworkSettings]) -> None:
        self._rules: dict[tuple[str, Right], Words] = {}
        for prefix, section in acls.items():
            for right in Right:
                words = section.granted(right)
                if words is not None:
                    self._rules[prefix, right] = words
        self._networks = {name: settings.addresses for name, settings in networks.items()}
        self._inside = lru_cache(maxsize=4096)(self._is_inside)

    def require(self, right: Right, path: str, call: Call) -> Permit:
        """Return a permit, or raise PermissionDenied saying what is missing."""
        for prefix in ancestors(path):
            words = self._rules.get((prefix, right))
            if words is None:
                continue
            if any(self._matches(word, call) for word in words):
                return Permit(call.identity, right, path, f"[acl:{prefix}]")
            raise PermissionDenied(
                f"{call.identity.name} may not {right.value} here: [acl:{prefix}] grants {right.value} to "
                f"{' '.join(words) or 'nobody'}",
                path=path,
            )
        raise PermissionDenied(
            f"nobody may {right.value} here: no [acl:...] section at or above this path says who may; "
            f'an administrator adds a line such as "{right.value} = anonymous" to [acl:/]',
            path=path,
        )

    def allows(self, right: Right, path: str, call: Call) -> bool:
        """Say whether a right is granted."""
        try:
            self.require(right, path, call)
        except PermissionDenied:
            return False
        return True

    def _matches(self, word: str, call: Call) -> bool:
        """Match one subject. Whoever presents a credential could also present none: ``anonymous`` includes all."""
        if word in ("any", "anonymous"):
            return True
        kind, _, name = word.partition(":")
        return kind == "network" and call.address is not None and self._inside(name, call.address)

    def _is_inside(self, network: str, address: str) -> bool:
        parsed = parse_address(address)
        return parsed is not None and any(parsed in block for block in self._networks.get(network, ()))


class Operator:
    """The administrator at the machine itself, who may do everything."""

    def require(self, right: Right, path: str, call: Call) -> Permit:
        """Grant."""
        return Permit(call.identity, right, path, "operator")

    def allows(self, right: Right, path: str, call: Call) -> bool:
        """Grant."""
        return True
