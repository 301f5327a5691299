# SPDX-License-Identifier: Apache-2.0
"""What has to work with the plugin of somebody else, whichever it is.

Knows: a distribution with a plugin for web servers that list in JSON, its wheel, a clean
environment. Refuses to know: where the distribution comes from.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.installed import TESTS, Environment, wheel
from tests.servers.nginx import Nginx
from tests.servers.process import HOST, free_port
from tests.servers.ugr import Ugr, ask


@dataclass(frozen=True)
class ThirdParty:
    """An environment with ugr and the plugin, from wheels; ``tests`` are the plugin's own, without its code."""

    word: str
    environment: Environment
    tests: Path

    @classmethod
    def install(cls, word: str, source: Path, ugr_wheel: Path, place: Path) -> ThirdParty:
        """Build the wheel of the plugin for a type, and install it with ugr's; move its tests away from its code."""
        environment = Environment(place)
        environment.install(ugr_wheel, wheel(source, place / "wheels"), *TESTS)
        tests = place / "tests"
        shutil.move(source / "tests", tests)
        shutil.rmtree(source)
        return cls(word, environment, tests)

    @property
    def module(self) -> str:
        """The module of the plugin."""
        return f"ugr_{self.word.replace('-', '_')}"

    def comes_from_wheels(self) -> None:
        """Check that nothing of the checkout is used, and nothing is missing."""
        code = f"import ugr, {self.module}; print(ugr.__file__, {self.module}.__file__)"
        places = [Path(place) for place in self.environment.run(self.environment.python, "-c", code).split()]
        assert [place.parents[1].name for place in places] == ["site-packages", "site-packages"]
        assert all(place.is_relative_to(self.environment.place / "venv") for place in places)
        assert "No broken requirements found." in self.environment.pip("check")

    def is_listed(self) -> None:
        """Check that ugr finds the plugin, and says who brought it."""
        listed = self.environment.ugr("plugins")
        line = rf"(?m)^endpoint +{self.word} +ugr-{self.word} +[\d.]+ +ready$"
        assert re.search(line, listed), listed

    def keeps_the_contract(self) -> None:
        """Run the plugin's tests."""
        words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", self.tests, self.tests)
        said = self.environment.run(self.environment.python, *words)
        passed = re.search(r"(\d+) passed", said)
        assert passed is not None, said
        assert int(passed[1]) > 100
        assert "failed" not in said

    def serves_a_redirect(self, place: Path) -> None:
        """Check that clients of a service with the plugin get the bytes, and lists, of a real nginx."""
        port = free_port()
        url = f"http://{HOST}:{port}"
        (place / "root" / "dir").mkdir(parents=True)
        (place / "root" / "dir" / "two words").write_bytes(b"the bytes")
        server = f"server {{ listen {HOST}:{port}; root {place}/root; autoindex on; autoindex_format json; }}"
        configuration = (
            "[acl:/]\nread = anonymous\nlist = anonymous\n"
            f"[endpoint:web]\ntype = {self.word}\nurl = {url}\nmount = /mirror\n"
        )
        service = Ugr(place, configuration, name=f"ugr-{self.word}")
        service.argv[0] = str(self.environment.python)
        service.cwd = place
        with Nginx(place, server, port=port, name=f"nginx-{self.word}"), service:
            answer = service.ask("/fed/mirror/dir/two%20words")
            assert (answer.status, answer.location) == (302, f"{url}/dir/two%20words")
            assert ask(answer.location).body == b"the bytes"
            assert service.ask("/fed/mirror/dir/nothing").status == 404
            listed = self.environment.ugr("ls", "-c", service.file, "/mirror/dir")
            assert listed.splitlines() == ["two words"]
