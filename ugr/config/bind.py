# SPDX-License-Identifier: Apache-2.0
"""A section to an instance of the frozen dataclass that declares its options.

Knows: declarations, types, defaults, and how to say what is wrong. Refuses to know: INI syntax,
what any option is for.
"""

from __future__ import annotations

import dataclasses
import os
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeVar

from ugr.config import checks
from ugr.config.declare import METADATA, Declaration
from ugr.config.faults import Faults, suggestion
from ugr.config.reader import Document, Section, Value
from ugr.config.settings import (
    AclSettings,
    CacheSettings,
    HealthSettings,
    NetworkSettings,
    SelectionSettings,
    Settings,
    UgrSettings,
)
from ugr.config.types import PARSERS, Networks, Secret, Unshowable, Words, written

T = TypeVar("T")

SECRET_SUFFIXES = ("_file", "_environment")
"""How the name of a secret's option continues: the source is written, never the secret."""


@dataclasses.dataclass(frozen=True, slots=True)
class Option:
    """One declared option. ``kind`` is its type without ``| None``; ``default`` may be MISSING."""

    name: str
    kind: Any
    optional: bool
    default: Any
    declaration: Declaration

    @property
    def required(self) -> bool:
        """Say whether it must be written."""
        return self.default is dataclasses.MISSING

    @property
    def secret(self) -> bool:
        """Say whether its value is kept outside the configuration."""
        return self.kind is Secret

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names under which it may be written."""
        return tuple(self.name + suffix for suffix in SECRET_SUFFIXES) if self.secret else (self.name,)


def options_of(cls: type) -> tuple[Option, ...]:
    """Return the options that a dataclass declares, in order; raise TypeError if one cannot be written."""
    hints = typing.get_type_hints(cls)
    found = []
    for field in dataclasses.fields(cls):
        declaration = field.metadata.get(METADATA)
        if declaration is None:
            raise TypeError(f"{cls.__qualname__}.{field.name} is not declared with option(...)")
        kind, optional = _without_none(hints[field.name])
        if kind is not Secret and kind not in PARSERS:
            raise TypeError(f"{cls.__qualname__}.{field.name}: an option cannot have the type {kind!r}")
        found.append(Option(field.name, kind, optional, field.default, declaration))
    return tuple(found)


def _without_none(hint: Any) -> tuple[Any, bool]:
    """Split ``X | None`` into X and whether None was there."""
    if typing.get_origin(hint) not in (typing.Union, types.UnionType):
        return hint, False
    rest = [arm for arm in typing.get_args(hint) if arm is not type(None)]
    return (rest[0], True) if len(rest) == 1 else (hint, False)


@dataclasses.dataclass(frozen=True, slots=True)
class Bound(typing.Generic[T]):
    """What became of a section. ``instance`` is None when a required option has no value.

    ``faulty`` are options that have their default instead of what was written; ``sound`` says that
    nothing at all is wrong.
    """

    instance: T | None
    faulty: frozenset[str]
    sound: bool


def bind(
    section: Section,
    cls: type[T],
    faults: Faults,
    defaults: Section | None = None,
    reserved: Collection[str] = (),
) -> T | None:
    """Make a ``cls`` from what the section says; on faults add them all and return None.

    The parameters are those of ``bind_partly``.
    """
    bound = bind_partly(section, cls, faults, defaults, reserved)
    return bound.instance if bound.sound else None


def bind_partly(
    section: Section,
    cls: type[T],
    faults: Faults,
    defaults: Section | None = None,
    reserved: Collection[str] = (),
) -> Bound[T]:
    """Make a ``cls`` from what the section says as far as it goes, so that the rest can be looked at as well.

    ``defaults`` (``[endpoint:*]``) says what holds for options that the section does not write;
    what ``cls`` does not declare there is ignored, see ``unused_defaults``. ``reserved`` are
    option names that somebody else reads (``type``). A relative file of a secret is taken from
    the directory of the configuration file that names it.
    """
    before = len(faults)
    declared = options_of(cls)
    known = [name for option in declared for name in option.names] + list(reserved)
    _refuse_unknown(section, declared, known, faults)
    values: dict[str, Any] = {}
    faulty = set()
    for option in declared:
        known_before = len(faults)
        source = section
        if defaults is not None and not any(name in section.options for name in option.names):
            source = defaults
        written_value = source.options.get(option.name)
        if option.secret:
            values[option.name] = _secret(option, source, section, faults)
        elif written_value is not None:
            values[option.name] = _parsed(option, written_value, source, faults)
        elif option.required:
            section.blame(faults, _missing(option), option.name)
        else:
            values[option.name] = option.default
        if len(faults) > known_before:
            faulty.add(option.name)
            values[option.name] = option.default
    lacks = any(values[name] is dataclasses.MISSING for name in faulty)
    return Bound(None if lacks else cls(**values), frozenset(faulty), len(faults) == before)


def unused_defaults(defaults: Section, classes: Iterable[type], faults: Faults, reserved: Collection[str] = ()) -> None:
    """Add a fault for each option of ``[endpoint:*]`` that none of the configured types declares."""
    declared = [option for cls in classes for option in options_of(cls)]
    known = [name for option in declared for name in option.names] + list(reserved)
    _refuse_unknown(defaults, declared, known, faults, "no configured endpoint type has this option")


def _refuse_unknown(
    section: Section,
    declared: Iterable[Option],
    known: list[str],
    faults: Faults,
    problem: str = "there is no such option",
) -> None:
    """Add a fault for each option that is not known; its value is not repeated."""
    literals = {option.name for option in declared if option.secret}
    for name in section.options:
        if name in known:
            continue
        if name in literals:
            message = f"a secret is not written here; write {name}_file = /path or {name}_environment = NAME"
        else:
            message = problem + suggestion(name, known)
        section.blame(faults, message, name, show=False)


def _missing(option: Option) -> str:
    """Say that a required option is not there, and how it is written."""
    example = option.declaration.example
    return f"must be written; for example {option.names[0]} = {example}" if example else "must be written"


def _parsed(option: Option, value: Value, source: Section, faults: Faults) -> Any:
    """Return the typed value; add a fault and return None when there is none."""
    problem: str | None
    show = True
    try:
        if not value.text and option.kind not in (Words, Networks):
            raise ValueError("has no value; write one, or remove the line for the default")
        parsed = PARSERS[option.kind](value.text)
        problem = _unfit(option, parsed)
    except ValueError as error:
        parsed, problem, show = None, str(error), not isinstance(error, Unshowable)
    if problem is not None:
        source.blame(faults, problem, option.name, show=show)
    return parsed


def _unfit(option: Option, parsed: Any) -> str | None:
    """Say why a value of the right type is not allowed, or return None."""
    declaration = option.declaration
    if declaration.choices is not None:
        for word in parsed if isinstance(parsed, tuple) else (parsed,):
            if word not in declaration.choices:
                return f"must be one of {', '.join(declaration.choices)}{suggestion(str(word), declaration.choices)}"
    if declaration.minimum is not None and parsed < declaration.minimum:
        return f"must be at least {written(declaration.minimum, option.kind)}"
    if declaration.maximum is not None and parsed > declaration.maximum:
        return f"must be at most {written(declaration.maximum, option.kind)}"
    return None


def _secret(option: Option, source: Section, section: Section, faults: Faults) -> Secret | None:
    """Read a secret from the one place that is written for it."""
    given = [name for name in option.names if name in source.options]
    if len(given) > 1:
        source.blame(faults, f"{given[0]} is written too; write one of them", given[1])
        return None
    if not given:
        if option.required and option.name not in section.options:
            section.blame(faults, f"must be written, as {' or '.join(option.names)}", option.name)
        return None
    value = source.options[given[0]]
    try:
        if not value.text:
            raise ValueError("has no value")
        if given[0] == option.names[0]:
            return Secret(file=os.path.join(os.path.dirname(os.path.abspath(value.file)), value.text))
        return Secret(environment=value.text)
    except ValueError as error:
        source.blame(faults, str(error), given[0])
        return None


def settings(document: Document, faults: Faults) -> Settings:
    """Bind every section but the endpoints', and check them against each other.

    Faults are added, not raised; an option with a fault is taken to be at its default, so that
    the rest can still be looked at. ``faults.raise_if_any()`` is the caller's, after the endpoints.
    """
    checks.names(document, faults)
    networks: dict[str, NetworkSettings] = {}
    acls: dict[str, AclSettings] = {}
    for section in document.of_kind("network"):
        network = bind_partly(section, NetworkSettings, faults).instance
        if network is not None:
            checks.network(section, network, document, faults)
            networks[section.name] = network
    checks.shared_addresses(
        [
            (section, networks[section.name].addresses)
            for section in document.of_kind("network")
            if section.name in networks
        ],
        faults,
    )
    for section in document.of_kind("acl"):
        acl = bind_partly(section, AclSettings, faults).instance
        if acl is not None:
            checks.acl(section, acl, document, faults)
            acls[section.name] = acl
    return Settings(
        ugr=_alone(document, "ugr", UgrSettings, faults, checks.ugr),
        cache=_alone(document, "cache", CacheSettings, faults, checks.cache),
        selection=_alone(document, "selection", SelectionSettings, faults),
        health=_alone(document, "health", HealthSettings, faults),
        networks=networks,
        acls=acls,
        origins={section.header: section.origin for section in document.sections},
    )


def _alone(
    document: Document,
    header: str,
    cls: type[T],
    faults: Faults,
    check: Callable[[Section, T, Collection[str], Faults], None] | None = None,
) -> T:
    """Bind and check a section that there is once; what is absent or faulty has its default."""
    section = document.section(header)
    bound = None if section is None else bind_partly(section, cls, faults)
    if section is None or bound is None or bound.instance is None:
        return cls()
    if check is not None:
        check(section, bound.instance, bound.faulty, faults)
    return bound.instance


def shown(instance: object) -> Mapping[str, tuple[str, bool]]:
    """Return what would be written for each option, and whether that is other than the default.

    Options that are None are left out. A secret is shown as the option that names its source.
    """
    found = {}
    for option in options_of(type(instance)):
        value = getattr(instance, option.name)
        if isinstance(value, Secret):
            sources = zip(option.names, (value.file, value.environment), strict=True)
            found.update({name: (source, True) for name, source in sources if source is not None})
        elif value is not None:
            found[option.name] = (written(value, option.kind), option.required or value != option.default)
    return found
