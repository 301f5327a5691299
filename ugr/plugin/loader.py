# SPDX-License-Identifier: Apache-2.0
"""From the words of a configuration to the classes of installed distributions.

Knows: entry points, hooks, what a class must be to be used. Refuses to know: any plugin by name;
ugr's own come through the same door.

Only what the configuration names is imported, each module through a plugin manager of its own: a
broken distribution that nobody uses disturbs nobody. What is wrong with one that is used is told
with the distribution's name and what would help.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

import pluggy

from ugr.config.bind import bind_partly, options_of, unused_defaults
from ugr.config.faults import Faults, suggestion
from ugr.config.reader import Document, Section
from ugr.config.types import Duration, Words
from ugr.errors import ConfigError
from ugr.plugin import hookspecs
from ugr.plugin.blocking import BlockingEndpoint, BlockingOptions, Threaded
from ugr.plugin.endpoint import CONTRACT, Endpoint
from ugr.plugin.options import EndpointOptions
from ugr.plugin.policy import Policy

ENDPOINTS = "ugr.endpoints"
POLICIES = "ugr.policies"
IDENTITIES = "ugr.identities"

TYPE = "type"
"""The option of ``[endpoint:NAME]`` that the loader reads; all others are the plugin's."""


_WORDS = re.compile(r"[a-z0-9_]+").findall


@dataclass(frozen=True, slots=True)
class Door:
    """One entry-point group: the hook that its modules implement, and what that returns.

    ``word`` is the class attribute that must equal the entry point's name.
    """

    group: str
    hook: str
    kinds: tuple[type, ...]
    word: str


DOORS = {
    door.group: door
    for door in (
        Door(ENDPOINTS, "ugr_endpoint_types", (Endpoint, BlockingEndpoint), "type"),
        Door(POLICIES, "ugr_replica_policies", (Policy,), "name"),
        Door(IDENTITIES, "ugr_identity_sources", (object,), "name"),
    )
}


@dataclass(frozen=True, slots=True, order=True)
class Plugin:
    """One entry point: its name (the word of the configuration), who installed it, where it is."""

    name: str
    distribution: str
    version: str
    module: str


EndpointClass = type[Endpoint] | type[BlockingEndpoint]


def installed(group: str) -> list[Plugin]:
    """Return all that is installed in a group, by name; nothing is imported."""
    return sorted({_plugin(entry) for entry in entry_points(group=group)})


def load(group: str, word: str) -> type:
    """Return the class that a word of the configuration stands for; raise ConfigError with the remedy."""
    door = DOORS[group]
    claims = {_plugin(entry): entry for entry in entry_points(group=group, name=word)}
    if not claims:
        known = [plugin.name for plugin in installed(group)]
        raise ConfigError(
            f"no installed distribution offers {word!r}{suggestion(word, known)}; "
            f"installed are {', '.join(sorted(set(known))) or 'none'}; install the distribution that offers it"
        )
    if len(claims) > 1:
        owners = " and ".join(f"{plugin.distribution} {plugin.version}" for plugin in sorted(claims))
        raise ConfigError(f"{word!r} is offered by {owners}; uninstall all but one of them")
    plugin, entry = next(iter(claims.items()))
    owner = f"distribution {plugin.distribution} {plugin.version}"
    offered = _offered(door, _module(entry, owner), owner)
    found = next((cls for cls in offered if getattr(cls, door.word, None) == word), None)
    if found is None:
        words = ", ".join(sorted(str(getattr(cls, door.word, None)) for cls in offered)) or "nothing"
        raise ConfigError(
            f"{owner} has an entry point {word!r}, but its module {plugin.module} offers {words}; "
            f"its author must give a class {door.word} = {word!r}"
        )
    if group == ENDPOINTS:
        _check_endpoint(found, owner)
    elif inspect.isabstract(found):
        raise ConfigError(f"{owner}: {found.__qualname__} lacks {_lacking(found)}")
    return found


def build(document: Document, faults: Faults, url_lifetime: Duration | None = None) -> dict[str, Endpoint]:
    """Make every configured endpoint, by name, in order; no I/O besides imports and secrets' files.

    What is wrong is added to ``faults``. An endpoint with a faulty option is there if it could be made
    without that option, so that more can be checked; it must not be used. ``url_lifetime`` is for the
    endpoints that write none. Blocking endpoints come wrapped in ``Threaded``.
    """
    defaults = document.section("endpoint:*")
    classes: dict[str, EndpointClass | None] = {}
    built: dict[str, Endpoint] = {}
    for section in document.endpoint_sections():
        word = _type_of(section, defaults, faults)
        if word is None:
            continue
        if word not in classes or classes[word] is None:
            classes[word] = _load_for(section, defaults, word, faults)
        cls = classes[word]
        endpoint = _build_one(section, defaults, cls, faults, url_lifetime) if cls is not None else None
        if endpoint is not None:
            built[section.name] = endpoint
    usable = [cls for cls in classes.values() if cls is not None]
    if defaults is not None and usable and len(usable) == len(classes):
        unused_defaults(defaults, [cls.Options for cls in usable], faults, reserved=(TYPE,))
    return built


def policies(words: Words, document: Document, faults: Faults) -> tuple[Policy, ...]:
    """Make the policies that ``[selection] policies`` names, in order; faults are added there."""
    section = document.section("selection")
    found: list[Policy] = []
    for number, word in enumerate(words):
        try:
            if word in words[:number]:
                raise ConfigError(f"{word} is named twice; name each policy once")
            found.append(load(POLICIES, word)())
        except ConfigError as error:
            if section is not None:
                section.blame(faults, error.message, "policies")
            else:
                faults.add(document.path, 0, f"[selection] policies: {error.message}")
    return tuple(found)


def _plugin(entry: EntryPoint) -> Plugin:
    name, version = (entry.dist.name, entry.dist.version) if entry.dist is not None else ("unknown", "")
    return Plugin(entry.name, name, version, entry.value)


def _module(entry: EntryPoint, owner: str) -> Any:
    """Import an entry point's module."""
    if entry.attr:
        raise ConfigError(f"{owner}: entry point {entry.name} = {entry.value} must name a module, without a colon")
    try:
        return importlib.import_module(entry.module)
    except (Exception, SystemExit) as error:  # a plugin's import may do anything; it must not stop ugr without a word
        raise ConfigError(
            f"{owner} cannot be imported: {entry.module}: {type(error).__name__}: {_flat(error)}; "
            "repair or reinstall it, or remove what uses it from the configuration"
        ) from error


def _offered(door: Door, module: Any, owner: str) -> list[type]:
    """Ask a module's hook for its classes."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise ConfigError(f"{owner} has a hook that ugr does not know: {_flat(error)}") from error
    hook = getattr(manager.hook, door.hook)
    if not hook.get_hookimpls():
        raise ConfigError(
            f"{owner}: module {module.__name__} has no hook {door.hook}; its author must write one, with @hookimpl"
        )
    try:
        offered = [cls for classes in hook() for cls in classes]
    except Exception as error:  # plugin code, as for the import
        raise ConfigError(f"{owner}: {door.hook} failed: {type(error).__name__}: {_flat(error)}") from error
    for cls in offered:
        if not isinstance(cls, type) or not issubclass(cls, door.kinds):
            kinds = " or ".join(kind.__name__ for kind in door.kinds)
            name = cls.__qualname__ if isinstance(cls, type) else repr(type(cls).__name__)
            raise ConfigError(f"{owner}: {door.hook} returned {name}, which is not a class derived from {kinds}")
    return offered


def _check_endpoint(cls: Any, owner: str) -> None:
    """Raise ConfigError unless a class can be used as an endpoint."""
    name = f"{owner}: {cls.__qualname__}"
    if cls.contract != CONTRACT:
        raise ConfigError(
            f"{name} was written for contract {cls.contract}, this ugr has contract {CONTRACT}; "
            "install the version that goes with this ugr"
        )
    if inspect.isabstract(cls):
        raise ConfigError(f"{name} lacks {_lacking(cls)}")
    root = BlockingOptions if issubclass(cls, BlockingEndpoint) else EndpointOptions
    options = getattr(cls, "Options", None)
    usable = (
        isinstance(options, type)
        and issubclass(options, root)
        and "__dataclass_params__" in vars(options)
        and vars(options)["__dataclass_params__"].frozen
    )
    if not usable:
        raise ConfigError(f"{name}.Options must be a frozen dataclass derived from {root.__name__}")
    try:
        options_of(cast(type, options))
    except (TypeError, NameError) as error:
        raise ConfigError(f"{name}.Options: {_flat(error)}") from error


def _type_of(section: Section, defaults: Section | None, faults: Faults) -> str | None:
    """Return the ``type`` of an endpoint's section."""
    for source in (section, defaults):
        if source is not None and TYPE in source.options:
            word = source.options[TYPE].text
            if not word:
                source.blame(faults, "has no value; write the type of the storage", TYPE)
            return word or None
    known = ", ".join(sorted({plugin.name for plugin in installed(ENDPOINTS)})) or "none"
    section.blame(faults, f"must be written; installed are {known}", TYPE)
    return None


def _load_for(section: Section, defaults: Section | None, word: str, faults: Faults) -> EndpointClass | None:
    """Load a type, blaming the line that names it."""
    try:
        return cast(EndpointClass, load(ENDPOINTS, word))
    except ConfigError as error:
        source = section if TYPE in section.options or defaults is None else defaults
        source.blame(faults, error.message, TYPE)
        return None


def _build_one(
    section: Section,
    defaults: Section | None,
    cls: EndpointClass,
    faults: Faults,
    url_lifetime: Duration | None,
) -> Endpoint | None:
    """Bind one section and construct its endpoint.

    One whose options have faults is made all the same, so that its other faults are told as well. What
    it says of an option with a fault, which has its default instead, is not passed on.
    """
    bound = bind_partly(section, cls.Options, faults, defaults, reserved=(TYPE,))
    options: Any = bound.instance
    if options is None:
        return None
    if options.url_lifetime is None and url_lifetime is not None:
        options = dataclasses.replace(options, url_lifetime=url_lifetime)
    try:
        endpoint = cls(section.name, options)
    except ConfigError as error:
        lines = error.message.splitlines()
        section.blame(faults, "\n".join(line for line in lines if bound.faulty.isdisjoint(_WORDS(line))))
        return None
    except Exception as error:  # a plugin's bug is told like any other fault; its text may hold a secret
        if bound.sound:
            section.blame(faults, f"{cls.__module__}.{cls.__qualname__} cannot be made: {type(error).__name__}")
        return None
    return Threaded(endpoint) if isinstance(endpoint, BlockingEndpoint) else endpoint


def _lacking(cls: type) -> str:
    """Name the methods that a class should have."""
    return ", ".join(sorted(getattr(cls, "__abstractmethods__", ())))


def _flat(error: BaseException) -> str:
    return " ".join(str(error).split()) or "no reason given"
