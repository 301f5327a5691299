# SPDX-License-Identifier: Apache-2.0
"""davix: what gfal2, FTS and ROOT are built on."""

from urllib.parse import unquote

import pytest

from tests.clients.conftest import FILES, NAMES

PACKAGE = "davix"


def test_davix_ls_lists_the_merged_directory(federation, run):
    names = run("davix-ls", federation.url("data/"), package=PACKAGE).out.splitlines()
    assert sorted(map(unquote, names)) == NAMES  # davix shows names as they stand in the href


def test_davix_ls_long_tells_sizes_and_kinds(federation, run):
    lines = run("davix-ls", "-l", federation.url("data/"), package=PACKAGE).out.splitlines()
    kinds = {line.split()[-1]: line for line in lines}
    assert kinds["deep"].startswith("d")
    assert str(len(FILES["data/plain.root"])) in kinds["plain.root"]


@pytest.mark.parametrize("name", FILES)
def test_davix_get_fetches_the_bytes(federation, run, tmp_path, name):
    run("davix-get", federation.url(name), tmp_path / "got", package=PACKAGE)
    assert (tmp_path / "got").read_bytes() == FILES[name]


def test_davix_get_of_a_missing_file_says_not_found(federation, run, tmp_path):
    ran = run("davix-get", federation.url("data/none"), tmp_path / "got", package=PACKAGE, check=False)
    assert ran.status != 0
    assert "404" in ran.out + ran.error or "not found" in (ran.out + ran.error).lower()
