# SPDX-License-Identifier: Apache-2.0
"""Every client with every storage: what is there is listed, and comes as it was put, from where it is."""

from __future__ import annotations

import pytest

from tests.clients.matrix import COMPARE, LIST, TASKS, Job, Ran, Task, shown, sizes
from tests.clients.stores import NAME, STORES, body_of

pytestmark = pytest.mark.timeout(180)  # the first test of a run waits for seven servers


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.command)
def test_a_client_reads_what_is_on_one_storage_alone(task, store, stores, run, found, tmp_path):
    job = Job(run, stores, store, NAME, body_of(store), tmp_path)
    ran = task.run(job)
    if task.refusal is None:
        assert seen(task, job, ran) == wanted(task, job)
    else:
        assert task.refusal.words.format(target=stores.target(store)) in ran.out + ran.error
        assert not job.target.exists() or job.target.read_bytes() == b""
    found.works.setdefault(task.command, {})[store] = task.refusal is None
    found.calls[task.command] = ran.shown(job.words)


def seen(task: Task, job: Job, ran: Ran) -> object:
    """Return what a client has found out."""
    if task.does == LIST:
        return sizes(task, ran)
    if task.does == COMPARE:
        return [line.partition(": ")[2] for line in ran.error.splitlines() if "matching" in line or "differ" in line]
    return job.target.read_bytes()


def wanted(task: Task, job: Job) -> object:
    """Return what there is to be found out."""
    if task.does == LIST:
        return {shown(task, job.name): len(job.body)}
    if task.does == COMPARE:
        return [f"webdav root '{job.path}': 0 differences found", f"webdav root '{job.path}': 1 matching files"]
    return job.body


def test_who_shows_no_proxy_is_refused_by_the_grid_storage_itself(stores, run):
    url = stores.url(f"only/xrootd/{NAME}")
    ran = run("curl", "-sSL", "--cacert", stores.pki.bundle, "-w", "%{http_code} %{url_effective}", url, package="curl")
    status, last = ran.out.splitlines()[-1].split()
    assert status == "403"
    assert last.startswith(stores.target("xrootd"))
