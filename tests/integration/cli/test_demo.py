# SPDX-License-Identifier: Apache-2.0
"""``ugr demo`` as somebody meets it who follows what it prints."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.process import Daemon, environment, free_port, listening, wait_for
from tests.servers.ugr import Reply, ask
from ugr.cli.exits import Exit

UGR = (sys.executable, "-m", "ugr")
CLIENTS = {"Geneva": "127.0.1.1", "Vancouver": "127.0.2.1", "Victoria": "127.0.3.1"}


class Demo(Daemon):
    """The demonstration in a directory that a test may damage."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.directory = directory
        super().__init__(
            "demo",
            [*UGR, "demo", "--port", str(self.port), "--directory", directory],
            ready=lambda: listening(self.port) and self.ask("/-/health/live").status == 200,
            stop_signal=signal.SIGINT,
            stop_limit=10.0,
        )

    def ask(self, target: str, source: str = "127.0.0.1") -> Reply:
        return ask(f"http://127.0.0.1:{self.port}{target}", source=source)

    def copy_for(self, client: str) -> str:
        """Follow the redirect of one client to the file whose copies say where they are."""
        return ask(self.ask("/fed/which-copy.txt", client).location, source=client).body.decode().rstrip(" \n")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with Demo(tmp_path_factory.mktemp("demo") / "federation") as running:
        yield running


def command(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*UGR, *map(str, words)], env=environment(), capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize("place", CLIENTS)
def test_each_client_gets_the_copy_close_to_it(demo: Demo, place: str) -> None:
    assert demo.copy_for(CLIENTS[place]) == f"You were sent to {place}."


def test_a_file_that_one_endpoint_has_comes_from_there_for_everybody(demo: Demo) -> None:
    for client in CLIENTS.values():
        location = demo.ask("/fed/atlas/raw/run-0003.dat", client).location
        assert "/-/data/victoria/atlas/raw/run-0003.dat?" in location
        assert len(ask(location, source=client).body) == 64 << 10


def test_names_with_spaces_and_accents_arrive(demo: Demo) -> None:
    location = demo.ask("/fed/belle2/premi%C3%A8re%20mesure.dat", CLIENTS["Vancouver"]).location
    assert ask(location).status == 200


def test_an_endpoint_that_is_taken_away_is_replaced_and_comes_back(demo: Demo) -> None:
    here, gone = demo.directory / "vancouver", demo.directory / "gone"
    here.rename(gone)
    try:
        assert wait_for(lambda: demo.copy_for(CLIENTS["Vancouver"]) == "You were sent to Victoria.", limit=10.0)
        probed = command("endpoints", "-c", demo.directory / "ugr.conf", "--json")
        assert probed.returncode == Exit.UNAVAILABLE
        assert {item["name"]: item["state"] for item in json.loads(probed.stdout)} == {
            "geneva": "up",
            "vancouver": "down",
            "victoria": "up",
        }
    finally:
        gone.rename(here)
    assert wait_for(lambda: demo.copy_for(CLIENTS["Vancouver"]) == "You were sent to Vancouver.", limit=10.0)


def test_a_port_that_is_taken_is_told_with_another_to_try(demo: Demo, tmp_path: Path) -> None:
    refused = command("demo", "--port", str(demo.port), "--directory", tmp_path / "second")
    assert refused.returncode == Exit.CONFIGURATION
    assert refused.stderr == (
        f"ugr: port {demo.port} of 127.0.0.1 cannot be used: address already in use; "
        f"choose another one: ugr demo --port {demo.port + 1}\n"
    )
    assert not (tmp_path / "second").exists()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_when_asked_and_leaves_nothing(how: signal.Signals) -> None:
    port = free_port()
    with subprocess.Popen(
        [*UGR, "demo", "--port", str(port), "--json"], env=environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        facts = json.loads("".join(iter(process.stdout.readline, "}\n")) + "}")
        try:
            assert facts["url"] == f"http://127.0.0.1:{port}/fed/"
            assert wait_for(lambda: listening(port), limit=20.0)
            assert Path(facts["directory"], "ugr.conf") == Path(facts["config"])
            # New workers take over; the one that ends must not take the directory with it.
            process.send_signal(signal.SIGHUP)
            assert wait_for(lambda: ask(facts["url"]).status == 200, limit=10.0)
            assert Path(facts["config"]).exists()
        finally:
            process.send_signal(how)
            code = process.wait(timeout=20)
    assert code == Exit.OK
    assert not Path(facts["directory"]).exists()
