# SPDX-License-Identifier: Apache-2.0
"""Three workers of one ``ugr serve``, and a web server that writes down who asked it what."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.nginx import Nginx
from tests.servers.process import HOST, free_port, wait_for
from tests.servers.ugr import Ugr
from ugr.federation.generations import Generations
from ugr.federation.slate import Slate

WORKERS = 3


class Site:
    """A web server with files, as an endpoint of type ``example``."""

    def __init__(self, place: Path) -> None:
        place.mkdir()
        self.files = place / "files"
        self.files.mkdir()
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        locations = f"""
        location / {{ root {self.files}; autoindex on; autoindex_format json; }}
        location /torn/ {{ return 444; }}"""
        self.nginx = Nginx(place, f"server {{ listen {HOST}:{self.port};{locations} }}", port=self.port, name="site")

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


class Service(Ugr):
    """``ugr serve`` with three workers and a runtime directory of its own."""

    def __init__(self, place: Path, endpoints: str, health: str = "", workers: int = WORKERS) -> None:
        self.count = workers
        self.runtime = place / "run"
        self.runtime.mkdir(mode=0o700, exist_ok=True)
        configuration = f"""
runtime_dir = {self.runtime}
deadline = 2s
[cache]
ttl = 300s
negative_ttl = 60s
listing_ttl = 60s
[health]
{health}
[acl:/]
read = anonymous
list = anonymous
{endpoints}
"""
        super().__init__(place, configuration, name="ugr-workers", workers=workers)

    @property
    def workers(self) -> list[int]:
        """The process ids of the workers."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(child) for child in children.split()]

    @property
    def slate(self) -> Slate:
        """The verdicts as they are in the runtime directory now."""
        return Slate.open(self.runtime)

    @property
    def leader(self) -> int:
        """The process id of the worker that probes."""
        return self.slate.leader

    def generations(self) -> Generations:
        """What one more worker of this service would have."""
        generations = Generations()
        generations.open(self.runtime)
        return generations

    def endpoint(self, name: str = "site") -> dict[str, object]:
        """Return an endpoint's state as the worker that happens to answer sees it."""
        reply = self.ask("/-/endpoints", headers={"Accept": "application/json"})
        return next(row for row in json.loads(reply.body)["endpoints"] if row["name"] == name)

    def states(self, name: str = "site", times: int = 40) -> set[str]:
        """Return the states that the workers tell of an endpoint, asking often enough to hear all of them."""
        return {str(self.endpoint(name)["state"]) for _ in range(times)}

    def signal(self, pid: int, number: signal.Signals) -> None:
        """Send a signal to one worker."""
        assert pid in self.workers
        os.kill(pid, number)

    def said(self, words: str) -> int:
        """Count the lines of the log with these words."""
        return sum(words in line for line in self.log.read_text(errors="replace").splitlines()[self.lines :])

    def await_ready(self) -> Service:
        """Wait until it answers and all its workers are there: gunicorn starts one after the other."""
        super().await_ready()
        assert wait_for(lambda: len(self.workers) == self.count, limit=10.0)
        return self

    lines = 0

    def launch(self) -> Service:
        """Start; what the log held before is another service's."""
        if self.log.exists():
            self.lines = len(self.log.read_text(errors="replace").splitlines())
        return super().launch()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """One web server."""
    site = Site(tmp_path / "site")
    with site.nginx:
        yield site


def endpoint(site: Site) -> str:
    """Return the section of a site."""
    return f"[endpoint:site]\ntype = example\nurl = {site.url}\ntimeout = 1s\n"
