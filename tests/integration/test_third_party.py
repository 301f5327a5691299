# SPDX-License-Identifier: Apache-2.0
"""A plugin of somebody else: wheels of ugr and of the example, a clean environment, nothing of this checkout.

The environment is a virtual one without the system's packages; what it needs is installed by pip,
from the registry that pip is configured for. Only the servers that tests start are borrowed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.nginx import Nginx
from tests.servers.process import HOST, ROOT, free_port
from tests.servers.ugr import Ugr, ask

INSTALL_LIMIT = 420
SOURCES = ("ugr", "setup.cfg", "pyproject.toml", "README.rst", "LICENSE")

pytestmark = pytest.mark.timeout(INSTALL_LIMIT + 120)


class Site:
    """A virtual environment, and commands in it that see nothing of this checkout."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.python = place / "venv" / "bin" / "python"

    def run(self, *words: str | Path, limit: float = 120) -> str:
        """Run a command in ``place``; return what it printed, fail with it when it fails."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
        done = subprocess.run(
            [str(word) for word in words],
            cwd=self.place,
            env=kept,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=limit,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(map(str, words))} ended with {done.returncode}:\n{done.stdout}"
        return done.stdout


def copied(source: Path, target: Path) -> Path:
    """Copy a file or folder without what Python and setuptools left in it."""
    if source.is_dir():
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
        return Path(shutil.copytree(source, target, ignore=ignored))
    return Path(shutil.copy2(source, target))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Build the two wheels and install them, with their dependencies and pytest."""
    place = tmp_path_factory.mktemp("third-party")
    core = place / "source"
    core.mkdir()
    for name in SOURCES:
        copied(ROOT / name, core / name)
    example = copied(ROOT / "plugins" / "example", place / "example")
    copied(ROOT / "tests" / "servers", place / "tests" / "servers")
    site = Site(place)
    site.run(sys.executable, "-m", "venv", place / "venv")
    pip = (site.python, "-m", "pip", "--quiet", "--disable-pip-version-check")
    site.run(*pip, "wheel", "--no-deps", "--wheel-dir", place / "wheels", core, example, limit=INSTALL_LIMIT)
    shutil.rmtree(core)
    shutil.rmtree(example / "ugr_example")
    wheels = sorted((place / "wheels").glob("*.whl"))
    site.run(*pip, "install", *wheels, "pytest", "pytest-timeout", limit=INSTALL_LIMIT)
    return site


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the URL of a web server that lists one directory with one file."""
    place, port = tmp_path_factory.mktemp("web"), free_port()
    (place / "root" / "dir").mkdir(parents=True)
    (place / "root" / "dir" / "two words").write_bytes(b"the bytes")
    server = f"server {{ listen {HOST}:{port}; root {place}/root; autoindex on; autoindex_format json; }}"
    with Nginx(place, server, port=port, name="nginx-third-party"):
        yield f"http://{HOST}:{port}"


def test_the_wheels_bring_all_that_is_needed(site: Site) -> None:
    found = site.run(site.python, "-c", "import ugr, ugr_example; print(ugr.__file__); print(ugr_example.__file__)")
    assert [Path(line).parents[1].name for line in found.split()] == ["site-packages", "site-packages"]
    assert all(line.startswith(str(site.place / "venv")) for line in found.split())
    assert site.run(site.python, "-m", "pip", "check") == "No broken requirements found.\n"


def test_the_plugin_is_found_with_its_distribution(site: Site) -> None:
    listed = site.run(site.place / "venv" / "bin" / "ugr", "plugins")
    assert re.search(r"(?m)^.*\bexample\b.*\bugr-example\b", listed), listed


def test_the_plugin_keeps_the_contract(site: Site) -> None:
    options = ["-q", "-p", "no:cacheprovider", "--import-mode=importlib", "-o", "pythonpath=."]
    said = site.run(site.python, "-m", "pytest", *options, "--rootdir", site.place, "example/tests")
    passed = re.search(r"(\d+) passed", said)
    assert passed is not None, said
    assert int(passed[1]) > 100
    assert "failed" not in said


def test_the_plugin_serves_a_redirect_that_leads_to_the_bytes(site: Site, web: str, tmp_path: Path) -> None:
    configuration = f"""
[acl:/]
read = anonymous
list = anonymous

[endpoint:web]
type = example
url = {web}
mount = /mirror
"""
    service = Ugr(tmp_path, configuration, name="ugr-third-party")
    service.argv[0] = str(site.python)
    service.cwd = tmp_path
    with service:
        answer = service.ask("/fed/mirror/dir/two%20words")
        assert (answer.status, answer.location) == (302, f"{web}/dir/two%20words")
        assert ask(answer.location).body == b"the bytes"
        assert service.ask("/fed/mirror/dir/nothing").status == 404
