# SPDX-License-Identifier: Apache-2.0
"""What a configuration names on this host, and what of it is not there.

Knows: options that are paths. Refuses to know: what is kept there.

A configuration may be written on one host for another, a file system may be mounted later: these are
no faults of the configuration. Whoever serves needs them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path as FilePath

from ugr.config.bind import options_of
from ugr.config.faults import Faults
from ugr.config.reader import Document
from ugr.config.types import LogPlace, Path


def lacks(document: Document, instances: Mapping[str, object]) -> Faults:
    """Return what the options of sections name that is not on this host; ``instances`` are by section."""
    found = Faults()
    for header, instance in instances.items():
        section = document.section(header)
        if section is None:
            continue
        for option in options_of(type(instance)):
            value = getattr(instance, option.name)
            problem = _problem(option.kind, value) if isinstance(value, str) else None
            if problem is not None and option.name in section.options:
                section.blame(found, problem, option.name)
    return found


def _problem(kind: object, value: str) -> str | None:
    """Say what is wrong with the place that an option names."""
    if kind is Path and not os.path.exists(value):
        return "there is no such file or directory on this host"
    if kind is LogPlace and value.startswith("/"):
        above = FilePath(value).parent
        if not above.is_dir():
            return f"there is no directory {above} on this host; make it, for the user that runs ugr"
        if not os.access(value if os.path.exists(value) else above, os.W_OK):
            return "this user may not write there"
    return None
