# SPDX-License-Identifier: Apache-2.0
"""Generated bad requests and bad answers of endpoints: no crash, no 500 of ours, no wrong "not found".

``UGR_FUZZ`` says how many of each (``make fuzz``: 100,000 in all); ``UGR_FUZZ_SEED`` repeats a run.
"""

from __future__ import annotations

import asyncio
import os
import random
import time

import pytest

from tests.integration.hostile.babbler import Babbler
from tests.integration.hostile.requests import bad
from ugr.app import Runtime, Service
from ugr.call import Call
from ugr.errors import NotFound, UgrError

COUNT = int(os.environ.get("UGR_FUZZ", "6000"))
SEED = int(os.environ.get("UGR_FUZZ_SEED", "0")) or int(time.time())

GOOD = ("/d/f", "/d/only", "/d/caf\u00e9", "/d/a b", "/d")
ALLOWED = {
    *(200, 204, 206, 207, 301, 302, 304, 400, 403, 404, 405, 408, 409, 411, 412, 413, 414, 415, 416, 417, 421, 431),
    *(501, 505, 508),
}


@pytest.fixture
def runtime(tmp_path):
    """A federation of two directories that answer rightly, and their runtime, started."""
    for name in ("a", "b"):
        (tmp_path / name / "d").mkdir(parents=True)
        for path in GOOD[:-1]:
            (tmp_path / name / path[1:]).write_bytes(b"bytes")
    text = f"""
[ugr]
access_log = off
[health]
enabled = no
[acl:/]
read = anonymous
list = anonymous
[endpoint:a]
type = file
path = {tmp_path}/a
[endpoint:b]
type = file
path = {tmp_path}/b
"""
    (tmp_path / "ugr.conf").write_text(text)
    runtime = Runtime.load(tmp_path / "ugr.conf")
    runtime.start(watch=False)
    yield runtime
    runtime.stop()


def call(application, environ):
    """Run one request to its end; return status and headers."""
    told = []
    body = application(environ, lambda status, headers, error=None: told.append((status, headers)))
    try:
        for _ in body:
            pass
    finally:
        closing = getattr(body, "close", None)
        if closing is not None:
            closing()
    return told[-1]


@pytest.mark.timeout(900)
def test_bad_requests_get_a_clear_refusal_and_good_ones_among_them_their_file(runtime, tmp_path):
    application = Service(tmp_path / "ugr.conf", runtime).front_end().wsgi_app
    dice = random.Random(SEED)
    met: dict[int, int] = {}
    for number in range(COUNT):
        request = bad(dice, GOOD)
        status, headers = call(application, request.environ)
        code = int(status[:3])
        met[code] = met.get(code, 0) + 1
        where = f"seed {SEED}, request {number}: {request.words}"
        assert code in ALLOWED, f"{status} for {where}"
        for name, value in headers:
            assert not set("\r\n\0") & set(name + value), f"header {name} for {where}"
            value.encode("latin-1")
    assert met.get(302, 0) > COUNT // 100, met
    assert met.get(400, 0) > COUNT // 20, met


@pytest.mark.timeout(900)
def test_babbling_endpoints_never_make_a_file_absent_and_never_break_anything(tmp_path):
    (tmp_path / "true" / "d").mkdir(parents=True)
    (tmp_path / "true" / "d" / "known").write_bytes(b"bytes")
    (tmp_path / "secret").write_text("x" * 40)
    with Babbler(SEED) as babbler:
        text = f"""
[ugr]
deadline = 20s
access_log = off
[cache]
ttl = 2ms
max_ttl = 2ms
negative_ttl = 1ms
partial_ttl = 1ms
listing_ttl = 1ms
[health]
enabled = no
[acl:/]
read = anonymous
list = anonymous
[endpoint:*]
timeout = 500ms
[endpoint:true]
type = file
path = {tmp_path}/true
timeout = 20s
[endpoint:s3]
type = s3
url = {babbler.url}
bucket = babble
addressing = path
access_key = A
secret_key_file = {tmp_path}/secret
[endpoint:dav]
type = dav
url = {babbler.url}
[endpoint:http]
type = http
url = {babbler.url}
"""
        (tmp_path / "ugr.conf").write_text(text)
        runtime = Runtime.load(tmp_path / "ugr.conf")
        runtime.start(watch=False)
        try:
            wrong = runtime.loop.run(_babble(runtime.namespace, max(50, COUNT // 10)), 800)
        finally:
            runtime.stop()
        assert wrong == [], f"seed {SEED}"
        assert babbler.answered > COUNT // 10


async def _babble(namespace, count: int) -> list[str]:
    """Ask for known and unknown names, and for listings, many at a time; return what was wrong."""
    wrong: list[str] = []
    numbers = iter(range(count))

    async def client() -> None:
        for number in numbers:
            try:
                # stat hears everybody out; a babbled size may outvote the true copy, but not make it absent
                await namespace.stat("/d/known", Call.until(20.0))
            except NotFound as error:
                wrong.append(f"{number}: the known file: {error}")
            except UgrError:
                pass
            try:
                await namespace.stat(f"/d/unknown-{number}", Call.until(20.0))
            except NotFound as error:
                wrong.append(f"{number}: absence that nobody but the directory spoke of: {error}")
            except UgrError:
                pass
            try:
                listing = await namespace.list("/d", Call.until(20.0))
                names = [info.name async for batch in listing.batches() for info in batch]
                if "known" not in names:
                    wrong.append(f"{number}: the known file is not listed: {names}")
            except UgrError as error:
                wrong.append(f"{number}: the listing: {error}")

    await asyncio.gather(*(client() for _ in range(16)))
    return wrong
