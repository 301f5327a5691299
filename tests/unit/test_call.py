# SPDX-License-Identifier: Apache-2.0
"""Request ids: short, and never the same twice, whoever asks."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from ugr.call import Call, new_id

FORKED = """
import os
from ugr.call import new_id
print(new_id())
read, write = os.pipe()
if os.fork() == 0:
    os.write(write, new_id().encode())
    os._exit(0)
os.wait()
print(new_id())
print(os.read(read, 99).decode())
"""


def test_id_is_sixteen_hexadecimal_digits() -> None:
    assert all(re.fullmatch("[0-9a-f]{16}", new_id()) for _ in range(300))


def test_no_two_threads_get_the_same_id() -> None:
    with ThreadPoolExecutor(8) as pool:
        found = [id for ids in pool.map(lambda _: [new_id() for _ in range(2000)], range(8)) for id in ids]
    assert len(set(found)) == len(found) == 16000


def test_forked_process_has_ids_of_its_own() -> None:
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=True)
    before, after, child = done.stdout.split()
    assert before[:8] == after[:8] != child[:8]
    assert len({before, after, child}) == 3


def test_call_without_an_id_is_given_one() -> None:
    assert len(Call.until(1.0).id) == 16
    assert Call.until(1.0, id="r1").id == "r1"
