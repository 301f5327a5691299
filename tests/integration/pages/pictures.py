# SPDX-License-Identifier: Apache-2.0
"""Make the pictures of the documentation: ``python -m tests.integration.pages.pictures docs/images``.

Knows: what is worth showing. Refuses to know: how pages look. The federation is that of ``ugr demo``, with
one of its endpoints away.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from tests.integration.pages.chromium import browser
from tests.servers.process import wait_for
from tests.servers.ugr import serving
from ugr.cli import sample

PICTURES = {
    "listing": ("/fed/atlas/raw/", 900, 400, False),
    "endpoints": ("/-/endpoints", 900, 330, True),
    "locate": ("/-/locate?path=/atlas/raw/run-0002.dat&from=127.0.2.1", 900, 850, False),
}
"""Name -> what is shown, width and height of the window, whether it is dark."""


def main(target: Path) -> None:
    """Write the pictures into a directory."""
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        text = sample.make(directory, "127.0.0.1", 1).read_text(encoding="utf-8")
        (directory / "victoria").rename(directory / "away")
        rest = re.sub(r"(?s)^.*?(?=\n# Quick)", "", text)
        with serving(directory, rest, name="pictures", options="access_log = off") as ugr:
            down = {"Accept": "application/json"}
            wait_for(lambda: b'"down"' in ugr.ask("/-/endpoints", headers=down).body, limit=20.0)
            with browser(directory / "profile") as running:
                for picture, (path, width, height, dark) in PICTURES.items():
                    page = running.open(ugr.url + path, width=width, height=height, dark=dark)
                    page.picture(target / f"{picture}.png")
                    page.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
