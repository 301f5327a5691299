# SPDX-License-Identifier: Apache-2.0
"""Every client with every storage: what can be listed is listed, and what can be read comes as it was put."""

from __future__ import annotations

import re

import pytest

from tests.clients.matrix import COMPARE, LIST, TASKS, Job, Task, names
from tests.clients.stores import NAME, STORES, body_of


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.title)
def test_a_client_and_a_storage(task, store, stores, run, found, tmp_path):
    job = Job(run, stores, store, NAME, body_of(store), tmp_path)
    if task.refusal is None:
        works(task, job)
    else:
        fails(task, job)
    found.tell(task, store)


def works(task: Task, job: Job) -> None:
    ran = task.run(job)
    if task.does == LIST:
        assert names(task, ran) == [job.name]
    elif task.does == COMPARE:
        assert "1 matching files" in ran.error
    else:
        assert job.target.read_bytes() == job.body


def fails(task: Task, job: Job) -> None:
    ran = task.run(job)
    assert re.search(task.refusal.words, ran.out + ran.error)
    assert not job.target.exists() or job.target.read_bytes() == b""
