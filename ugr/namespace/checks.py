# SPDX-License-Identifier: Apache-2.0
"""What must hold of the options that say where endpoints appear, and what they are there for.

Knows: places, names and roles. Refuses to know: INI, the options of endpoint types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ugr.errors import ConfigError
from ugr.federation.storages import wrong_aliases
from ugr.namespace.mounts import parse
from ugr.namespace.translate import prefixes
from ugr.plugin.endpoint import Endpoint


class Fault(NamedTuple):
    """What is wrong with one option of one endpoint, and what would help."""

    endpoint: str
    option: str
    message: str


def faults(endpoints: Mapping[str, Endpoint]) -> Iterator[Fault]:
    """Yield every fault of all endpoints, in their order."""
    catalogues = [name for name, endpoint in endpoints.items() if endpoint.options.role == "catalogue"]
    for name, endpoint in endpoints.items():
        options = endpoint.options
        for option, check in (("mount", parse), ("multiply", prefixes)):
            try:
                check(getattr(options, option))
            except ConfigError as error:
                yield from (Fault(name, option, line) for line in error.message.splitlines())
        for alias in wrong_aliases(options.aliases):
            yield Fault(name, "aliases", f"{alias}: is not a URL; write for example srm://se.example.org/dpm/home")
        if options.role == "catalogue" and not endpoint.capabilities()["replicas"]:
            yield Fault(name, "role", f"type = {endpoint.type}, as it is configured, names no copies; write storage")
        if options.only_named and options.role == "catalogue":
            yield Fault(name, "only_named", "a catalogue is not named by others; leave it out")
        elif options.only_named and not catalogues:
            yield Fault(name, "only_named", "there is no endpoint with role = catalogue that could name its copies")
