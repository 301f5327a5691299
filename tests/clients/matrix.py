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
from urllib.parse import quote

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
        return self.place / self.name

    @property
    def words(self) -> dict[str, str]:
        """What is of this job alone in a command line -> a word for it; longer texts come first."""
        pki = self.stores.pki
        return {
            str(self.stores.proxy): "PROXY",
            str(pki.authorities): "AUTHORITIES",
            str(pki.bundle): "AUTHORITY.pem",
            str(self.target): "FILE",
            str(self.place): "DIRECTORY",
            self.file: "URL",
            self.directory: "URL",
            self.stores.url(): "http://federation.example.org/fed/",
            f"{self.path}/{self.name}": "PATH",
            self.path: "PATH",
            self.name: "NAME",
        }


@dataclass(frozen=True)
class Refusal:
    """Why a task cannot work by the client's nature, and what it says then; ``{target}`` is what URLs of the storage
    begin with."""

    why: str
    words: str


@dataclass(frozen=True)
class Task:
    """One command of a client, and what it is for: to list the directory, to fetch the file, to compare it.

    ``remark`` is what whoever uses it should know although it works.
    """

    command: str
    does: str
    run: Callable[[Job], Ran]
    remark: str | None = None
    refusal: Refusal | None = None


def sizes(task: Task, ran: Ran) -> dict[str, int]:
    """Return the files that a listing shows, by the names that it shows, with their sizes."""
    return {file["name"]: int(file["size"]) for file in SHOWN[task.command].finditer(ran.out)}


def shown(task: Task, name: str) -> str:
    """Return a name as a listing shows it."""
    return quote(name, safe="&") if task.remark is ENCODED else name


SHOWN = {
    "davix-ls -l": re.compile(r"(?m)^-\S+ +\d+ +(?P<size>\d+) .* (?P<name>\S+)$"),
    "gfal-ls -l": re.compile(r"(?m)^-\S+ +\d+ +\d+ +\d+ +(?P<size>\d+) .* (?P<name>\S+)\s*$"),
    "rclone lsf": re.compile(r"(?m)^(?P<size>\d+);(?P<name>.+)$"),
    "cadaver ls": re.compile(r"(?m)^ {8}(?P<name>\S.*?) +(?P<size>\d+)  \w+ +\d+ "),
}
"""How a line that shows a file looks."""


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


def gfal(run: Run, stores: Stores, *words: str | Path) -> Ran:
    """Run a command of gfal2 for whoever holds the proxy."""
    who = {"X509_USER_PROXY": str(stores.proxy), "X509_CERT_DIR": str(stores.pki.authorities)}
    return run(*words, package=GFAL, GFAL_PYTHONBIN="/usr/bin/python3", **who)


def _gfal_ls(job: Job) -> Ran:
    return gfal(job.run, job.stores, "gfal-ls", "-l", job.directory)


def _gfal_copy(job: Job) -> Ran:
    return gfal(job.run, job.stores, "gfal-copy", job.file, f"file://{job.target}")


def rclone(run: Run, stores: Stores, *words: str | Path, check: bool = True) -> Ran:
    """Run rclone; the federation is its remote ``:webdav:``."""
    proxy, authority = str(stores.proxy), str(stores.pki.bundle)
    settings = {
        "RCLONE_CONFIG": "/dev/null",
        "RCLONE_WEBDAV_URL": stores.url(),
        "RCLONE_CLIENT_CERT": proxy,
        "RCLONE_CLIENT_KEY": proxy,
        "RCLONE_CA_CERT": authority,
    }
    return run("rclone", *words, package=RCLONE, check=check, **settings)


def _rclone_lsf(job: Job) -> Ran:
    return rclone(job.run, job.stores, "lsf", "--format", "sp", f":webdav:{job.path}")


def _rclone_copy(job: Job) -> Ran:
    return rclone(job.run, job.stores, "copy", f":webdav:{job.path}", job.place)


def _rclone_check(job: Job) -> Ran:
    job.target.write_bytes(job.body)
    return rclone(job.run, job.stores, "check", "--download", job.place, f":webdav:{job.path}")


def _cadaver(job: Job, command: str) -> Ran:
    return job.run("cadaver", "-r", "/dev/null", job.directory, said=f"{command}\nquit\n", package=CADAVER)


def _cadaver_ls(job: Job) -> Ran:
    return _cadaver(job, "ls")


def _cadaver_get(job: Job) -> Ran:
    return _cadaver(job, f'get "{job.name}" "{job.target}"')


ENCODED = "It shows names as they stand in the URL."

SIZES_ONLY = "Without ``--download`` it compares sizes: the federation tells rclone no checksums."

FOLLOWS_NONE = Refusal(
    "It follows no redirect, and says where it would have had to go. It lists directories; files are for others to "
    "fetch.",
    "redirect to {target}",
)

TASKS = (
    Task("curl -L", FETCH, _curl),
    Task("wget", FETCH, _wget),
    Task("davix-ls -l", LIST, _davix_ls, ENCODED),
    Task("davix-get", FETCH, _davix_get),
    Task("gfal-ls -l", LIST, _gfal_ls, ENCODED),
    Task("gfal-copy", FETCH, _gfal_copy),
    Task("rclone lsf", LIST, _rclone_lsf),
    Task("rclone copy", FETCH, _rclone_copy),
    Task("rclone check --download", COMPARE, _rclone_check, SIZES_ONLY),
    Task("cadaver ls", LIST, _cadaver_ls),
    Task("cadaver get", FETCH, _cadaver_get, refusal=FOLLOWS_NONE),
)

CROWDED: dict[str, Callable[[Run, Stores, str, Path], Ran]] = {
    "gfal-ls -l": lambda run, stores, path, place: gfal(run, stores, "gfal-ls", "-l", stores.url(path)),
    "rclone check": lambda run, stores, path, place: rclone(run, stores, "check", place, f":webdav:{path}"),
    "rclone copy": lambda run, stores, path, place: rclone(run, stores, "copy", f":webdav:{path}", place / "copy"),
}
"""What is done with a directory of many files: the command, with the directory's path and one of this host."""
