# SPDX-License-Identifier: Apache-2.0
"""Two hosts and two memcached behind the HAProxy of etc/haproxy/haproxy.cfg: whatever dies, clients go on.

Clients ask all the time while something is killed, reloaded or restarted. What is lost must have
been under way with what died.
"""

from __future__ import annotations

import itertools
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.deploy import shipped
from tests.integration.deploy.conftest import CLIENT, JSON, Service, ask
from tests.integration.deploy.fronts import pem
from tests.integration.deploy.load import Load, Question
from tests.integration.deploy.shipped import NAME
from tests.servers.haproxy import Haproxy
from tests.servers.memcached import Memcached
from tests.servers.pki import Holder
from tests.servers.process import HOST, Daemon, free_port, run, wait_for

FILES = 400
DRAIN = 2
"""Seconds; longer than the file's checks take to notice."""


class Cluster:
    """``one`` and ``two`` are the hosts, ``port`` is HAProxy's. They have a directory of files in common."""

    def __init__(self, place: Path, certificate: Holder) -> None:
        self.memcached = [Memcached(f"memcached-deployed-{number}") for number in range(2)]
        (place / "data.key").write_text(secrets.token_hex(32) + "\n", encoding="utf-8")
        self.hosts = [self._host(place, name) for name in ("one", "two")]
        self.one, self.two = self.hosts
        self.port = free_port()
        text = shipped.haproxy(self.port, [host.listen for host in self.hosts], pem(certificate, place))
        self.haproxy = Haproxy(place, text, port=self.port, name="haproxy-hosts")
        for number in range(FILES):
            self.one.add(f"many/{number:03}")
        for name in "abc":
            self.one.add(f"few/{name}")

    def _host(self, place: Path, name: str) -> Service:
        options = (
            f"public_url = https://{NAME}\ntrusted_proxies = {HOST}/32\ndrain = {DRAIN}s\n"
            f"data_key_file = {place}/data.key\n"
            f"[cache]\nttl = 300s\nmemcached = {' '.join(server.address for server in self.memcached)}"
        )
        listen = f"{HOST}:{free_port()}"
        return Service(place / name, listen, options, name=f"ugr-{name}", share=place / "data")

    @property
    def daemons(self) -> list[Daemon]:
        """Everything, in the order in which it is started."""
        return [*self.memcached, *self.hosts, self.haproxy]

    def whole(self) -> bool:
        """Say whether HAProxy sends questions to both hosts."""
        return set(self.haproxy.states.values()) == {"UP"}

    def heal(self) -> None:
        """Start what has died, as systemd would, and wait until all is as it was."""
        for daemon in self.daemons:
            if not daemon.running:
                daemon.kill()
                daemon.start()
        assert wait_for(self.whole, limit=15.0), self.haproxy.states


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, certificate: Holder) -> Iterator[Cluster]:
    """Run everything."""
    cluster = Cluster(tmp_path_factory.mktemp("hosts"), certificate)
    with ExitStack() as stack:
        for host in cluster.hosts:
            stack.callback(host.kill)
            host.launch()
        for daemon in (*cluster.memcached, cluster.haproxy):
            stack.enter_context(daemon)
        for host in cluster.hosts:
            host.await_ready()
        assert wait_for(cluster.whole, limit=10.0), cluster.haproxy.states
        yield cluster


@pytest.fixture(autouse=True)
def as_before(cluster: Cluster) -> Iterator[None]:
    """Leave everything running, whatever the test did."""
    yield None
    cluster.heal()


def questions(number: int) -> Iterable[Question]:
    """Ask for files that are remembered here, there, or nowhere, for what is not there, and for a listing."""
    for count in itertools.count(number * 49):
        yield Question(f"/fed/many/{count % FILES:03}")
        yield Question("/fed/many/000", (200,), "HEAD")
        if count % 5 == 0:
            yield Question(f"/fed/absent/{number}-{count}", (404,))
        if count % 20 == 0:
            yield Question("/fed/few/", (207,), "PROPFIND", (("Depth", "1"),))


def test_both_hosts_are_asked_and_believe_haproxy_about_the_client(cluster: Cluster) -> None:
    told = [
        ask(cluster.port, "/-/locate?path=/few/a", headers={"X-Forwarded-For": "192.0.2.9"} | JSON) for _ in range(4)
    ]

    assert {answer.json["client"]["address"] for answer in told} == {CLIENT}  # type: ignore[index]
    assert min(cluster.haproxy.totals().values()) >= 2


def test_url_that_one_host_signed_is_good_on_the_other(cluster: Cluster) -> None:
    location = ask(cluster.port, "/fed/few/a").headers["location"]
    answers = [ask(cluster.port, location.removeprefix(f"https://{NAME}")) for _ in range(4)]

    assert {(answer.status, answer.body) for answer in answers} == {(200, b"data\n")}


@pytest.mark.parametrize("victim", ["worker", "master", "host", "memcached"])
def test_killed_process_costs_at_most_the_questions_it_had(cluster: Cluster, victim: str) -> None:
    with Load(cluster.port, questions) as load:
        for host in cluster.hosts:
            before, under_way, killed = len(load.failures), len(load.under_way), time.monotonic()
            kill(cluster, host, victim)
            load.more(200)
            cluster.heal()
            lost = load.failures[before:]
            assert all(failure.started <= killed + 0.1 for failure in lost), [str(failure) for failure in lost]
            assert len(lost) <= under_way
        load.more(200)

    print(f"{victim}: {load.answers} answers, the slowest after {load.slowest:.2f} s, lost {len(load.failures)}")


def kill(cluster: Cluster, host: Service, victim: str) -> None:
    """Kill one process of a host, the whole host, or one memcached."""
    if victim == "worker":
        os.kill(host.workers[0], signal.SIGKILL)
    elif victim == "master":
        workers = host.workers
        os.kill(host.pid, signal.SIGKILL)
        assert wait_for(lambda: not any(map(alive, workers)), limit=5.0), "workers outlive their master"
    elif victim == "host":
        host.kill()
    else:
        cluster.memcached[cluster.hosts.index(host)].kill()


def alive(pid: int) -> bool:
    """Say whether there is such a process, and not just what is left of it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_haproxy_that_is_killed_costs_each_connection_once_and_is_back_when_it_is_started(cluster: Cluster) -> None:
    with Load(cluster.port, questions) as load:
        killed = time.monotonic()
        cluster.haproxy.kill()
        time.sleep(0.2)
        cluster.heal()
        back = time.monotonic()
        load.more(200)

    cut = [failure for failure in load.failures if "refused" not in failure.what]
    assert all(failure.connected <= killed for failure in cut), [str(failure) for failure in cut]
    assert len(cut) == len({failure.client for failure in cut})
    assert all(failure.started <= back for failure in load.failures)


def test_reload_of_both_hosts_loses_nothing(cluster: Cluster) -> None:
    with Load(cluster.port, questions) as load:
        for weight in (2, 3):
            for host in cluster.hosts:
                assert host.reload(weight=str(weight)).count(": reloaded") == 2
            load.more(100)

    assert load.failures == []


def test_restart_of_one_host_after_the_other_loses_nothing(cluster: Cluster) -> None:
    with Load(cluster.port, questions) as load:
        for host in cluster.hosts:
            host.terminate()
            host.start()
            assert wait_for(cluster.whole, limit=10.0), cluster.haproxy.states
        load.more(100)

    assert load.failures == []
    print(f"{load.answers} answers, the slowest after {load.slowest:.2f} s")


def test_host_that_is_told_to_stop_is_left_before_it_closes(cluster: Cluster) -> None:
    os.kill(cluster.one.pid, signal.SIGTERM)
    begun = time.monotonic()

    assert wait_for(lambda: "DOWN" in cluster.haproxy.states["one"], limit=DRAIN)
    assert time.monotonic() - begun < DRAIN - 0.3, "drain is hardly longer than it takes to notice"
    assert len(cluster.one.workers) == 2
    assert wait_for(lambda: not cluster.one.running, limit=10.0)


def test_what_is_forgotten_on_one_host_is_asked_anew_on_all_within_a_second(cluster: Cluster) -> None:
    path = cluster.one.share / "few" / "fleeting"
    assert {ask(cluster.port, "/fed/few/fleeting").status for _ in range(12)} == {404}
    path.write_bytes(b"here\n")
    stop, seen = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            started = time.monotonic()
            seen.append((started, ask(cluster.port, "/fed/few/fleeting").status))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        run(sys.executable, "-m", "ugr", "forget", "-c", cluster.one.file, "/few/fleeting")
        told = time.monotonic()
        time.sleep(2.0)
    finally:
        stop.set()
        reader.join(10)

    assert {status for started, status in seen if started > told + 1.0} == {302}
    old = [started - told for started, status in seen if status == 404]
    print(f"the last old answer was asked for {max(old, default=0):.3f} s after")
