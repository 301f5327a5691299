# SPDX-License-Identifier: Apache-2.0
"""Distributions that are installed for one test."""

import importlib
import sys
import textwrap

import pytest


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a distribution of one module: what pip leaves behind, in a folder of its own."""
    modules = []

    def install(distribution, code, version="1.0", **groups):
        folder = tmp_path / f"{distribution}-{version}"
        info = folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        module = f"module_of_{distribution.replace('-', '_')}"
        entries = "".join(
            f"[ugr.{group}]\n" + "".join(f"{word} = {module}\n" for word in words) for group, words in groups.items()
        )
        (info / "entry_points.txt").write_text(entries)
        (folder / f"{module}.py").write_text(textwrap.dedent(code))
        modules.append(module)
        monkeypatch.syspath_prepend(folder)
        importlib.invalidate_caches()
        return module

    yield install
    for module in modules:
        sys.modules.pop(module, None)
