# SPDX-License-Identifier: Apache-2.0
"""What must hold between options, sections and names, beyond the type of each option.

Knows: ugr's own sections. Refuses to know: INI syntax, the options of endpoint types.

Each check adds its faults at the line that an administrator would change.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

from ugr.config.faults import Faults, suggestion
from ugr.config.reader import Document, Section
from ugr.config.settings import AclSettings, CacheSettings, NetworkSettings, UgrSettings
from ugr.config.types import Duration, Networks, Words, written
from ugr.model import Right

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
"""What an endpoint or a network may be called: the name appears in headers, metrics and pages."""

PRINCIPALS = ("anonymous", "any", "nobody")
"""The words that an access list may hold, besides ``network:NAME``."""

HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?", re.ASCII)
"""A value of the Host header (RFC 9110 7.2)."""

_NETWORK = "network:"
_MINIMUM_KEY = 32


def unclean(path: str) -> str | None:
    """Say why a path is not "/"-led and normalised, or return None. "/" itself is fine."""
    if not path.startswith("/"):
        return 'must start with "/"'
    if path == "/":
        return None
    if path.endswith("/"):
        return 'must not end with "/"'
    if any(part in ("", ".", "..") for part in path[1:].split("/")):
        return 'must have no empty, "." or ".." part'
    return None


def names(document: Document, faults: Faults) -> None:
    """Check what endpoints and networks are called."""
    for kind in ("endpoint", "network"):
        seen: dict[str, Section] = {}
        for section in document.of_kind(kind):
            if kind == "endpoint" and section.name == "*":
                continue
            if not NAME.match(section.name):
                section.blame(
                    faults,
                    f"a name of {'an' if kind == 'endpoint' else 'a'} {kind} has 1 to 64 letters, digits, dots, "
                    "dashes and underscores, and starts with a letter or digit",
                )
            first = seen.setdefault(section.name.lower(), section)
            if first is not section:
                section.blame(faults, f"differs from [{first.header}] in {first.origin} by capital letters only")


def ugr(section: Section, settings: UgrSettings, faulty: Collection[str], faults: Faults) -> None:
    """Check ``[ugr]``; options that are ``faulty`` have not been told their value."""
    problem = unclean(settings.prefix)
    if problem is None and (settings.prefix == "/" or (settings.prefix + "/").startswith("/-/")):
        problem = f"{settings.prefix} is taken by the service's own pages; write for example /fed"
    if problem is not None:
        section.blame(faults, problem, "prefix")
    for word in settings.allowed_hosts:
        port = HOST.fullmatch(word)
        if port is None or int(port[1] or 0) > 65535:
            section.blame(
                faults, f"{word}: is not a host name with an optional port, such as h.example.org:8443", "allowed_hosts"
            )
    if settings.max_waiting is not None and settings.max_waiting >= settings.threads and "threads" not in faulty:
        section.blame(
            faults,
            f"max_waiting ({settings.max_waiting}) must be below threads ({settings.threads}), so that a thread is "
            "left for what needs no waiting",
            "max_waiting",
        )
    if settings.public_url is not None and urlsplit(settings.public_url).path:
        section.blame(faults, "must be scheme, host and port only; the path is that of prefix", "public_url")
    if settings.federation_id is not None and not NAME.match(settings.federation_id):
        section.blame(faults, "must be 1 to 64 letters, digits, dots, dashes and underscores", "federation_id")
    if settings.data_key is not None and any(len(key) < _MINIMUM_KEY for key in settings.data_key.value.split()):
        option = next(name for name in section.options if name.startswith("data_key_"))
        section.blame(faults, f"a key is a line of {_MINIMUM_KEY} characters or more; that one is shorter", option)


def cache(section: Section, settings: CacheSettings, faulty: Collection[str], faults: Faults) -> None:
    """Check ``[cache]``: negative_ttl < ttl <= max_ttl; options that are ``faulty`` are left out."""
    for low, high, may_be_equal in (("negative_ttl", "ttl", False), ("ttl", "max_ttl", True)):
        small, large = getattr(settings, low), getattr(settings, high)
        if {low, high}.isdisjoint(faulty) and (small > large or (small == large and not may_be_equal)):
            relation = "not be longer than" if may_be_equal else "be shorter than"
            section.blame(
                faults,
                f"{low} ({written(small, Duration)}) must {relation} {high} ({written(large, Duration)})",
                low if low in section.options else high,
            )


def network(section: Section, settings: NetworkSettings, document: Document, faults: Faults) -> None:
    """Check one ``[network:NAME]``."""
    if not settings.addresses:
        section.blame(faults, "needs one CIDR block at least, for example 192.0.2.0/24", "addresses")
    endpoints = [endpoint.name for endpoint in document.endpoint_sections()]
    for word in settings.prefer:
        if word not in endpoints:
            section.blame(faults, f"there is no [endpoint:{word}]{suggestion(word, endpoints)}", "prefer")


def shared_addresses(networks: Iterable[tuple[Section, Networks]], faults: Faults) -> None:
    """Check that no block belongs to two networks; one inside another is fine, the smaller counts."""
    owners: dict[object, Section] = {}
    for section, addresses in networks:
        for block in addresses:
            first = owners.setdefault(block, section)
            if first is not section:
                section.blame(faults, f"{block} is already in [{first.header}] of {first.origin}", "addresses")


def acl(section: Section, settings: AclSettings, document: Document, faults: Faults) -> None:
    """Check one ``[acl:/prefix]``."""
    problem = unclean(section.name)
    if problem is not None:
        section.blame(faults, f"the prefix {problem}")
    networks = [network.name for network in document.of_kind("network")]
    for right in Right:
        words = settings.granted(right)
        if words is not None:
            _access_list(section, right.value, words, networks, faults)


def _access_list(section: Section, option: str, words: Words, networks: list[str], faults: Faults) -> None:
    """Check the words of one right."""
    if not words:
        section.blame(faults, "names nobody; write nobody if that is meant", option)
    if "nobody" in words and len(words) > 1:
        section.blame(faults, "nobody stands alone or not at all", option)
    for word in words:
        if word.startswith(_NETWORK):
            name = word.removeprefix(_NETWORK)
            if name not in networks:
                section.blame(faults, f"there is no [network:{name}]{suggestion(name, networks)}", option)
        elif word not in PRINCIPALS:
            hint = suggestion(word, (*PRINCIPALS, *(_NETWORK + name for name in networks)))
            allowed = f"{', '.join(PRINCIPALS)} or network:NAME"
            section.blame(faults, f"{word} is nobody that is known{hint or f'; write {allowed}'}", option)
