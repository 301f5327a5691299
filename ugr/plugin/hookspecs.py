# SPDX-License-Identifier: Apache-2.0
"""The three hooks, all of them called once at start-up; objects do the work afterwards.

Knows: what a plugin module may register. Refuses to know: requests.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from ugr.plugin.endpoint import Endpoint
    from ugr.plugin.policy import Policy

PROJECT = "ugr"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def ugr_endpoint_types() -> Iterable[type[Endpoint]]:  # type: ignore[empty-body]
    """Return the endpoint classes that this module offers (entry-point group ``ugr.endpoints``).

    Called once, when the configuration names the type. Each class's ``type`` is one ``type =``
    word; the loader refuses a word that two distributions claim.
    """


@hookspec
def ugr_replica_policies() -> Iterable[type[Policy]]:  # type: ignore[empty-body]
    """Return the replica policies that this module offers (group ``ugr.policies``; provisional)."""


@hookspec
def ugr_identity_sources() -> Iterable[type[Any]]:  # type: ignore[empty-body]
    """Return the identity sources that this module offers (group ``ugr.identities``; provisional)."""
