# SPDX-License-Identifier: Apache-2.0
"""The files in etc/, put to use: the same text, but for addresses, paths and users.

Knows: what in each file belongs to the machine of an administrator. Refuses to know: what the rest does.
"""

from __future__ import annotations

import getpass
import re
from pathlib import Path

from tests.servers.process import HOST, ROOT

NAME = "federation.example.org"
"""The name under which clients know the service."""

NGINX = ROOT / "etc/nginx/ugr.conf"
HAPROXY = ROOT / "etc/haproxy/haproxy.cfg"
SERVICE = ROOT / "etc/systemd/ugr.service"
SOCKET = ROOT / "etc/systemd/ugr.socket"
LOGROTATE = ROOT / "etc/logrotate/ugr"
PROGRAM = "/opt/ugr/bin/ugr"


def replaced(file: Path, changes: dict[str, str]) -> str:
    """Return the text of a file with some words replaced; a word that is not there is a mistake of the test."""
    text = file.read_text(encoding="utf-8")
    for before, after in changes.items():
        assert before in text, f"{file.name} has no {before!r}"
        text = text.replace(before, after)
    return text


def nginx(port: int, socket: Path | str, certificate: Path, key: Path) -> str:
    """Return nginx's file for a port of this machine, the socket of a service, and a certificate."""
    changes = {
        "listen 443 ssl": f"listen {HOST}:{port} ssl",
        "    listen [::]:443 ssl;\n": "",
        "/run/ugr.sock": str(socket),
        "/etc/grid-security/hostcert.pem": str(certificate),
        "/etc/grid-security/hostkey.pem": str(key),
    }
    return replaced(NGINX, changes)


def haproxy(port: int, servers: list[str], certificate: Path) -> str:
    """Return HAProxy's file for a port of this machine, its servers (at most two), and a certificate with its key."""
    user = getpass.getuser()
    text = replaced(
        HAPROXY,
        {
            "bind :443 ": f"bind {HOST}:{port} ",
            "/etc/haproxy/federation.pem": str(certificate),
            "log /dev/log local0": "log stdout format raw local0",
            "user haproxy": f"user {user}",
            "group haproxy": f"group {_group()}",
        },
    )
    lines = iter(servers)
    # one line for each server; a line too many is left out
    return re.sub(
        r"(?m)^(    server \w+ )192\.0\.2\.\d+:8080\n",
        lambda line: "".join(f"{line[1]}{server}\n" for server in [next(lines, None)] if server is not None),
        text,
    )


def _group() -> str:
    import grp
    import os

    return grp.getgrgid(os.getgid()).gr_name
