# SPDX-License-Identifier: Apache-2.0
"""One worker probes for the host, whoever it is, and all workers agree."""

from __future__ import annotations

import signal
import time

from tests.integration.workers.conftest import WORKERS, Service, endpoint
from tests.servers.process import wait_for


def test_one_worker_probes_for_all(tmp_path, site):
    with Service(tmp_path, endpoint(site), "interval = 200ms\nretry_interval = 200ms") as service:
        assert wait_for(lambda: len(service.workers) == WORKERS and site.probes > 0, limit=10.0)
        assert wait_for(lambda: service.states() == {"up"}, limit=5.0)
        before, started = site.probes, time.monotonic()
        time.sleep(2.0)
        probes, seconds = site.probes - before, time.monotonic() - started
        assert 0.6 * seconds / 0.2 <= probes <= 1.3 * seconds / 0.18, "three pollers would be three times as many"
        assert service.leader in service.workers
        assert service.said("this worker probes the endpoints for all workers") == 1
        assert service.said("endpoint site is up") == 1


def test_killed_leader_is_followed_within_half_a_second_and_verdicts_survive(tmp_path, site):
    with Service(tmp_path, endpoint(site), "interval = 500ms\nretry_interval = 200ms\nfailures = 2") as service:
        assert wait_for(lambda: service.states() == {"up"}, limit=10.0)
        site.nginx.kill()
        assert wait_for(lambda: service.states() == {"down"}, limit=10.0)
        since = service.endpoint()["since"]
        taken = []
        for _ in range(3):
            slate = service.slate
            leader, term = slate.leader, slate.term
            service.signal(leader, signal.SIGKILL)
            killed = time.monotonic()
            assert wait_for(lambda term=term, slate=slate: slate.term != term, limit=5.0, interval=0.002)
            taken.append(time.monotonic() - killed)
            assert slate.leader != leader
            told = [service.endpoint() for _ in range(20)]
            assert {row["state"] for row in told} == {"down"}
            assert {row["since"] for row in told} == {since}
            assert wait_for(lambda: len(service.workers) == WORKERS, limit=10.0)
        print(f"taken over after {', '.join(f'{seconds * 1000:.0f} ms' for seconds in taken)}")
        assert max(taken) < 0.5
        site.nginx.start()
        assert wait_for(lambda: service.states() == {"up"}, limit=10.0)
        assert service.said("nobody probes the endpoints") == 0


def test_dead_endpoint_is_down_for_all_workers_once_questions_of_one_failed(tmp_path, site):
    with Service(tmp_path, endpoint(site), "interval = 60s\nretry_interval = 200ms\nfailures = 3") as service:
        assert wait_for(lambda: service.states() == {"up"}, limit=10.0)
        site.nginx.kill()
        stopped = time.monotonic()
        for number in range(3 * WORKERS):
            service.ask(f"/fed/nowhere-{number}")
        assert wait_for(lambda: service.states() == {"down"}, limit=10.0)
        assert time.monotonic() - stopped < 5.0, "the next probe was a minute away"


def test_worker_shuns_what_fails_its_questions_and_only_the_leaders_probes_bring_it_back(tmp_path, site):
    with Service(tmp_path, endpoint(site), "interval = 60s\nretry_interval = 1s\nfailures = 3", workers=1) as service:
        assert wait_for(lambda: service.states(times=1) == {"up"}, limit=10.0)
        assert site.probes == 1
        for number in range(3):
            assert service.ask(f"/fed/torn/{number}").status == 503
        assert service.endpoint()["state"] == "down"
        assert service.ask("/fed/torn/again").headers["ugr-unasked"] == "site"
        assert wait_for(lambda: site.probes >= 2, limit=0.9), "the leader was not told"
        assert service.endpoint()["state"] == "down"
        assert wait_for(lambda: service.endpoint()["state"] == "up", limit=5.0)
        assert site.probes >= 3


def test_breaker_of_one_worker_is_its_own_while_probes_succeed(tmp_path, site):
    with Service(tmp_path, endpoint(site), "interval = 60s\nretry_interval = 1s\nfailures = 1") as service:
        assert wait_for(lambda: service.states() == {"up"}, limit=10.0)
        probes = site.probes
        assert service.ask("/fed/torn/0").status == 503
        assert wait_for(lambda: site.probes > probes, limit=0.9, interval=0.01)
        assert service.states() == {"up", "down"}, "one worker suffers, the others do not"
        assert wait_for(lambda: service.states() == {"up"}, limit=5.0)


def test_workers_of_a_stuck_leader_say_so_and_probe_for_themselves(tmp_path, site):
    with Service(tmp_path, endpoint(site), "interval = 500ms\nretry_interval = 200ms\nfailures = 2") as service:
        assert wait_for(lambda: service.states() == {"up"}, limit=10.0)
        leader = service.leader
        service.signal(leader, signal.SIGSTOP)
        try:
            words = "nobody probes the endpoints for all workers; this worker probes for itself"
            assert wait_for(lambda: service.said(words) == WORKERS - 1, limit=10.0, interval=0.1)
            before = site.probes
            assert wait_for(lambda: site.probes >= before + 2 * (WORKERS - 1), limit=5.0, interval=0.1)
            assert service.leader == leader
        finally:
            service.signal(leader, signal.SIGCONT)
        words = "endpoints are probed for all workers again"
        assert wait_for(lambda: service.said(words) == WORKERS - 1, limit=5.0, interval=0.1)
        assert wait_for(lambda: service.states() == {"up"}, limit=5.0)
