# SPDX-License-Identifier: Apache-2.0
"""gfal2: the grid's data management commands."""

import zlib
from urllib.parse import unquote

import pytest

from tests.clients.conftest import FILES, NAMES

PACKAGE = "gfal2-util-scripts"
PYTHON = {"GFAL_PYTHONBIN": "/usr/bin/python3"}


@pytest.mark.parametrize("scheme", ["http", "dav"])
def test_gfal_ls_lists_the_merged_directory(federation, run, scheme):
    names = run("gfal-ls", federation.url("data/", scheme), package=PACKAGE, **PYTHON).out.splitlines()
    assert sorted(map(unquote, names)) == NAMES  # davix shows names as they stand in the href


def test_gfal_ls_long_tells_sizes(federation, run):
    lines = run("gfal-ls", "-l", federation.url("data/", "dav"), package=PACKAGE, **PYTHON).out.splitlines()
    line = next(line for line in lines if line.strip().endswith("plain.root"))
    assert line.startswith("-")
    assert str(len(FILES["data/plain.root"])) in line.split()


@pytest.mark.parametrize("scheme", ["http", "dav"])
def test_gfal_stat_tells_size_and_kind(federation, run, scheme):
    said = run("gfal-stat", federation.url("data/plain.root", scheme), package=PACKAGE, **PYTHON).out
    assert f"Size: {len(FILES['data/plain.root'])}" in said
    assert "regular file" in said
    said = run("gfal-stat", federation.url("data", scheme), package=PACKAGE, **PYTHON).out
    assert "directory" in said


@pytest.mark.parametrize("name", FILES)
def test_gfal_copy_downloads_the_bytes(federation, run, tmp_path, name):
    target = tmp_path / "got"
    run("gfal-copy", federation.url(name), f"file://{target}", package=PACKAGE, **PYTHON)
    assert target.read_bytes() == FILES[name]
    assert zlib.adler32(target.read_bytes()) == zlib.adler32(FILES[name])


def test_gfal_stat_of_a_missing_file_is_enoent(federation, run):
    ran = run("gfal-stat", federation.url("data/none", "dav"), package=PACKAGE, check=False, **PYTHON)
    assert ran.status == 2
