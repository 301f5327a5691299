# SPDX-License-Identifier: Apache-2.0
"""Install the real servers and clients that the tests use, where that is possible.

Knows: which Debian and npm packages the tests need. Refuses to know: how a server is started, which is
the business of its tests. Nothing here starts a service.

``servers.py list`` prints the table; ``servers.py install`` installs what is missing when it runs
as root on Debian or Ubuntu, and otherwise says what will be skipped. It always succeeds: a missing
server skips its tests, with a reason, and ``.ci/run`` then says that this must not be.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PACKAGES = {
    "ceph-mon": "Ceph's S3 gateway: its monitor",
    "ceph-osd": "Ceph's S3 gateway: its store",
    "radosgw": "Ceph's S3 gateway itself",
    "memcached": "what hosts remember together; OpenStack Swift: tokens",
    "nginx": "a front server, and storage behind plain HTTP",
    "haproxy": "a front server of several hosts",
    "logrotate": "the access log",
    "systemd": "the units: systemd-analyze",
    "libnginx-mod-http-dav-ext": "WebDAV storage: nginx's module",
    "apache2": "WebDAV storage",
    "apache2-utils": "WebDAV storage: htpasswd",
    "xrootd-server": "WebDAV storage of the grid",
    "xrootd-server-plugins": "WebDAV storage of the grid: HTTP",
    "xrootd-voms-plugins": "WebDAV storage of the grid: virtual organisations",
    "swift": "OpenStack Swift: its rings",
    "swift-proxy": "OpenStack Swift: its front",
    "swift-account": "OpenStack Swift: accounts",
    "swift-container": "OpenStack Swift: containers",
    "swift-object": "OpenStack Swift: objects",
    "nodejs": "the emulator of Azure Blob storage: what runs it",
    "npm": "the emulator of Azure Blob storage: what installs it",
    "openssl": "certificates and revocation lists",
    "voms-clients": "grid proxies: voms-proxy-fake",
    "iproute2": "networks of their own for servers that listen everywhere",
    "util-linux": "the same, and servers that end with the test run",
    "davix": "client: davix-ls, davix-get",
    "gfal2-util-scripts": "client: gfal-ls, gfal-copy",
    "python3-gfal2": "client: what the gfal commands import",
    "gfal2-plugin-http": "client: gfal over HTTP",
    "gfal2-plugin-file": "client: gfal to local files",
    "curl": "client: curl",
    "wget": "client: wget",
    "rclone": "client: rclone",
    "cadaver": "client: cadaver, which follows no redirect",
    "chromium": "client: a browser",
    "fonts-dejavu-core": "client: what the browser writes with",
    "wrk": "load for the measurements",
}
"""Debian package -> what the tests want of it."""

ELSEWHERE = {"nodejs": "node", "npm": "npm"}
"""Packages that are often installed from elsewhere -> the command that says so."""

NPM = {"azurite": "3"}
"""npm package -> its version. They go into the checkout, where no root is needed: ``build/npm``."""

LOCK_SECONDS = 600
"""How long to wait for another apt to finish."""

POLICY = Path("/usr/sbin/policy-rc.d")
"""Debian asks this file whether a freshly installed service may be started."""


def missing() -> list[str]:
    """Return the packages that are not installed, in the table's order."""
    query = ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *PACKAGES]
    answer = subprocess.run(query, capture_output=True, text=True, check=False)
    installed = {line.split()[0] for line in answer.stdout.splitlines() if line.endswith(" installed")}
    installed |= {package for package, command in ELSEWHERE.items() if shutil.which(command)}
    return [package for package in PACKAGES if package not in installed]


@contextmanager
def no_service_started() -> Iterator[None]:
    """Keep Debian from starting what it installs, unless this machine already has a rule for that."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\n# made by ugr's tests for one installation\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)


def apt(*words: str) -> int:
    """Run apt-get without questions, waiting for its lock; return its exit status."""
    command = ["apt-get", "-q", "-o", f"DPkg::Lock::Timeout={LOCK_SECONDS}", *words]
    print("$", *command, flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False).returncode


def listed(packages: list[str]) -> bool:
    """Say whether apt's lists, as they are on disk, offer all of these packages."""
    answer = subprocess.run(["apt-cache", "policy", *packages], capture_output=True, text=True, check=False)
    known = {block.split(":", 1)[0] for block in answer.stdout.split("\n") if block.endswith(":") and block[0] != " "}
    return known.issuperset(packages) and "Candidate: (none)" not in answer.stdout


def install() -> int:
    """Install what is missing, or say why not; return an exit status."""
    if os.environ.get("UGR_INSTALL", "yes").lower() in ("no", "0", "false", "off"):
        print("servers: UGR_INSTALL says no; tests of what is not installed are skipped")
        return 0
    install_packages()
    install_npm()
    return 0


def install_packages() -> None:
    """Install the Debian packages that are missing, or say why not."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-query") is None:
        print(f"servers: {platform.system()} without apt; tests of servers that are not installed are skipped")
        return
    packages = missing()
    names = " ".join(packages)
    if packages and os.geteuid() != 0:
        print(f"servers: not root; tests that need these Debian packages are skipped: {names}")
    elif packages:
        print(f"servers: installing Debian packages for the tests (UGR_INSTALL=no to do without): {names}", flush=True)
        wanted = ("install", "-y", "--no-install-recommends", *packages)
        with no_service_started():
            done = (listed(packages) and apt(*wanted) == 0) or (apt("update") == 0 and apt(*wanted) == 0)
        if not done:
            print(f"servers: apt could not install them; tests that need them are skipped: {names}")


def install_npm() -> None:
    """Install the npm packages that are missing into the checkout, or say why not."""
    place = ROOT / "build" / "npm"
    packages = [f"{name}@{version}" for name, version in NPM.items() if not (place / "node_modules" / name).exists()]
    names = " ".join(packages)
    if packages and shutil.which("npm") is None:
        print(f"servers: no npm; tests that need these npm packages are skipped: {names}")
    elif packages:
        print(f"servers: installing npm packages for the tests into {place.relative_to(ROOT)}: {names}", flush=True)
        place.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--prefix", place, "--no-audit", "--no-fund", "--loglevel=error", *packages]
        if subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode != 0:
            shutil.rmtree(place, ignore_errors=True)
            print(f"servers: npm could not install them; tests that need them are skipped: {names}")


def main(arguments: list[str]) -> int:
    """Run one command; return its exit status."""
    match arguments:
        case ["list"]:
            for package, purpose in PACKAGES.items():
                print(f"{package:22} {purpose}")
            return 0
        case ["install"]:
            return install()
    print("usage: servers.py list | install", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
