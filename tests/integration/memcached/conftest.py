# SPDX-License-Identifier: Apache-2.0
"""Two hosts, each ``ugr serve`` with two workers and a runtime directory of its own, two endpoints, two memcached."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.servers.memcached import Memcached
from tests.servers.nginx import Nginx
from tests.servers.process import HOST, free_port, wait_for
from tests.servers.slow import SlowLink
from tests.servers.ugr import Reply, Ugr

WORKERS = 2


class Site:
    """A web server with files that writes down who asked it what; ``link`` is the way to it, which may be slow."""

    def __init__(self, place: Path, name: str) -> None:
        place.mkdir()
        self.name = name
        self.files = place / "files"
        self.files.mkdir()
        port = free_port()
        location = f"location / {{ root {self.files}; autoindex on; autoindex_format json; }}"
        self.nginx = Nginx(place, f"server {{ listen {HOST}:{port}; {location} }}", port=port, name=f"site-{name}")
        self.link = SlowLink(port, 0.0)

    def put(self, name: str, text: str = "x") -> Path:
        """Make a file."""
        path = self.files / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def asked(self, path: str, method: str = "HEAD") -> int:
        """Count the questions for a path so far."""
        return sum(f'"{method} {path} HTTP/' in line for line in self.nginx.requests)

    @property
    def probes(self) -> int:
        """Count the probes so far."""
        return self.asked("/")


class Host(Ugr):
    """One host of the federation."""

    def __init__(self, place: Path, name: str, options: dict[str, str], sections: str, workers: int = WORKERS) -> None:
        place.mkdir()
        self.runtime = place / "run"
        self.runtime.mkdir(mode=0o700)
        cache = "\n".join(f"{option} = {value}" for option, value in options.items())
        configuration = f"""
runtime_dir = {self.runtime}
deadline = 2s
[cache]
{cache}
[acl:/]
read = anonymous
list = anonymous
{sections}
"""
        super().__init__(place, configuration, name=f"ugr-{name}", workers=workers)

    def status(self, path: str) -> int:
        """Return the status of GET for a path of the namespace."""
        return self.ask(f"/fed{path}").status

    def source(self, path: str) -> str | None:
        """Return where the answer for a path came from: ``L1``, ``L2``, or None when endpoints were asked."""
        reply = self.ask(f"/-/locate?path={path}", headers={"Accept": "application/json"})
        level: str | None = json.loads(reply.body)["level"]
        return level

    lines = 0

    def launch(self) -> Host:
        """Start; what the log held before is another host's."""
        if self.log.exists():
            self.lines = len(self.log.read_text(errors="replace").splitlines())
        return super().launch()

    def said(self, words: str) -> int:
        """Count the lines of the log with these words."""
        return sum(words in line for line in self.log.read_text(errors="replace").splitlines()[self.lines :])


class Cluster:
    """Everything together. ``a`` and ``b`` are the hosts, ``sites`` the endpoints."""

    def __init__(self, place: Path, stack: ExitStack, **options: str) -> None:
        self.memcached = [stack.enter_context(Memcached(f"memcached-{number}")) for number in range(2)]
        self.sites = [Site(place / name, name) for name in ("near", "far")]
        for site in self.sites:
            stack.enter_context(site.nginx)
            stack.enter_context(site.link)
        health = options.pop("health", "interval = 60s")
        cache = {
            "ttl": "300s",
            "negative_ttl": "60s",
            "listing_ttl": "60s",
            "memcached": " ".join(memcached.address for memcached in self.memcached),
            # patient: what is measured here is not how busy this machine is
            "memcached_timeout": "200ms",
        } | options
        endpoints = "\n".join(
            f"[endpoint:{site.name}]\ntype = example\nurl = {site.link.url}\ntimeout = 1s" for site in self.sites
        )
        sections = f"[health]\n{health}\n{endpoints}\n"
        self.hosts = [Host(place / f"host-{name}", name, cache, sections) for name in "ab"]
        for host in self.hosts:
            stack.enter_context(host)
        self.a, self.b = self.hosts

    def put(self, path: str, text: str = "x") -> None:
        """Make a file on both endpoints."""
        for site in self.sites:
            site.put(path.lstrip("/"), text)

    def remove(self, path: str) -> None:
        """Delete a file on both endpoints, behind everybody's back."""
        for site in self.sites:
            (site.files / path.lstrip("/")).unlink()

    def asked(self, path: str, method: str = "HEAD") -> list[int]:
        """Count the questions that each endpoint was asked for a path."""
        return [site.asked(path, method) for site in self.sites]

    def total(self) -> int:
        """Count all questions but probes."""
        return sum(len(site.nginx.requests) - site.probes for site in self.sites)

    def holding(self, mark: str) -> list[tuple[Memcached, str]]:
        """Return who holds which keys that begin with a letter."""
        return [(m, key) for m in self.memcached if m.running for key in m.kept() if key.startswith(mark)]


class Reader:
    """Clients that ask for the same paths all the time; counts answers that are wrong, and notes how long each took."""

    def __init__(self, host: Host, right: Callable[[Reply, str], bool], paths: list[str]) -> None:
        self.host = host
        self.right = right
        self.paths = paths
        self.wrong: list[tuple[str, int]] = []
        self.seconds: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10.0)

    def _read(self) -> None:
        while not self._stop.is_set():
            for path in self.paths:
                began = time.monotonic()
                reply = self.host.ask(f"/fed{path}")
                self.seconds.append(time.monotonic() - began)
                if not self.right(reply, path):
                    self.wrong.append((path, reply.status))


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    """Return what makes a cluster; options of ``[cache]`` by name, those of ``[health]`` as text."""
    with ExitStack() as stack:
        yield lambda **options: Cluster(tmp_path, stack, **options)


@pytest.fixture
def cluster(build: Callable[..., Cluster]) -> Cluster:
    """Two hosts that know each other's endpoints to be up."""
    made = build()
    for host in made.hosts:
        assert wait_for(lambda host=host: host.ask("/-/health/ready").status == 200, limit=10.0)
    return made
