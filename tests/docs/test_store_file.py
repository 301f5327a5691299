# SPDX-License-Identifier: Apache-2.0
"""The page about directories: what it shows of a mounted one and of one that is not."""

from pathlib import Path

from tests.docs.blocks import DOCS
from tests.docs.shell import Howto
from tests.servers.ugr import ask

PAGE = DOCS / "howto/store-file.rst"


class Disk:
    """The page's directory."""

    def __init__(self, place: Path) -> None:
        self.data = place / "data"
        (self.data / "raw").mkdir(parents=True)
        (self.data / "raw" / "run-1.dat").write_bytes(b"x" * 1000)
        self.howto = Howto(PAGE, place, {"/srv/data": str(self.data)})

    def unmount(self) -> None:
        """Leave an empty directory in its place."""
        self.data.rename(self.data.with_name("away"))
        self.data.mkdir()


def test_the_answers_are_those_that_the_page_shows(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    states = {"it is mounted": lambda: None, "it is not mounted": disk.unmount}
    assert disk.howto.follow(states) == 5


def test_clients_get_the_bytes_from_ugr(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    (disk.data / ".ugr-mounted").touch()
    with disk.howto.served() as ugr:
        assert ask(ugr.ask("/fed/atlas/raw/run-1.dat").location).body == b"x" * 1000
