# SPDX-License-Identifier: Apache-2.0
"""What the README shows of the demonstration, typed at one that runs."""

import sys
from pathlib import Path

from tests.docs.blocks import ROOT
from tests.docs.shell import Shell, follow
from tests.servers.process import Daemon, free_port, listening

PAGE = ROOT / "README.rst"


def test_the_demonstration_answers_as_the_readme_shows(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "ugr", "demo", "--port", str(port), "--directory", tmp_path / "demo"]
    with Daemon("ugr-readme", command, ready=lambda: listening(port), stop_limit=10.0):
        assert follow(PAGE, Shell(tmp_path, {":8080": f":{port}"}), {}, elsewhere=("make ",)) == 2
