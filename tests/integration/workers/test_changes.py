# SPDX-License-Identifier: Apache-2.0
"""What one worker changes, all others know at once."""

from __future__ import annotations

import pytest

from tests.integration.workers.conftest import WORKERS, Service, endpoint
from tests.servers.process import wait_for

TIMES = 40


@pytest.fixture
def service(tmp_path, site):
    with Service(tmp_path, endpoint(site), "interval = 60s") as service:
        assert wait_for(lambda: service.states() == {"up"}, limit=10.0)
        yield service


def statuses(service, path):
    return {service.ask(path).status for _ in range(TIMES)}


def remembered_by_all(service, site, path):
    """Ask until every worker has asked the endpoint, so that each remembers."""
    return wait_for(lambda: bool(service.ask(f"/fed{path}")) and site.asked(path) == WORKERS, limit=20.0, interval=0.0)


def test_deleted_file_is_gone_for_every_worker_after_one_said_so(service, site):
    file = site.put("d/f")
    site.put("d/g")
    assert remembered_by_all(service, site, "/d/f")
    assert remembered_by_all(service, site, "/d/g")
    file.unlink()
    assert statuses(service, "/fed/d/f") == {302}, "nobody has said so yet"
    service.generations().bump("/d/f")
    assert statuses(service, "/fed/d/f") == {404}
    assert statuses(service, "/fed/d/g") == {302}
    assert site.asked("/d/g") == WORKERS, "another name of that directory was asked for again"


def test_new_file_is_seen_by_every_worker_after_one_said_so(service, site):
    site.put("d/f")
    assert remembered_by_all(service, site, "/d/new")
    site.put("d/new")
    assert statuses(service, "/fed/d/new") == {404}
    service.generations().bump("/d/new")
    assert statuses(service, "/fed/d/new") == {302}


def test_listing_is_read_again_by_every_worker_after_one_changed_it(service, site):
    def listings():
        bodies = [service.ask("/fed/d/", headers={"Accept": "application/json"}).body for _ in range(TIMES)]
        return {body.count(b'"name"') for body in bodies}

    site.put("d/f")
    assert listings() == {1}
    site.put("d/g")
    assert listings() == {1}
    service.generations().bump("/d/g")
    assert listings() == {2}
