# SPDX-License-Identifier: Apache-2.0
"""What ``ugr plugins new NAME`` writes: a plugin distribution that works, to be changed.

Knows: the files of a distribution, and the words in them that are the author's. Refuses to know:
the command line, and what the new plugin's storage is.

``template/`` holds the files; ``@word@`` in them is replaced by a word of ``words``. What is made
for the name ``example`` is the code in ``plugins/example``.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from ugr import __version__
from ugr.errors import AlreadyExists, BadRequest, NoSpace, NotADirectory, PermissionDenied, UgrError
from ugr.plugin import loader

FILES: Mapping[str, str | None] = {
    "setup.cfg": "setup.cfg.in",
    "pyproject.toml": "pyproject.toml.in",
    "README.rst": "README.rst.in",
    "LICENSE": "LICENSE.in",
    "@module@/__init__.py": "init.py.in",
    "@module@/options.py": "options.py.in",
    "@module@/endpoint.py": "endpoint.py.in",
    "@module@/py.typed": None,
    "tests/test_conformance.py": "test_conformance.py.in",
}
"""Path in the distribution -> its template; None is an empty file."""

LONGEST = 24
"""Characters of a name: with more of them, lines of the code would be too long."""

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_TAKEN = frozenset({"new"})
"""Words that ``ugr plugins`` itself understands."""

_ERRORS: Mapping[int, type[UgrError]] = {
    errno.EACCES: PermissionDenied,
    errno.EPERM: PermissionDenied,
    errno.EROFS: PermissionDenied,
    errno.ENOTDIR: NotADirectory,
    errno.EEXIST: AlreadyExists,
    errno.ENOTEMPTY: AlreadyExists,
    errno.ENOSPC: NoSpace,
    errno.EDQUOT: NoSpace,
}


def words(name: str) -> dict[str, str]:
    """Return what the author's words are, by their names in the templates. Raises BadRequest for a bad name."""
    _check(name)
    distribution = f"ugr-{name}"
    return {
        "type": name,
        "distribution": distribution,
        "underline": "=" * len(distribution),
        "module": distribution.replace("-", "_"),
        "Class": "".join(part.capitalize() for part in name.split("-")),
        "ugr": ".".join(__version__.split(".")[:2]),
    }


def contents(name: str) -> dict[str, str]:
    """Return the text of each file of a plugin, by its path in the distribution. Raises BadRequest for a bad name."""
    own = words(name)
    return {_filled(path, own): _filled(_template(file), own) for path, file in FILES.items()}


def make(name: str, directory: Path | None = None) -> tuple[Path, list[str]]:
    """Write the distribution; return its directory, and the paths in it.

    ``directory`` is ``ugr-NAME`` unless given; it must be new or empty. Either all files are
    written or none. Raises BadRequest for a bad name, AlreadyExists when the type or the directory
    is taken, PermissionDenied, NotADirectory or NoSpace when the directory cannot be made.
    """
    texts = contents(name)
    for plugin in loader.installed(loader.ENDPOINTS):
        if plugin.name == name:
            owner = f"{plugin.distribution} {plugin.version}"
            raise AlreadyExists(f"type {name} is offered by {owner} already; choose another name")
    target = (directory or Path(words(name)["distribution"])).absolute()
    try:
        _write(texts, target)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        kind = _ERRORS.get(error.errno or 0, BadRequest)
        raise kind(f"{target} cannot be used: {reason}; name another one with --directory") from None
    return target, list(texts)


def _write(texts: Mapping[str, str], target: Path) -> None:
    """Write files into a new or empty directory: first all of them beside it, then into their places."""
    there = target.is_dir()
    if there and any(target.iterdir()):
        raise AlreadyExists(f"{target} is not empty; name a new directory with --directory")
    beside = (target if there else target.parent) / f".ugr-new-{os.getpid()}"
    try:
        for path, text in texts.items():
            file = beside / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        if not there:
            beside.rename(target)
            return
        for entry in beside.iterdir():
            entry.rename(target / entry.name)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _filled(text: str, own: Mapping[str, str]) -> str:
    """Return a text with its words replaced."""
    return re.sub(r"@(\w+)@", lambda match: own[match[1]], text)


def _template(file: str | None) -> str:
    return "" if file is None else files("ugr.cli").joinpath("template", file).read_text(encoding="utf-8")


def _check(name: str) -> None:
    """Raise BadRequest, with what would do, for a name that cannot be a type's."""
    if name in _TAKEN:
        raise BadRequest(f"{name} is a word of this command; choose another name")
    if name.startswith("ugr-"):
        raise BadRequest(f"{name}: write only {name.removeprefix('ugr-')}; the distribution is called {name} then")
    if not _NAME.fullmatch(name) or len(name) > LONGEST:
        near = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-").removeprefix("ugr-")
        hint = f"; {near} would do" if _NAME.fullmatch(near) and len(near) <= LONGEST else ""
        raise BadRequest(
            f"{name!r} cannot be the name of a type: write lower-case letters and digits, a letter first, with single "
            f"hyphens between them, {LONGEST} characters at most{hint}"
        )
