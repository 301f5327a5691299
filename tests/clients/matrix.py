# SPDX-License-Identifier: Apache-2.0
"""What each client is asked to do with each storage, and what it cannot do by its nature.

Knows: the command lines of the clients, and the words with which they list and fail. Refuses to
know: storages. Each task is one process.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from tests.clients.running import Ran, Run
from tests.clients.stores import ONLY, Stores

CADAVER = "cadaver"
CURL = "curl"
DAVIX = "davix"
GFAL = "gfal2-util-scripts"
RCLONE = "rclone"
WGET = "wget"

LIST, FETCH, COMPARE = "list", "fetch", "compare"


@dataclass(frozen=True)
class Job:
    """One file to be seen and read: ``name`` in the directory ``only/STORE``, whose bytes are ``body``."""

    run: Run
    stores: Stores
    store: str
    name: str
    body: bytes
    place: Path
    """An empty directory for what is fetched."""

    @property
    def path(self) -> str:
        """The directory, without slashes around it."""
        return f"{ONLY}/{self.store}"

    @property
    def directory(self) -> str:
        """The URL of the directory."""
        return self.stores.url(f"{self.path}/")

    @property
    def file(self) -> str:
        """The URL of the file."""
        return self.stores.url(f"{self.path}/{self.name}")

    @property
    def target(self) -> Path:
        """Where the bytes go."""
        return self.place / "got"


@dataclass(frozen=True)
class Refusal:
    """Why a task cannot work by the client's nature, and with which words it fails."""

    why: str
    words: str


@dataclass(frozen=True)
class Task:
    """One command of a client. ``does`` says what a run must show: names, the bytes, or nothing but its end."""

    client: str
    command: str
    package: str
    does: str
    run: Callable[[Job], Ran]
    refusal: Refusal | None = None

    @property
    def title(self) -> str:
        """How the task is called in a table."""
        return self.command if self.command.startswith(self.client) else f"{self.client} {self.command}"


def names(task: Task, ran: Ran) -> list[str]:
    """Return the names of files that a listing shows."""
    found = [match[1] for match in re.finditer(SHOWN.get(task.title, r"(?m)^(.+)$"), ran.out)]
    return [unquote(name) for name in found] if task.package in (DAVIX, GFAL) else found


SHOWN = {
    "davix-ls -l": r"(?m)^-\S+ .* (\S+)$",
    "gfal-ls -l": r"(?m)^-\S+ .*\t(\S+)[ \t]*$",
    "cadaver ls": r"(?m)^ {8}(\S.*?) +\d+  \w+ +\d+ ",
}
"""How a line that shows a file looks; plainly the name, unless written. davix shows names as they stand in the href."""


def _curl(job: Job) -> Ran:
    who = ("--cert", job.stores.proxy, "--cacert", job.stores.pki.bundle)
    return job.run("curl", "-sSfL", *who, "-o", job.target, job.file, package=CURL)


def _wget(job: Job) -> Ran:
    proxy, authority = job.stores.proxy, job.stores.pki.bundle
    who = (f"--certificate={proxy}", f"--private-key={proxy}", f"--ca-certificate={authority}")
    return job.run("wget", "--no-verbose", "--tries=1", *who, "-O", job.target, job.file, package=WGET)


def _davix_ls(job: Job) -> Ran:
    return job.run("davix-ls", "-l", job.directory, package=DAVIX)


def _davix_get(job: Job) -> Ran:
    who = ("--cert", job.stores.proxy, "--capath", job.stores.pki.authorities)
    return job.run("davix-get", *who, job.file, job.target, package=DAVIX)


def _gfal(job: Job, *words: str) -> Ran:
    stores = job.stores
    who = {"X509_USER_PROXY": str(stores.proxy), "X509_CERT_DIR": str(stores.pki.authorities)}
    return job.run(*words, package=GFAL, GFAL_PYTHONBIN="/usr/bin/python3", **who)


def _gfal_ls(job: Job) -> Ran:
    return _gfal(job, "gfal-ls", "-l", job.directory)


def _gfal_copy(job: Job) -> Ran:
    return _gfal(job, "gfal-copy", job.file, f"file://{job.target}")


def rclone(run: Run, stores: Stores, *words: str | Path) -> Ran:
    """Run rclone; the federation is its remote ``:webdav:``."""
    proxy, authority = str(stores.proxy), str(stores.pki.bundle)
    settings = {
        "RCLONE_CONFIG": "/dev/null",
        "RCLONE_WEBDAV_URL": stores.url(),
        "RCLONE_CLIENT_CERT": proxy,
        "RCLONE_CLIENT_KEY": proxy,
        "RCLONE_CA_CERT": authority,
    }
    return run("rclone", *words, package=RCLONE, **settings)


def _rclone_lsf(job: Job) -> Ran:
    return rclone(job.run, job.stores, "lsf", f":webdav:{job.path}")


def _rclone_copy(job: Job) -> Ran:
    return rclone(job.run, job.stores, "copyto", f":webdav:{job.path}/{job.name}", job.target)


def _rclone_check(job: Job) -> Ran:
    (job.place / job.name).write_bytes(job.body)
    return rclone(job.run, job.stores, "check", "--download", job.place, f":webdav:{job.path}")


def _cadaver(job: Job, command: str) -> Ran:
    return job.run("cadaver", "-r", "/dev/null", job.directory, said=f"{command}\nquit\n", package=CADAVER)


def _cadaver_ls(job: Job) -> Ran:
    return _cadaver(job, "ls")


def _cadaver_get(job: Job) -> Ran:
    return _cadaver(job, f'get "{job.name}" "{job.target}"')


FOLLOWS_NONE = Refusal(
    "cadaver follows no redirect of a file. It can look around, and be told where files are; what fetches has to be "
    "another client.",
    r"Failed: 302 Found",
)

TASKS = (
    Task("curl", "-L", CURL, FETCH, _curl),
    Task("wget", "", WGET, FETCH, _wget),
    Task("davix", "davix-ls -l", DAVIX, LIST, _davix_ls),
    Task("davix", "davix-get", DAVIX, FETCH, _davix_get),
    Task("gfal", "gfal-ls -l", GFAL, LIST, _gfal_ls),
    Task("gfal", "gfal-copy", GFAL, FETCH, _gfal_copy),
    Task("rclone", "lsf", RCLONE, LIST, _rclone_lsf),
    Task("rclone", "copyto", RCLONE, FETCH, _rclone_copy),
    Task("rclone", "check --download", RCLONE, COMPARE, _rclone_check),
    Task("cadaver", "ls", CADAVER, LIST, _cadaver_ls),
    Task("cadaver", "get", CADAVER, FETCH, _cadaver_get, FOLLOWS_NONE),
)
