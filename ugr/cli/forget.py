# SPDX-License-Identifier: Apache-2.0
"""``ugr forget``: say that something changed on the storages behind the federation's back."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from ugr.cli.asking import lfn
from ugr.cli.exits import Exit
from ugr.cli.output import show, show_json, warn
from ugr.config.settings import CacheSettings
from ugr.errors import BadRequest, ConfigError

NAME = "forget"
HELP = "have all workers and hosts forget what they remember of a path that changed on a storage"

PATIENCE = 3.0
"""Seconds in which a memcached must have been told."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the paths."""
    parser.add_argument(
        "path", nargs="*", help="path in the namespace; what is known of its directory's listing goes with it"
    )
    parser.add_argument("--all", action="store_true", help="everything, whatever its path")


def run(arguments: argparse.Namespace) -> int:
    """Tell the workers of this host and, by memcached, all other hosts. Raises BadRequest, ConfigError."""
    from ugr.app import Runtime
    from ugr.namespace.paths import normalise

    if bool(arguments.path) is arguments.all:
        raise BadRequest("name the paths that changed, or --all")
    paths: list[str | None] = [normalise(lfn(path)) for path in arguments.path] or [None]
    settings = Runtime.load(arguments.config, serving=False).settings
    if settings.ugr.runtime_dir is None and not settings.cache.memcached:
        raise ConfigError("neither [ugr] runtime_dir nor [cache] memcached is set, so nobody can be told; set one")
    untold = sorted(set(_tell_hosts(settings.cache, paths)))
    here = settings.ugr.runtime_dir is not None and _tell_workers(Path(settings.ugr.runtime_dir), paths)
    told = [address for address in settings.cache.memcached if address not in untold]
    if arguments.json:
        show_json({"paths": paths, "here": here, "told": told, "untold": untold})
    else:
        what = "everything" if arguments.all else ", ".join(path for path in paths if path is not None)
        whom = [*(("the workers of this host",) if here else ()), *(f"memcached {address}" for address in told)]
        show(f"{what}: told {' and '.join(whom) or 'nobody: no service has run here'}")
        for address in untold:
            warn(f"memcached {address} does not answer; hosts that reach no other go on with what they remember")
    return Exit.UNAVAILABLE if untold else Exit.OK


def _tell_hosts(settings: CacheSettings, paths: list[str | None]) -> list[str]:
    """Return the memcached servers that could not be told."""
    if not settings.memcached:
        return []
    from ugr.federation.hosts import announce

    return asyncio.run(announce(settings, paths, PATIENCE))


def _tell_workers(directory: Path, paths: list[str | None]) -> bool:
    """Say whether there was a table of changes in the runtime directory to note the paths in."""
    from ugr.federation.generations import Generations

    generations = Generations()
    if not generations.join(directory):
        return False
    for path in paths:
        if path is None:
            generations.bump_all()
        else:
            generations.bump(path)
    return True
