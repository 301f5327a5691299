# SPDX-License-Identifier: Apache-2.0
"""Which versions of clients and servers a run had before it.

Knows: how each program tells its version. Refuses to know: whether it matters.
"""

from __future__ import annotations

import json
import re

import ugr
from tests.clients.matrix import CADAVER, CURL, DAVIX, GFAL, RCLONE, WGET
from tests.clients.running import run
from tests.servers.azurite import PROGRAM

PYTHON = "/usr/bin/python3"

TELL = {
    "curl": (("curl", "--version"), CURL, r"curl (\S+)"),
    "wget": (("wget", "--version"), WGET, r"Wget (\S+)"),
    "davix": (("davix-get", "--version"), DAVIX, r"Version: (\S+)"),
    "gfal2": (("gfal-ls", "--version"), GFAL, r"gfal2 ([\d.]+)"),
    "rclone": (("rclone", "version"), RCLONE, r"rclone v(\S+)"),
    "cadaver": (("cadaver", "--version"), CADAVER, r"cadaver (\S+)"),
    "Ceph": (("radosgw", "--version"), "radosgw", r"version (\S+)"),
    "OpenStack Swift": ((PYTHON, "-c", "import swift; print(swift.__version__)"), "swift", r"(\S+)"),
    "Apache": (("apache2", "-v"), "apache2", r"Apache/(\S+)"),
    "XRootD": (("xrootd", "-v"), "xrootd-server", r"v(\S+)"),
    "nginx": (("nginx", "-v"), "nginx", r"nginx/(\S+)"),
}
"""Program -> command, Debian package, and where the version stands in what it says."""


def versions() -> dict[str, str]:
    """Return the version of each client and server."""
    found = {"ugr": ugr.__version__}
    for name, (command, package, pattern) in TELL.items():
        ran = run(*command, package=package, check=False, GFAL_PYTHONBIN=PYTHON)
        match = re.search(pattern, ran.out + ran.error)
        found[name] = match[1] if match else "not told"
    manifest = PROGRAM.parents[3] / "package.json"
    return found | {"Azurite": json.loads(manifest.read_text(encoding="utf-8"))["version"]}
