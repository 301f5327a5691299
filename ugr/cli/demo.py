# SPDX-License-Identifier: Apache-2.0
"""``ugr demo``: a small federation on this machine, to look at and to break.

Knows: how it is laid out, and what is worth trying. Refuses to know: anything that an ordinary
configuration could not say: the demonstration is three directories and a file of settings.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import sys
import tempfile
from pathlib import Path

from ugr.cli import sample
from ugr.cli.output import show, show_json
from ugr.errors import ConfigError

NAME = "demo"
HELP = "run a small federation on this machine, to try things"

HOST = "127.0.0.1"
DEFAULT_PORT = 8080


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare port and directory."""
    parser.add_argument("--port", type=_port, default=DEFAULT_PORT, help=f"port of {HOST} (default: {DEFAULT_PORT})")
    parser.add_argument(
        "--directory",
        metavar="DIR",
        type=Path,
        help="new or empty directory for the data, kept in the end (default: a temporary one, removed in the end)",
    )


def _port(text: str) -> int:
    """Parse a port, for argparse."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text} is not a port; write a number from 1 to 65535")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Make the federation, say what to try, serve until interrupted, clean up. Raises ConfigError."""
    from ugr.server import serve

    _require_free(arguments.port)
    directory = _directory(arguments.directory)
    owner = os.getpid()
    try:
        config = sample.make(directory, HOST, arguments.port)
        if arguments.json:
            show_json(
                {"url": f"http://{HOST}:{arguments.port}/fed/", "config": str(config), "directory": str(directory)}
            )
        else:
            show(guide(directory, config, arguments.port, _program(), kept=arguments.directory is not None))
        sys.stdout.flush()
        return serve(config)
    finally:
        # The server's workers come through here as well when they end: only who made it removes it.
        if arguments.directory is None and os.getpid() == owner:
            shutil.rmtree(directory, ignore_errors=True)


def _require_free(port: int) -> None:
    """Raise ConfigError when the port is taken, before anything is made."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ConfigError(
                f"port {port} of {HOST} cannot be used: {(error.strerror or str(error)).lower()}; "
                f"choose another one: ugr demo --port {port + 1 if port < 65535 else DEFAULT_PORT}"
            ) from None


def _directory(wanted: Path | None) -> Path:
    """Return an empty directory. Raises ConfigError when the one that is wanted cannot be used."""
    if wanted is None:
        return Path(tempfile.mkdtemp(prefix="ugr-demo-"))
    directory = wanted.absolute()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if (directory / "ugr.conf").exists():
            raise ConfigError(
                f"{directory} has a demonstration already; serve it again: ugr serve -c {directory}/ugr.conf"
            )
        if any(directory.iterdir()):
            raise ConfigError(f"{directory} is not empty; name a new directory, so that nothing of yours is touched")
    except OSError as error:
        raise ConfigError(f"{directory} cannot be used: {(error.strerror or str(error)).lower()}") from None
    return directory


def _program() -> str:
    """Return how this command was called, for lines that can be copied."""
    name = sys.argv[0]
    return name if Path(name).name == "ugr" else f"{sys.executable} -m ugr"


def guide(directory: Path, config: Path, port: int, program: str, kept: bool) -> str:
    """Return what to look at and what to try."""
    url = f"http://{HOST}:{port}/fed"
    ask = f"{program} locate -c {config}"
    redirect = r"curl -s -o /dev/null -w '%{redirect_url}\n'"
    ending = f"{directory} stays." if kept else "everything is removed."
    return f"""\
A federation of three endpoints: geneva, vancouver and victoria.

  The page        {url}/
  The data        {directory}
  The settings    {config}
  Each request    {directory}/access.log

Clients are placed by their address: 127.0.1.x in Geneva, 127.0.2.x near Vancouver, 127.0.3.x in Victoria.
Each is sent to the closest copy (the copies of {sample.WHICH} differ, so that you see which one you got):

  curl -L --interface 127.0.1.1 {url}/{sample.WHICH}
  curl -L --interface 127.0.2.1 {url}/{sample.WHICH}

See where a client is sent, and why:

  {redirect} --interface 127.0.2.1 {url}/atlas/raw/run-0001.dat
  {ask} --from 127.0.2.1 /atlas/raw/run-0001.dat

A file that only Victoria has, and a listing that three endpoints make together:

  {redirect} --interface 127.0.1.1 {url}/atlas/raw/run-0003.dat
  {program} ls -l -c {config} /atlas/raw

Take an endpoint away, wait three seconds, and ask again; then bring it back:

  mv {directory}/vancouver {directory}/gone
  curl -L --interface 127.0.2.1 {url}/{sample.WHICH}
  {program} endpoints -c {config}
  mv {directory}/gone {directory}/vancouver

Ctrl-C ends it; {ending}"""
